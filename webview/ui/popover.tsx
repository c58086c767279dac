/**
 * A small window over the page that a tool opens. It takes the focus and its keys and keeps both until it closes, by Escape or a
 * press outside, and then gives the focus back to where it was.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import styles from './popover.module.css';

interface PopoverProps {
  readonly label: string;
  /** It stands where it is written, and covers nothing. */
  readonly isBelow?: boolean;
  readonly onClose: (by: 'escape' | 'press outside') => void;
  readonly children: ComponentChildren;
}

const focusable =
  'button:not([disabled]), input, [tabindex="0"], vscode-checkbox, vscode-text-field, vscode-button:not([disabled])';

export function Popover({ label, isBelow = false, onClose, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  /* What is to be done when the key comes, not when it was first shown. */
  const close = useRef(onClose);
  close.current = onClose;
  const parts = () => [...(box.current?.querySelectorAll<HTMLElement>(focusable) ?? [])];
  useLayoutEffect(() => {
    const before = document.activeElement;
    const { current } = box;
    (parts()[0] ?? current)?.focus();
    return () => {
      const { activeElement } = document;
      const isHere = activeElement === document.body || current?.contains(activeElement);
      if (isHere && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  /* What had the focus may be gone, as a filter that was removed. */
  useLayoutEffect(() => {
    if (document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  });
  useLayoutEffect(() => {
    const onPress = ({ target }: Event) => {
      /* What opens and closes it does so by itself. */
      if (!(target instanceof Element) || target.closest('[aria-expanded=true]')) return;
      if (!box.current?.contains(target)) close.current('press outside');
    };
    /* Wherever the focus has got to. */
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      close.current('escape');
    };
    window.addEventListener('pointerdown', onPress, true);
    window.addEventListener('keydown', onEscape, true);
    return () => {
      window.removeEventListener('pointerdown', onPress, true);
      window.removeEventListener('keydown', onEscape, true);
    };
  }, []);
  return (
    <div
      ref={box}
      class={`${styles.popover} ${isBelow ? styles.below : ''}`}
      role="dialog"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={(event) => {
        /* No key of the page acts while one is in here. */
        event.stopPropagation();
        if (event.defaultPrevented) return;
        const by = { ArrowDown: 1, ArrowUp: -1, Tab: event.shiftKey ? -1 : 1 }[event.key];
        const all = parts();
        if (by === undefined || all.length === 0) return;
        const at = all.indexOf(document.activeElement as HTMLElement);
        const isInside = at + by >= 0 && at + by < all.length;
        /* Past its end Tab goes on at the other. */
        if (event.key === 'Tab' && at >= 0 && isInside) return;
        all[at < 0 && by < 0 ? all.length - 1 : (at + by + all.length) % all.length]?.focus();
        event.preventDefault();
      }}
    >
      {children}
    </div>
  );
}
