/** A row's texts as the last commit has them, word against word with those of now. */
import { useMemo } from 'preact/hooks';
import { editableFields, type RowReading } from '../../trainer/protocol/dataset-editor.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { wordDiff } from '../rollout/word-diff.ts';
import { DiffInline, diffWords } from '../rollout/word-diff-view.tsx';
import { Section } from '../ui/heads.tsx';
import styles from './before-view.module.css';
import type { Before } from './dataset-state.ts';

const names = { process: 'Chain of thought', solution: 'Solution', problem: 'Question' } as const;

export function BeforeView({ before, reading }: { before: Before | null; reading: RowReading }) {
  if (before === null || before.row !== reading.row) return null;
  if (before.fields === null)
    return (
      <section aria-label="Since HEAD">
        <Section title="Since HEAD" />
        <p class={styles.words}>{shownLine(before.words, 1000)}</p>
      </section>
    );
  const { fields } = before;
  const changed = editableFields.filter((field) => fields[field] !== reading.fields[field]);
  return (
    <section aria-label="Since HEAD">
      <Section title="Since HEAD" meta={<span class="dim">struck: what was there; underlined: what is new</span>} />
      {changed.length === 0 && (
        <p class={styles.words}>Question, chain of thought and solution are the same; other values differ.</p>
      )}
      {changed.map((field) => (
        <FieldDiff key={field} name={names[field]} before={fields[field] ?? ''} now={reading.fields[field] ?? ''} />
      ))}
    </section>
  );
}

function FieldDiff({ name, before, now }: { name: string; before: string; now: string }) {
  const diff = useMemo(() => wordDiff(before, now), [before, now]);
  return (
    <div class={styles.field}>
      <h3>
        {name} {diff && <span class="dim">{diffWords(diff)}</span>}
      </h3>
      <p class={`${styles.text} model-text`}>
        {diff ? <DiffInline first={before} second={now} diff={diff} /> : 'Too long to be compared word by word.'}
      </p>
    </div>
  );
}
