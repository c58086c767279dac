/** Two evaluations question by question: slices with their tests, what became of right and wrong answers, and the questions. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { ComparedEvaluations, ComparedSlice, EvaluationPair } from '../../trainer/protocol/questions.ts';
import { AnswerMark } from '../rollout/answer-mark.tsx';
import { TypeIcon } from '../ui/icons.tsx';
import { count, fixed, grouped, signed } from '../ui/numbers.ts';
import { oneLineEach, VirtualList } from '../ui/virtual-list.tsx';
import styles from './evaluation-list.module.css';
import { RunDisc } from './run-disc.tsx';

/** What became of an answer from the first evaluation to the second. */
export const transitions = ['all', 'wrong to right', 'right to wrong', 'right in both', 'wrong in both'] as const;
export type Transition = (typeof transitions)[number];

export function transitionOf({ first, second }: EvaluationPair): Exclude<Transition, 'all'> {
  if (first.correct) return second.correct ? 'right in both' : 'right to wrong';
  return second.correct ? 'wrong to right' : 'wrong in both';
}

/** Those that changed first, then in the order of the dataset. */
export function pairsOf(pairs: readonly EvaluationPair[], wanted: Transition): readonly EvaluationPair[] {
  if (wanted !== 'all') return pairs.filter((pair) => transitionOf(pair) === wanted);
  const order = (pair: EvaluationPair) => transitions.indexOf(transitionOf(pair));
  return pairs.toSorted((a, b) => order(a) - order(b));
}

/** A p value as a person reads it. */
const probability = (p: number) => (p < 0.001 ? '<0.001' : fixed(p, 3));

export function Slices({ slices }: { slices: readonly ComparedSlice[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    <section class={styles.slices} aria-label="Accuracy by slice" tabIndex={0}>
      <table data-part="slices">
        <thead>
          <tr>
            <th>accuracy</th>
            <th class="num">n</th>
            <th class="num">
              <RunDisc side="first" />
            </th>
            <th class="num">
              <RunDisc side="second" />
            </th>
            <th class="num">
              <span title="Accuracy of the second (open disc) minus that of the first (filled disc)">
                <RunDisc side="second" /> − <RunDisc side="first" />
              </span>{' '}
              <span class={`${styles.below} ${styles.interval}`}>95 % interval</span>
            </th>
            <th class="num">
              <span title="Questions that only the first, and only the second got right">
                only <RunDisc side="first" /> : <RunDisc side="second" />
              </span>{' '}
              <span class={styles.below} title="McNemar’s exact test on these, two-sided">
                p
              </span>
            </th>
          </tr>
        </thead>
        <tbody>
          {slices.map(({ kind, name, mean, onlyFirst, onlySecond, p }) => (
            <tr key={`${kind} ${name}`} class={kind === 'all' ? styles.whole : undefined}>
              <td class="cut">
                {(kind === 'type' || kind === 'family') && <span class="dim">{kind} </span>}
                <SliceName {...{ kind, name }} />
              </td>
              <td class="num dim">{grouped(mean.count)}</td>
              <td class="num">{fixed(mean.first, 3)}</td>
              <td class="num">{fixed(mean.second, 3)}</td>
              <td class="num">
                <span class="strong">{signed(mean.difference, 3)}</span>{' '}
                <span class={`${styles.below} ${styles.interval} dim`}>
                  {mean.low === null ? '–' : `${signed(mean.low, 2)} … ${signed(mean.high, 2)}`}
                </span>
              </td>
              <td class="num">
                {onlyFirst} : {onlySecond} <span class={styles.below}>{probability(p)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function SliceName({ kind, name }: Pick<ComparedSlice, 'kind' | 'name'>) {
  switch (kind) {
    case 'all':
      return <>all questions</>;
    case 'needs order':
      return <>need the order</>;
    case 'direct':
      return <span title="The same questions, answered without reasoning">without reasoning</span>;
    case 'reversal':
      return (
        <span title="Right on a video and on its reversal, where the dataset says what is right then">
          clip and its reversal
        </span>
      );
    case 'type':
    case 'family':
      return <>{shownLine(name, 60)}</>;
  }
}

interface TransitionTableProps {
  readonly pairs: readonly EvaluationPair[];
  readonly wanted: Transition;
  readonly onWant: (wanted: Transition) => void;
}

/** Right and wrong of the first against right and wrong of the second; each count shows its questions. */
export function TransitionTable({ pairs, wanted, onWant }: TransitionTableProps) {
  const counts = Map.groupBy(pairs, transitionOf);
  const cell = (transition: Exclude<Transition, 'all'>) => (
    <td class="num">
      <button
        type="button"
        class={`${styles.count} ${wanted === transition ? styles.pressed : ''}`}
        aria-pressed={wanted === transition}
        aria-label={`${transition}: ${counts.get(transition)?.length ?? 0}`}
        onClick={() => onWant(wanted === transition ? 'all' : transition)}
      >
        {grouped(counts.get(transition)?.length ?? 0)}
      </button>
    </td>
  );
  return (
    <table class={styles.transitions} data-part="transitions">
      <thead>
        <tr>
          <th>
            <RunDisc side="first" /> first, then <RunDisc side="second" />
          </th>
          <th class="num">right</th>
          <th class="num">wrong</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <td>
            <RunDisc side="first" /> right
          </td>
          {cell('right in both')}
          {cell('right to wrong')}
        </tr>
        <tr>
          <td>
            <RunDisc side="first" /> wrong
          </td>
          {cell('wrong to right')}
          {cell('wrong in both')}
        </tr>
      </tbody>
    </table>
  );
}

/** What is left out, and what was not alike, in sentences; empty where there is nothing to say. */
export function caveats({ leftOut, otherFrames, otherPrompts, pairs }: ComparedEvaluations): string {
  return [
    leftOut.first + leftOut.second > 0 &&
      `Left out, since the other has no answer: ${leftOut.first} of the first, ${leftOut.second} of the second.`,
    otherFrames > 0 && `${otherFrames} of ${count(pairs.length, 'question')} saw other frames.`,
    otherPrompts > 0 && `${otherPrompts} of ${count(pairs.length, 'question')} had another prompt.`,
  ]
    .filter(Boolean)
    .join(' ');
}

interface EvaluationListProps {
  readonly pairs: readonly EvaluationPair[];
  readonly thresholds: readonly [number, number];
  readonly selected: number;
  readonly onSelect: (pair: EvaluationPair) => void;
}

const idOf = ({ first }: EvaluationPair) => `pair-${first.rolloutId}`;

export function EvaluationList({ pairs, thresholds, selected, onSelect }: EvaluationListProps) {
  const current = pairs[selected];
  return (
    <>
      <div class={styles.head} aria-hidden="true">
        <span />
        <span>question</span>
        <span>
          <RunDisc side="first" /> answer
        </span>
        <span>
          <RunDisc side="second" /> answer
        </span>
      </div>
      <VirtualList
        count={pairs.length}
        lines={oneLineEach(pairs.length)}
        lineHeight={22}
        list=""
        onScrolled={() => {}}
        onSight={() => {}}
        label="Questions of both evaluations, those that changed first"
        selected={selected}
        activeId={current ? idOf(current) : null}
        row={(index, top) => {
          const pair = pairs[index];
          if (!pair) return null;
          return (
            <div
              key={pair.first.rolloutId}
              id={idOf(pair)}
              class={`${styles.row} ${index === selected ? styles.selected : ''}`}
              style={{ transform: `translateY(${top}px)` }}
              role="option"
              aria-selected={index === selected}
              tabIndex={-1}
              title={`${shownLine(pair.problem, 1000)}\n${transitionOf(pair)}`}
              onClick={() => onSelect(pair)}
              onKeyDown={() => {}}
            >
              <TypeIcon type={pair.problemType} />
              <span class="cut model-text">{shownLine(pair.problem)}</span>
              {[pair.first, pair.second].map(({ rolloutId, answer, accuracy, correct }, side) => (
                <span key={rolloutId} class={styles.answer}>
                  <AnswerMark {...{ accuracy, correct }} threshold={thresholds[side] ?? 0} />
                  <span class="cut model-text">{answer === '' ? 'none' : shownLine(answer, 60)}</span>
                </span>
              ))}
            </div>
          );
        }}
      />
      <p class={styles.foot}>
        question {pairs.length === 0 ? 0 : grouped(selected + 1)} of {grouped(pairs.length)}
        <span class="grow" />
        <span class="far">
          <kbd>j</kbd> <kbd>k</kbd> question
        </span>
      </p>
    </>
  );
}
