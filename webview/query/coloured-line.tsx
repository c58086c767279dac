/**
 * A typed line with its names in colour and its faulty parts underlined. An input can't colour its own text, so this copy of the line lies
 * under it, letter on letter; for that it is not the toolkit's text field.
 */
import type { ComponentChildren, Ref } from 'preact';
import type { QueryFault, QueryPiece } from '../../trainer/protocol/query/lexemes.ts';
import styles from './coloured-line.module.css';

interface ColouredLineProps {
  readonly line: string;
  readonly pieces: readonly QueryPiece[];
  readonly faults: readonly QueryFault[];
  readonly copyRef: Ref<HTMLDivElement>;
  /** The input that lies over it. */
  readonly children: ComponentChildren;
}

export function ColouredLine({ line, pieces, faults, copyRef, children }: ColouredLineProps) {
  return (
    <div class={styles.typed}>
      <div ref={copyRef} class={styles.copy} aria-hidden="true">
        {colouredPieces(line, pieces, faults)}
      </div>
      {children}
    </div>
  );
}

function colouredPieces(line: string, pieces: readonly QueryPiece[], faults: readonly QueryFault[]) {
  const cuts = new Set([0, line.length]);
  for (const { start, end } of [...pieces, ...faults]) for (const cut of [start, end]) cuts.add(cut);
  const edges = [...cuts].sort((a, b) => a - b);
  let piece = 0;
  return edges.slice(0, -1).map((start, index) => {
    const end = edges[index + 1] ?? start;
    while ((pieces[piece]?.end ?? end) < end) piece += 1;
    const kind = (pieces[piece]?.start ?? end) <= start ? pieces[piece]?.kind : undefined;
    const faulty = faults.some((fault) => start >= fault.start && end <= fault.end);
    return (
      <span
        key={start}
        data-faulty={faulty ? '' : undefined}
        class={`${kind === 'name' || kind === 'keyword' ? styles.name : ''} ${faulty ? styles.faulty : ''}`}
      >
        {line.slice(start, end)}
      </span>
    );
  });
}
