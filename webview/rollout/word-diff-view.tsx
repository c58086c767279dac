/** Two texts word by word, beside each other or in one: gone is struck out, new is underlined. Text nodes only. */
import { Fragment } from 'preact';
import { shownPieces } from '../ui/hostile-text.ts';
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
  return <Runs runs={runs} textOf={() => text} />;
}

/** Both texts in one order. */
export function DiffInline({ first, second, diff }: { first: string; second: string; diff: WordDiff }) {
  return <Runs runs={diff.inline} textOf={({ kind }) => (kind === 'gone' ? first : second)} />;
}

function Runs({ runs, textOf }: { runs: readonly DiffRun[]; textOf: (run: DiffRun) => string }) {
  return (
    <div class={`${styles.text} model-text`}>
      {runs.map((run) => {
        const text = textOf(run);
        return (
          <Fragment key={`${run.kind} ${run.start}`}>
            {text.slice(run.from, run.start)}
            <Run text={text} run={run} />
          </Fragment>
        );
      })}
    </div>
  );
}

function Run({ text, run }: { text: string; run: DiffRun }) {
  const pieces = shownPieces(text, run.start, run.end).map(({ start, shown, code }) =>
    code ? (
      <span key={start} class={styles.code}>
        {shown}
      </span>
    ) : (
      shown
    ),
  );
  if (run.kind === 'gone') return <del class={styles.gone}>{pieces}</del>;
  return run.kind === 'new' ? <ins class={styles.new}>{pieces}</ins> : <span>{pieces}</span>;
}
