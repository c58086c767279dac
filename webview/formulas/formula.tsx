/**
 * A label or number that says on hover, focus or touch how it comes about. One popover for the whole page, drawn at the
 * page's end, so that no pane clips it and no layout moves.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { placeBeside } from '../ui/beside.ts';
import { Store, useStore } from '../ui/store.ts';
import { explainAha } from './aha-explained.tsx';
import styles from './formula.module.css';
import { type Formula, type FormulaName, formulas } from './formulas.ts';

const popoverId = 'formula';
/** As the editor's own hovers. */
const showAfterMs = 300;
/** Time to move the pointer from the label onto the popover. */
const leaveAfterMs = 200;

interface Shown {
  readonly anchor: HTMLElement;
  readonly name: FormulaName;
  readonly worked: string;
}

const shown = new Store<Shown | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

function after(ms: number, act: () => void): void {
  clearTimeout(timer);
  timer = setTimeout(act, ms);
}

function hide(): void {
  clearTimeout(timer);
  shown.set(null);
}

/** The popover gives way to the dialog. */
function explain(): void {
  hide();
  explainAha();
}

/** The pointer went; what the focus opened stays. */
function leave(): void {
  after(leaveAfterMs, () => {
    if (!shown.get()?.anchor.matches(':focus-visible')) hide();
  });
}

interface FormulaLabelProps {
  readonly name: FormulaName;
  /** The formula with the numbers at hand put in; lines. */
  readonly worked?: string;
  /** Takes no focus: inside another control, or beside a label of the same formula that takes it. */
  readonly pointerOnly?: boolean;
  readonly class?: string | undefined;
  readonly children: ComponentChildren;
}

export function FormulaLabel({ name, worked = '', pointerOnly, class: className = '', children }: FormulaLabelProps) {
  const box = useRef<HTMLElement>(null);
  const isShown = useStore(shown, (held) => held !== null && held.anchor === box.current);
  const show = () => {
    clearTimeout(timer);
    if (box.current) shown.set({ anchor: box.current, name, worked });
  };
  useEffect(() => {
    if (shown.get()?.anchor === box.current) show();
  }, [name, worked]);
  useEffect(() => {
    const anchor = box.current;
    return () => {
      if (shown.get()?.anchor === anchor) hide();
    };
  }, []);
  const { more }: Formula = formulas[name];
  const pointer = {
    onPointerEnter: (event: PointerEvent) => {
      if (event.pointerType !== 'touch') after(shown.get() ? 0 : showAfterMs, show);
    },
    onPointerLeave: (event: PointerEvent) => {
      if (event.pointerType !== 'touch') leave();
    },
  };
  if (pointerOnly) {
    return (
      <span ref={box} class={`${styles.label} ${className}`} data-formula={name} {...pointer}>
        {children}
      </span>
    );
  }
  return (
    <button
      ref={box as { current: HTMLButtonElement | null }}
      type="button"
      class={`${styles.label} ${className}`}
      data-formula={name}
      aria-describedby={isShown ? popoverId : undefined}
      {...pointer}
      onFocus={(event) => event.currentTarget.matches(':focus-visible') && show()}
      onBlur={hide}
      onClick={() => (isShown && more ? explain() : show())}
    >
      {children}
    </button>
  );
}

/** Stands once, at the end of the page. */
export function FormulaPopover() {
  const held = useStore(shown, (now) => now);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (held && box.current) placeBeside(box.current, held.anchor.getBoundingClientRect());
  }, [held]);
  useEffect(() => {
    if (!held) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      hide();
    };
    const onPress = (event: Event) => {
      const at = event.target as Node;
      if (!held.anchor.contains(at) && !box.current?.contains(at)) hide();
    };
    const onScroll = (event: Event) => {
      if (event.target instanceof Node && event.target.contains(held.anchor)) hide();
    };
    window.addEventListener('keydown', onKey, true);
    window.addEventListener('pointerdown', onPress, true);
    window.addEventListener('scroll', onScroll, true);
    window.addEventListener('resize', hide);
    return () => {
      window.removeEventListener('keydown', onKey, true);
      window.removeEventListener('pointerdown', onPress, true);
      window.removeEventListener('scroll', onScroll, true);
      window.removeEventListener('resize', hide);
    };
  }, [held]);
  if (!held) return null;
  const { title, formula, over, unit, note, more, source }: Formula = formulas[held.name];
  return (
    <div
      ref={box}
      id={popoverId}
      class={styles.popover}
      role="tooltip"
      onPointerEnter={() => clearTimeout(timer)}
      onPointerLeave={leave}
    >
      <p class="strong">{title}</p>
      <p class={styles.lines}>{formula.join('\n')}</p>
      {held.worked !== '' && <p class={`${styles.lines} ${styles.worked}`}>{held.worked}</p>}
      <dl>
        <dt>over</dt>
        <dd>{over}</dd>
        <dt>unit</dt>
        <dd>{unit}</dd>
        {note && (
          <>
            <dt>note</dt>
            <dd>{note}</dd>
          </>
        )}
        <dt>source</dt>
        <dd>{source}</dd>
      </dl>
      {more && (
        <p class={styles.more}>
          <button type="button" class="link" tabIndex={-1} onClick={explain}>
            All tiers, with examples and how well they are found
          </button>{' '}
          <kbd>Enter</kbd>
        </p>
      )}
    </div>
  );
}
