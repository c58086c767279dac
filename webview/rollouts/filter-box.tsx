/**
 * The filter line: field names in colour, faulty words underlined. An input can't colour its own text, so a copy of the
 * line lies under it; for that it is the one text field that is not the toolkit's.
 */
import { useRef } from 'preact/hooks';
import { Icon } from '../ui/icons.tsx';
import { type FilterFault, parseFilter } from './filter.ts';
import styles from './filter-box.module.css';

export const filterBoxId = 'rollout-filter';

interface FilterBoxProps {
  readonly line: string;
  readonly faults: readonly FilterFault[];
  readonly onLine: (line: string) => void;
}

export function FilterBox({ line, faults, onLine }: FilterBoxProps) {
  const copy = useRef<HTMLDivElement>(null);
  return (
    <div class={styles.box}>
      <Icon name="search" class={styles.search} />
      <div class={styles.typed}>
        <div ref={copy} class={styles.copy} aria-hidden="true">
          {colouredPieces(line, faults)}
        </div>
        <input
          id={filterBoxId}
          type="text"
          aria-label="Filter, for example step>20 order:shuffled correct:false aha>=2 flagged"
          placeholder="step>20 order:shuffled correct:false aha>=2 words"
          spellcheck={false}
          autocomplete="off"
          aria-invalid={faults.length > 0}
          value={line}
          onInput={(event) => onLine(event.currentTarget.value)}
          onScroll={(event) => {
            if (copy.current) copy.current.scrollLeft = event.currentTarget.scrollLeft;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </div>
      <kbd>/</kbd>
    </div>
  );
}

function colouredPieces(line: string, faults: readonly FilterFault[]) {
  const { terms } = parseFilter(line);
  const cuts = new Set([0, line.length]);
  for (const { start, nameEnd, end } of terms) for (const cut of [start, nameEnd, end]) cuts.add(cut);
  for (const { start, end } of faults) for (const cut of [start, end]) cuts.add(cut);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(0, -1).map((start, index) => {
    const end = edges[index + 1] ?? start;
    const named = terms.some((term) => start >= term.start && end <= term.nameEnd);
    const faulty = faults.some((fault) => start >= fault.start && end <= fault.end);
    return (
      <span
        key={start}
        data-faulty={faulty ? '' : undefined}
        class={`${named ? styles.name : ''} ${faulty ? styles.faulty : ''}`}
      >
        {line.slice(start, end)}
      </span>
    );
  });
}
