/** Narrows the list down to rows of which people said something: which verdict they gave, what they flagged, who. */
import type { Category } from '../../trainer/protocol/annotations/categories.ts';
import { anyLabel, type LabelChoice, labelChoice } from '../../trainer/protocol/dataset-editor.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import styles from './label-filter.module.css';

interface LabelFilterProps {
  readonly categories: readonly Category[];
  /** All who said something of the project, as labels have them. */
  readonly authors: readonly string[];
  /** Null: all rows, with labels or without. */
  readonly choice: LabelChoice | null;
  readonly onChoose: (choice: LabelChoice | null) => void;
}

const ofVerdict: readonly (readonly [string, string])[] = [
  ['any', 'labelled rows'],
  ['drop', 'verdict drop'],
  ['fix', 'verdict fix'],
  ['keep', 'verdict keep'],
  ['disputed', 'verdicts that differ'],
  ['unsettled', 'to settle'],
  ['none', 'flags without a verdict'],
  ['waiting', 'given to you'],
  ['earlier', 'labels of an earlier text'],
];

export function LabelFilter({ categories, authors, choice, onChoose }: LabelFilterProps) {
  const put = (change: Readonly<Record<string, string | null>>) =>
    onChoose(labelChoice.parse({ ...(choice ?? anyLabel), ...change }));
  const pick = (
    name: string,
    value: string,
    options: readonly (readonly [string, string])[],
    to: (value: string) => void,
  ) => (
    <select
      class={styles.choice}
      aria-label={name}
      value={value}
      onChange={({ currentTarget }) => to(currentTarget.value)}
      onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}
    >
      {options.map(([key, words]) => (
        <option key={key} value={key}>
          {words}
        </option>
      ))}
    </select>
  );
  return (
    <>
      {pick(
        'Rows by their labels (b)',
        choice === null ? 'all' : (choice.verdict ?? 'any'),
        [['all', 'all rows'], ...ofVerdict],
        (value) => (value === 'all' ? onChoose(null) : put({ verdict: value === 'any' ? null : value })),
      )}
      {choice !== null && (
        <>
          {pick(
            'What is flagged',
            choice.category ?? '',
            [['', 'any flag or none'], ...categories.map(({ id, name }) => [id, shownLine(name, 60)] as const)],
            (value) => put({ category: value || null }),
          )}
          {pick(
            'Who said it',
            choice.author ?? '',
            [['', 'anyone'], ...authors.map((author) => [author, shownLine(author, 80)] as const)],
            (value) => put({ author: value || null }),
          )}
        </>
      )}
    </>
  );
}
