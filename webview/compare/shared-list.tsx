/** Questions that two runs were both asked, those first that differ most, with the runs' means above. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import {
  type PairedMean,
  type PairMeasure,
  pairMeasures,
  type SharedQuestion,
  type SharedQuestions,
} from '../../trainer/protocol/questions.ts';
import { TypeIcon } from '../ui/icons.tsx';
import { count, fixed, grouped, signed } from '../ui/numbers.ts';
import { Segments } from '../ui/segments.tsx';
import { oneLineEach, VirtualList } from '../ui/virtual-list.tsx';
import { Dumbbell, RunDisc } from './run-disc.tsx';
import styles from './shared-list.module.css';

export const measureDecimals: Readonly<Record<PairMeasure, number>> = { right: 3, reward: 2, length: 0 };
const measureNames: Readonly<Record<PairMeasure, string>> = { right: 'right', reward: 'reward', length: 'tokens' };

interface MeansProps {
  readonly shared: SharedQuestions;
  readonly runs: readonly [string, string];
}

/** Means of both runs with their difference, second minus first. */
export function Means({ shared, runs }: MeansProps) {
  const { means, atSameSteps, total } = shared;
  if (means === null) return null;
  const row = (of: (mean: PairedMean, decimals: number) => string, style = '') =>
    pairMeasures.map((measure) => (
      <td key={measure} class={`num ${style}`}>
        {of(means[measure], measureDecimals[measure])}
      </td>
    ));
  return (
    <>
      <table class={styles.means} data-part="means">
        <thead>
          <tr>
            <td />
            {pairMeasures.map((measure) => (
              <th key={measure} class="num">
                {measureNames[measure]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <td class="cut">
              <RunDisc side="first" /> {shownLine(runs[0])}
            </td>
            {row(({ first }, decimals) => fixed(first, decimals))}
          </tr>
          <tr>
            <td class="cut">
              <RunDisc side="second" /> {shownLine(runs[1])}
            </td>
            {row(({ second }, decimals) => fixed(second, decimals))}
          </tr>
          <tr>
            <td class="dim">difference</td>
            {row(({ difference }, decimals) => signed(difference, decimals), 'strong')}
          </tr>
          <tr>
            <td class="dim">95 % interval</td>
            {row(
              ({ low, high }, decimals) =>
                low === null ? '–' : `${signed(low, decimals)} … ${signed(high, decimals)}`,
              styles.interval,
            )}
          </tr>
        </tbody>
      </table>
      <p class={`${styles.note} dim`}>
        Over {count(means.right.count, 'question')}{' '}
        {atSameSteps > 0 ? 'that came up at the same steps' : 'at their nearest steps: none came up at the same one'}
        {atSameSteps > 0 && atSameSteps < total && `; ${grouped(total - atSameSteps)} more only at other steps`}. Second
        minus first, by the paired t test over questions
        {means.right.low === null && ', which gives no interval for a single one'}.
      </p>
    </>
  );
}

interface SharedListProps {
  readonly shared: SharedQuestions;
  readonly questions: readonly SharedQuestion[];
  readonly by: PairMeasure;
  readonly selected: number;
  readonly onBy: (by: PairMeasure) => void;
  readonly onSelect: (question: SharedQuestion) => void;
  readonly onMore: () => void;
}

const idOf = ({ key }: SharedQuestion) => `shared-${key}`;

export function SharedList({ shared, questions, by, selected, onBy, onSelect, onMore }: SharedListProps) {
  /* Right is told beside whatever else the list is by. */
  const shown: readonly PairMeasure[] = by === 'right' ? ['right'] : ['right', by];
  const values = questions.map((question) => question[by]).flatMap(({ first, second }) => [first, second]);
  const scales: Readonly<Record<PairMeasure, readonly [number, number]>> = {
    right: [0, 1],
    reward: [Math.min(0, ...values), Math.max(1, ...values)],
    length: [0, Math.max(1, ...values)],
  };
  const current = questions[selected];
  const columns = `minmax(0, 1fr) ${shown.map(() => '64px 46px').join(' ')}`;
  return (
    <>
      <div class={styles.by}>
        <span class="dim">most different first by</span>
        <Segments label="Most different first by">
          {pairMeasures.map((measure) => (
            <button key={measure} type="button" aria-pressed={measure === by} onClick={() => onBy(measure)}>
              {measure}
            </button>
          ))}
        </Segments>
      </div>
      <div class={styles.head} style={{ gridTemplateColumns: `16px ${columns}` }} aria-hidden="true">
        <span />
        <span>question</span>
        {shown.flatMap((measure) => [
          <span key={measure}>{measure === 'right' ? 'share right' : measureNames[measure]}</span>,
          <span key={`${measure} change`} />,
        ])}
      </div>
      <VirtualList
        count={questions.length}
        lines={oneLineEach(questions.length)}
        lineHeight={22}
        list=""
        onScrolled={() => {}}
        label="Questions in both runs, most different first"
        selected={selected}
        activeId={current ? idOf(current) : null}
        onSight={(_, last) => last >= questions.length - 1 && questions.length < shared.total && onMore()}
        row={(index, top) => {
          const question = questions[index];
          if (!question) return null;
          const steps =
            question.sharedSteps === 0
              ? `no step in common: steps ${question.newest.first.step} and ${question.newest.second.step}`
              : `${count(question.sharedSteps, 'step')} in common`;
          return (
            <div
              key={question.key}
              id={idOf(question)}
              class={`${styles.row} ${index === selected ? styles.selected : ''}`}
              style={{ transform: `translateY(${top}px)`, gridTemplateColumns: `16px ${columns}` }}
              role="option"
              aria-selected={index === selected}
              tabIndex={-1}
              title={`${shownLine(question.problem, 1000)}\n${steps}`}
              onClick={() => onSelect(question)}
              onKeyDown={() => {}}
            >
              <TypeIcon type={question.problemType} />
              <span class="cut model-text">{shownLine(question.problem)}</span>
              {shown.flatMap((measure) => {
                const { first, second } = question[measure];
                const decimals = measure === 'length' ? 0 : 2;
                const [low, high] = scales[measure];
                return [
                  <Dumbbell
                    key={measure}
                    {...{ first, second, low, high }}
                    label={`${measureNames[measure]}: ${fixed(first, decimals)} first, ${fixed(second, decimals)} second`}
                  />,
                  <span key={`${measure} change`} class="num">
                    {signed(second - first, decimals)}
                  </span>,
                ];
              })}
            </div>
          );
        }}
      />
      <p class={styles.foot}>
        question {questions.length === 0 ? 0 : grouped(selected + 1)} of {grouped(shared.total)}
        <span class="grow" />
        <span class="far">
          <kbd>j</kbd> <kbd>k</kbd> question <kbd>[</kbd> <kbd>]</kbd> step
        </span>
      </p>
    </>
  );
}
