/** The border between two panes, which can be moved: drag it, or move it with the arrow keys; a double click resets it. */
import { useRef } from 'preact/hooks';
import styles from './sash.module.css';

/** By one press of an arrow key, and with Shift, in CSS pixels. */
const stepPx = 10;
const leapPx = 50;

interface SashProps {
  /** What it makes wider or narrower. */
  readonly label: string;
  /** Width of the pane at its left, and what it may be, in CSS pixels. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** Null resets. */
  readonly onMove: (value: number | null) => void;
}

export function Sash({ label, value, min, max, onMove }: SashProps) {
  const grip = useRef<{ readonly from: number; readonly width: number } | null>(null);
  const move = (wanted: number) => onMove(Math.round(Math.min(max, Math.max(min, wanted))));
  const onKey = (event: KeyboardEvent) => {
    const by = event.shiftKey ? leapPx : stepPx;
    if (event.key === 'ArrowLeft') move(value - by);
    else if (event.key === 'ArrowRight') move(value + by);
    else if (event.key === 'Home') move(min);
    else if (event.key === 'End') move(max);
    else if (event.key === 'Enter') onMove(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a line between paragraphs can't be moved
    <div
      class={styles.sash}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      title={`${label}: drag, or ← →; a double click or Enter resets`}
      onKeyDown={onKey}
      onDblClick={() => onMove(null)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { from: event.clientX, width: value };
      }}
      onPointerMove={(event) => {
        if (grip.current) move(grip.current.width + event.clientX - grip.current.from);
      }}
      onLostPointerCapture={() => {
        grip.current = null;
      }}
    />
  );
}
