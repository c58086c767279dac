/** Sliders and choices for the parameters of rewards and advantages, and what this group would be then. It touches nothing. */
import { useId, useMemo } from 'preact/hooks';
import type { RewardParameters } from '../../../trainer/advantages/advantages.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { parameters as table } from '../../../trainer/protocol/parameters.ts';
import type { GroupPurpose, Rollout } from '../../../trainer/protocol/records.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { AnswerMark } from '../../rollout/answer-mark.tsx';
import { Section } from '../../ui/heads.tsx';
import { Icon } from '../../ui/icons.tsx';
import { count, fixed, plain, signed } from '../../ui/numbers.ts';
import { type Store, useStore } from '../../ui/store.ts';
import { Tool } from '../../ui/tool.tsx';
import { flipOf } from './flips.ts';
import styles from './what-if.module.css';
import {
  answersIf,
  controlsOf,
  type KnownGroup,
  refusedValue,
  triedHere,
  type WhatIfChanges,
  type WhatIfName,
  whatIf,
  withoutEffect,
  withoutTestSentence,
} from './what-if.ts';
import { WhatIfControl } from './what-if-control.tsx';

/** The field of μ, for the key that asks "and if μ were …". */
export const whatIfFieldId = 'what-if-mu';
/** Why μ has no field to go to; the key leads here instead. */
export const withoutTestId = 'what-if-without-test';

interface WhatIfProps {
  readonly known: KnownGroup;
  readonly rollout: Rollout | null;
  /** What is tried, from one group to the next. */
  readonly changes: Store<WhatIfChanges>;
  /** Out of a field, to where one was before. */
  readonly onLeave: () => void;
}

/** As short as a column takes them. */
const labels: Readonly<Record<WhatIfName, string>> = {
  alpha: 'α',
  mu: 'μ',
  omega: 'ω',
  temporalTest: 'test',
  temporalShare: 'p from',
  correctThreshold: 'right above',
  lengthMin: 'l_min',
  lengthMax: 'l_max',
  formatWeight: 'format',
  advantageScale: '÷ std of',
  stdDegrees: 'std over',
  creditWeight: 'γ',
  creditLow: 'c_low',
  creditHigh: 'c_high',
};

export function WhatIf({ known, rollout, changes, onLeave }: WhatIfProps) {
  const held = useStore(changes, (now) => now);
  const tried = useMemo(() => triedHere(known, held), [known, held]);
  const made = useMemo(() => whatIf(known, tried), [known, tried]);
  const answers = useMemo(() => answersIf(known, made), [known, made]);
  const changed = Object.keys(tried).length;
  const parameters: RewardParameters = { ...known.parameters, ...tried };
  const index = rollout?.order === 'ordered' ? rollout.index : null;
  const set = (name: WhatIfName, value: RewardParameters[WhatIfName]) =>
    changes.update((before) => {
      const { [name]: _, ...others } = before;
      return value === known.parameters[name] ? others : { ...others, [name]: value };
    });
  const mostTokens = Math.max(2 * known.parameters.lengthMax, ...known.scores.ordered.map(({ length }) => length));
  const withoutTest = withoutTestSentence(known);
  const { above, below } = controlsOf(known);
  const control = (name: WhatIfName) => (
    <WhatIfControl
      key={name}
      name={name}
      label={labels[name]}
      help={table[name].help}
      id={name === 'mu' ? whatIfFieldId : undefined}
      value={parameters[name]}
      run={known.parameters[name]}
      refused={withoutEffect(known, name)}
      refusedValue={(value) => refusedValue(known, name, value)}
      flip={flipOf({ scores: known.scores, parameters, index }, name)}
      mostTokens={mostTokens}
      onChange={(value) => set(name, value as never)}
      onLeave={onLeave}
    />
  );
  return (
    <section aria-label="What if" data-part="what-if">
      <Section
        title="What if"
        meta={changed === 0 ? 'touches nothing' : `${count(changed, 'change')}, touches nothing`}
        tools={
          <Tool
            icon="undo"
            label="Back to the values of the run"
            refused={Object.keys(held).length === 0 ? 'nothing is changed' : null}
            onPress={() => changes.set({})}
          />
        }
      />
      {!known.giveTheRecord && (
        <p class={styles.note}>
          The recorded numbers don’t follow from what is known of this group’s parameters: answers were scored anew
          after it was recorded, or an older version made it. Compare what changes, not the sizes.
        </p>
      )}
      {withoutTest !== null && (
        <p id={withoutTestId} class={styles.note} tabIndex={-1}>
          {withoutTest}
        </p>
      )}
      {parameters.advantageScale === 'batch' && (
        <p class={styles.note} data-part="what-if-batch">
          Divided by the standard deviation of the batch as it was recorded, {fixed(parameters.batchStd ?? made.std, 3)}
          : what the other groups of the step would be is left out.
        </p>
      )}
      <div class={styles.controls}>{above.map(control)}</div>
      <ThisAnswer {...{ known, made, answers, rollout }} />
      <EveryAnswer answers={answers} threshold={parameters.correctThreshold} purpose={known.group.purpose} />
      <div class={`${styles.controls} ${styles.others}`}>{below.map(control)}</div>
    </section>
  );
}

type Made = ReturnType<typeof whatIf>;
type Answers = ReturnType<typeof answersIf>;

const sizes = (mean: number, std: number) => `${fixed(mean, 3)}, ${fixed(std, 3)}`;

function ThisAnswer({
  known,
  made,
  answers,
  rollout,
}: Pick<WhatIfProps, 'known' | 'rollout'> & { made: Made; answers: Answers }) {
  const heading = useId();
  const { stats, temporal } = known.group;
  const own = answers.find((answer) => answer.rollout.id === rollout?.id);
  const paid = made.temporal?.paid ?? null;
  const flips = answers.filter((answer) => answer.flips).length;
  /* Where nothing was trained on, `untried` is what training would have made of it. */
  const row = (label: preact.ComponentChildren, run: string, then: string, untried = run) => (
    <tr>
      <th scope="row">{label}</th>
      <td class="num">{run}</td>
      <td class={`num ${untried === then ? '' : styles.changed}`}>{then}</td>
    </tr>
  );
  return (
    <>
      <table class={styles.table} aria-labelledby={heading} data-part="what-if-answer">
        <thead>
          <tr>
            <th scope="col" id={heading}>
              {rollout ? `this answer, ${rollout.order} ${rollout.index + 1}` : 'this group'}
            </th>
            <th scope="col" class="num">
              run
            </th>
            <th scope="col" class="num">
              what if
            </th>
          </tr>
        </thead>
        <tbody>
          {own &&
            row(
              <FormulaLabel name="total" pointerOnly>
                reward
              </FormulaLabel>,
              fixed(own.rollout.reward.total, 2),
              fixed(own.total, 2),
            )}
          {own &&
            row(
              <FormulaLabel name="advantage" pointerOnly>
                advantage
              </FormulaLabel>,
              signed(own.rollout.advantage, 3),
              signed(own.advantage, 3),
              signed(own.recorded, 3),
            )}
          {own?.temporal &&
            row(
              <FormulaLabel name="temporalPart" pointerOnly>
                its temporal part
              </FormulaLabel>,
              plain(own.temporal.recorded),
              plain(own.temporal.ifTried),
            )}
          {row('group: mean and std', sizes(stats.mean, stats.std), sizes(made.mean, made.std))}
          {row(
            <FormulaLabel name="temporalTest" pointerOnly>
              group: r<sub>t</sub> for right answers
            </FormulaLabel>,
            temporal ? plain(temporal.paid) : '–',
            paid === null ? '–' : plain(paid),
          )}
        </tbody>
      </table>
      <p class="sr-only" role="status">
        {paid === null ? 'No temporal test' : `group’s r t ${plain(paid)}`}
        {own?.temporal && `, its temporal part ${plain(own.temporal.ifTried)}`}
        {own && own.advantage !== null && `, advantage ${signed(own.advantage, 3)}`}
        {flips > 0 && `, ${count(flips, 'sign')} flipped`}
      </p>
      {temporal && <p class={`${styles.note} dim`}>{shownLine(made.explanation[0] ?? '', 1000)}</p>}
    </>
  );
}

function EveryAnswer({ answers, threshold, purpose }: { answers: Answers; threshold: number; purpose: GroupPurpose }) {
  const ordered = answers.filter(({ rollout }) => rollout.order === 'ordered');
  const heading = useId();
  const flips = ordered.filter((answer) => answer.flips).length;
  return (
    <>
      <table class={styles.table} aria-labelledby={heading} data-part="what-if-group">
        <thead>
          <tr>
            <th scope="col" id={heading}>
              every advantage{flips > 0 && <b>, {count(flips, 'sign')} flipped</b>}
            </th>
            <th scope="col" class="num">
              run
            </th>
            <th scope="col" class="num">
              what if
            </th>
          </tr>
        </thead>
        <tbody>
          {ordered.map(({ rollout, recorded, advantage, correct, flips: flipped }) => (
            <tr key={rollout.id}>
              <th scope="row">
                <span class={styles.answer}>
                  <span>{rollout.index + 1}</span>
                  <span class="cut model-text">{rollout.answer === '' ? 'none' : shownLine(rollout.answer, 40)}</span>
                  <AnswerMark accuracy={rollout.accuracy} correct={correct} threshold={threshold} />
                  {flipped && <Icon name="flip" label="its sign flips" />}
                </span>
              </th>
              <td class="num">{signed(rollout.advantage, 2)}</td>
              <td class={`num ${signed(recorded, 2) === signed(advantage, 2) ? '' : styles.changed}`}>
                {signed(advantage, 2)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {purpose !== 'train' && (
        <p class={`${styles.note} dim`}>
          Nothing trains on {purpose === 'probe' ? 'a probe' : 'an evaluation'}: under “what if” are the advantages that
          training would make of it.
        </p>
      )}
    </>
  );
}
