/** The group as one row: each answer with its mark, its advantage and its reward's parts, and which of them is read. */
import { useEffect, useRef } from 'preact/hooks';
import { answerMark, fractionsRuleOf } from '../../trainer/protocol/correctness.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { equation, workedTest } from '../formulas/worked-formulas.ts';
import { OrderMark, TickOrCross } from '../ui/icons.tsx';
import { fixed } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import { AnswerMark } from './answer-mark.tsx';
import { OrderBar, orderSaid, wholeBar } from './evidence/order-bar.tsx';
import styles from './group-chips.module.css';
import { advantageInUpdate } from './in-update.ts';
import { RewardParts } from './reward-parts.tsx';

export const purposeWords = { train: 'question', probe: 'probe', evaluation: 'evaluation' } as const;

interface GroupChipsProps {
  readonly group: GroupWithRollouts;
  /** What it is called; of two on a page each by its own. */
  readonly label: string;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  readonly selectedId: string | null;
  /** The whole group stands in place of the rollout. */
  readonly open: boolean;
  /** What the whole group has that is wanted now; "All" where it is not said. */
  readonly wanted?: string | undefined;
  readonly onSelect: (rolloutId: string) => void;
  readonly onOpen: () => void;
}

const partsWidth = 44;

export function GroupChips(props: GroupChipsProps) {
  const { group, label, threshold, selectedId, open, wanted = 'All', onSelect, onOpen } = props;
  const row = useRef<HTMLDivElement>(null);
  const of = (order: Rollout['order']) => group.rollouts.filter((rollout) => rollout.order === order);
  const whole = wholeBar(group.rollouts);
  const halves = [of('ordered'), of('shuffled')].filter((answers) => answers.length > 0);
  useEffect(() => {
    const chips = row.current;
    const chip = chips?.querySelector('[aria-pressed=true]')?.getBoundingClientRect();
    if (!chips || !chip) return;
    /* Sideways, and nothing around it: where the page itself scrolls, it stays where it was. */
    const { left, right } = chips.getBoundingClientRect();
    chips.scrollLeft += Math.min(0, chip.left - left) + Math.max(0, chip.right - right);
  }, [selectedId, group]);
  return (
    <section class={styles.chips} aria-label={label} data-part="group-chips">
      <div class={styles.head}>
        <h2>Group</h2>
        <span class="dim cut">
          {purposeWords[group.purpose]} of step {group.step}
        </span>
        <span class="grow" />
        {halves.map((answers) => (
          <FormulaLabel key={answers[0]?.order} name="correct">
            <OrderMark order={answers[0]?.order ?? 'ordered'} /> {answers.filter(({ correct }) => correct).length} of{' '}
            {answers.length}
            {answers[0]?.order === 'ordered' && ` right${fractionsRuleOf(answers, threshold)}`}
          </FormulaLabel>
        ))}
        {group.temporal && (
          <FormulaLabel name="temporalTest" worked={workedTest(group.temporal)}>
            <span class={styles.test}>
              {equation(group.temporal)} <TickOrCross tick={group.temporal.passed} label="" />{' '}
              {group.temporal.passed ? 'paid' : 'not paid'}
            </span>
          </FormulaLabel>
        )}
        <Tool
          label="The whole group (g)"
          text={
            <>
              {wanted} <kbd>g</kbd>
            </>
          }
          pressed={open}
          onPress={onOpen}
        />
      </div>
      <div ref={row} class={styles.row}>
        {halves.map((answers) =>
          answers.map((rollout, index) => (
            <Chip
              key={rollout.id}
              rollout={rollout}
              threshold={threshold}
              whole={whole}
              selected={rollout.id === selectedId}
              apart={index === 0 && answers !== halves[0]}
              onSelect={onSelect}
            />
          )),
        )}
      </div>
    </section>
  );
}

interface ChipProps extends Pick<GroupChipsProps, 'threshold' | 'onSelect'> {
  readonly rollout: Rollout;
  /** The worth of order, in nats, that a whole bar stands for; null where none of the group was weighed. */
  readonly whole: number | null;
  readonly selected: boolean;
  /** The first of the shuffled answers. */
  readonly apart: boolean;
}

function Chip({ rollout, threshold, whole, selected, apart, onSelect }: ChipProps) {
  const { order, index, accuracy, correct, reward } = rollout;
  const answer = rollout.answer === '' ? 'none' : shownLine(rollout.answer, 60);
  const inUpdate = advantageInUpdate(rollout);
  const figure = inUpdate?.figure ?? fixed(reward.total, 2);
  const said = `${order} ${index + 1}: ${answer}, ${answerMark(accuracy, correct, threshold).label}, ${
    inUpdate === null ? 'reward' : 'advantage'
  } ${figure.replace('*', '')}${inUpdate?.was ? `, ${inUpdate.was}` : ''}${rollout.orderWorth ? `, ${orderSaid(rollout)}` : ''}`;
  return (
    <button
      type="button"
      class={`${styles.chip} ${selected ? styles.selected : ''} ${apart ? styles.apart : ''}`}
      aria-pressed={selected}
      aria-label={said}
      title={said}
      onClick={() => onSelect(rollout.id)}
    >
      <span class={styles.line}>
        <span class="dim">{index + 1}</span>
        <b class="cut model-text">{answer}</b>
        <span class="grow" />
        <AnswerMark accuracy={accuracy} correct={correct} threshold={threshold} />
      </span>
      <span class={`${styles.figure} num`}>{inUpdate?.isLeftOut ? <s>{figure}</s> : figure}</span>
      <RewardParts parts={reward.parts} width={partsWidth} />
      {whole !== null && <OrderBar held={rollout.orderWorth} whole={whole} />}
    </button>
  );
}
