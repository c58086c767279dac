/** A small window over the page that a tool opens: it takes the focus and its keys, and gives the focus back when it closes. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import styles from './popover.module.css';

interface PopoverProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

const focusable = 'button:not([disabled]), input, [tabindex="0"], vscode-checkbox, vscode-text-field, vscode-button';

export function Popover({ label, onClose, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const { current } = box;
    current?.querySelector<HTMLElement>(focusable)?.focus();
    return () => {
      const { activeElement } = document;
      const isHere = activeElement === document.body || current?.contains(activeElement);
      if (isHere && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const onPress = ({ target }: Event) => {
      if (target instanceof Node && !box.current?.contains(target)) onClose();
    };
    window.addEventListener('pointerdown', onPress, true);
    return () => window.removeEventListener('pointerdown', onPress, true);
  }, [onClose]);
  return (
    <div
      ref={box}
      class={styles.popover}
      role="dialog"
      aria-label={label}
      onKeyDown={(event) => {
        /* No key of the page acts while one is in here. */
        event.stopPropagation();
        if (event.key === 'Escape') {
          event.preventDefault();
          onClose();
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          const all = [...(box.current?.querySelectorAll<HTMLElement>(focusable) ?? [])];
          const at = all.indexOf(document.activeElement as HTMLElement);
          all[(at + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]?.focus();
          event.preventDefault();
        }
      }}
    >
      {children}
    </div>
  );
}
