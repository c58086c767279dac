/** A button that opens a short list of what can be done. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import styles from './menu.module.css';
import { Tool, type ToolProps } from './tool.tsx';

export interface MenuItem {
  readonly label: string;
  /** The key that does the same. */
  readonly key?: string;
  /** Whether it holds, for what is chosen and not done. */
  readonly checked?: boolean;
  /** What it does, for who points at it. */
  readonly title?: string;
  /** Why it can't be done now. */
  readonly refused?: string | null;
  readonly onPress: () => void;
}

interface MenuProps extends Pick<ToolProps, 'icon' | 'label' | 'text' | 'refused'> {
  readonly items: readonly MenuItem[];
}

/** Of all kinds that an item has. */
const ofItems = '[role=menuitem], [role=menuitemcheckbox]';

export function Menu({ icon, label, text, refused: why = null, items }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const entries = () => [...(box.current?.querySelectorAll<HTMLElement>(ofItems) ?? [])];
  const close = (back: boolean) => {
    setOpen(false);
    if (back) box.current?.querySelector('button')?.focus();
  };
  const list = useRef<HTMLDivElement>(null);
  /* A list that scrolls would cut it off: it stands over the page, below the button or, where there is no room, above it. */
  useLayoutEffect(() => {
    const button = box.current?.getBoundingClientRect();
    const { current: menu } = list;
    if (!open || !button || !menu) return;
    const { width, height } = menu.getBoundingClientRect();
    const fits = button.bottom + height <= window.innerHeight || button.top < height;
    menu.style.top = `${fits ? button.bottom : button.top - height}px`;
    menu.style.left = `${Math.max(0, button.right - width)}px`;
    const onScroll = () => close(false);
    window.addEventListener('scroll', onScroll, true);
    return () => window.removeEventListener('scroll', onScroll, true);
  }, [open]);
  useEffect(() => {
    if (!open) return;
    entries()[0]?.focus({ preventScroll: true });
    const onPress = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) close(false);
    };
    window.addEventListener('pointerdown', onPress, true);
    return () => window.removeEventListener('pointerdown', onPress, true);
  }, [open]);
  const onKey = (event: KeyboardEvent) => {
    if (!open) return;
    event.stopPropagation();
    if (event.key === 'Tab') close(false);
    if (event.key === 'Escape') close(true);
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it takes the keys of its parts
    <span ref={box} class={styles.box} onKeyDown={onKey}>
      <Tool {...(icon && { icon })} {...{ label, text }} refused={why} expanded={open} onPress={() => setOpen(!open)} />
      {open && (
        <div ref={list} class={styles.menu} role="menu" aria-label={label}>
          {items.map(({ label: name, key, checked, title, refused, onPress }) => (
            <button
              key={name}
              type="button"
              {...(checked === undefined
                ? { role: 'menuitem' }
                : { role: 'menuitemcheckbox', 'aria-checked': checked })}
              tabIndex={-1}
              aria-disabled={refused ? 'true' : undefined}
              title={refused ?? title}
              onClick={() => {
                if (refused) return;
                close(true);
                onPress();
              }}
            >
              {checked !== undefined && <span class={styles.check}>{checked && <Icon name="check" />}</span>}
              <span class="grow">{name}</span>
              {key && <kbd>{key}</kbd>}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
