/** One line of a text in which what the filter searches for is marked. */

import { shownLine, shownPieces } from '../../../trainer/protocol/hostile-text.ts';
import type { Span } from '../../../trainer/protocol/records.ts';
import styles from './hits.module.css';

export function Hits({ text, hits }: { text: string; hits: (text: string) => readonly Span[] }) {
  const found = hits(text);
  if (found.length === 0) return <>{shownLine(text)}</>;
  let at = 0;
  const pieces = [...found, { start: text.length, end: text.length }].map(({ start, end }) => {
    const piece = { before: shownPart(text, at, start), hit: shownPart(text, start, end), start };
    at = end;
    return piece;
  });
  return (
    <>
      {pieces.map(({ before, hit, start }) => [
        before,
        hit === '' ? null : (
          <mark key={start} class={styles.hit}>
            {hit}
          </mark>
        ),
      ])}
    </>
  );
}

const shownPart = (text: string, start: number, end: number): string =>
  shownPieces(text, start, end)
    .map(({ shown }) => shown)
    .join('')
    .replace(/\s+/g, ' ');
