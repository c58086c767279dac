/** Two texts word by word, beside each other or in one: gone is struck out, new is underlined. Text nodes only. */
import { Fragment } from 'preact';
import { shownPieces } from '../../trainer/protocol/hostile-text.ts';
import { count } from '../ui/numbers.ts';
import type { DiffRun, WordDiff } from './word-diff.ts';
import styles from './word-diff-view.module.css';

/** In one sentence: how many words are gone and new, and how long the two go together. */
export function diffWords({ words, sameAtStart }: WordDiff): string {
  if (words.gone === 0 && words.new === 0) return 'word by word the same';
  const start = sameAtStart > 0 ? `; the first ${count(sameAtStart, 'word')} the same` : '';
  return `${words.gone} of ${count(words.first, 'word')} gone, ${words.new} of ${words.second} new${start}`;
}

/** One side of a diff. @param text the text that the runs are of */
export function DiffSide({ text, runs }: { text: string; runs: readonly DiffRun[] }) {
  return <Runs runs={runs} textOf={() => text} last={text} />;
}

/** Both texts in one order. */
export function DiffInline({ first, second, diff }: { first: string; second: string; diff: WordDiff }) {
  return <Runs runs={diff.inline} textOf={({ kind }) => (kind === 'gone' ? first : second)} last={second} />;
}

interface RunsProps {
  readonly runs: readonly DiffRun[];
  readonly textOf: (run: DiffRun) => string;
  /** The text whose end is shown after its last word. */
  readonly last: string;
}

function Runs({ runs, textOf, last }: RunsProps) {
  const end = runs.findLast((run) => textOf(run) === last)?.end ?? 0;
  return (
    <div class={`${styles.text} model-text`}>
      {runs.map((run) => {
        const text = textOf(run);
        return (
          <Fragment key={`${run.kind} ${run.start}`}>
            {pieces(text, run.from, run.start)}
            <Run text={text} run={run} />
          </Fragment>
        );
      })}
      {pieces(last, end, last.length)}
    </div>
  );
}

/* Space between words can be a character that is not seen, such as a byte order mark. */
const pieces = (text: string, from: number, to: number) =>
  shownPieces(text, from, to).map(({ start, shown, code }) =>
    code ? (
      <span key={start} class={styles.code}>
        {shown}
      </span>
    ) : (
      shown
    ),
  );

function Run({ text, run }: { text: string; run: DiffRun }) {
  const shown = pieces(text, run.start, run.end);
  if (run.kind === 'gone') return <del class={styles.gone}>{shown}</del>;
  return run.kind === 'new' ? <ins class={styles.new}>{shown}</ins> : <span>{shown}</span>;
}
