/** One question: ordered answers beside shuffled ones, the temporal test, the spread, and what it would be if. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import { fractionsRuleOf } from '../../../trainer/protocol/correctness.ts';
import { flatSentence } from '../../../trainer/protocol/flat-reason.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { ParameterValues } from '../../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { workedAdvantage, workedMean, workedStd, workedSum, workedTotal } from '../../formulas/worked-formulas.ts';
import { AhaTier } from '../../rollout/aha-tier.tsx';
import { AnswerMark } from '../../rollout/answer-mark.tsx';
import { OrderLine, wholeBar } from '../../rollout/evidence/order-bar.tsx';
import { purposeWords } from '../../rollout/group-chips.tsx';
import { advantageInUpdate } from '../../rollout/in-update.ts';
import { RewardParts } from '../../rollout/reward-parts.tsx';
import { PaneHead, Section } from '../../ui/heads.tsx';
import { Icon, OrderMark } from '../../ui/icons.tsx';
import { fixed, signed } from '../../ui/numbers.ts';
import { Pane, PaneBody } from '../../ui/pane.tsx';
import type { Store } from '../../ui/store.ts';
import { Tool } from '../../ui/tool.tsx';
import styles from './group-view.module.css';
import { LeftOut } from './left-out.tsx';
import { PaidAndFeltView } from './paid-and-felt-view.tsx';
import { TemporalTestView } from './temporal-test.tsx';
import { knownGroup, type WhatIfChanges } from './what-if.ts';
import { WhatIf } from './what-if.tsx';

interface GroupViewProps {
  readonly group: GroupWithRollouts;
  readonly parameters: ParameterValues;
  /** Of the run, as far as they were read: they tell with which parameters an older group was made. */
  readonly commands: readonly CommandRecord[];
  readonly selectedId: string | null;
  readonly flaggedIds: ReadonlySet<string>;
  /** Inclusive ends of the length window; answers outside it are marked. Null for runs that have none. */
  readonly lengthWindow: readonly [number, number] | null;
  /** What is tried in place of the run's parameters. */
  readonly whatIf: Store<WhatIfChanges>;
  /** Out of a field of what-if, to where one was before. */
  readonly onLeaveWhatIf: () => void;
  readonly onSelect: (rolloutId: string) => void;
  readonly onMove: (by: 1 | -1) => void;
  /** What has its answers weighed. */
  readonly weighing?: ComponentChildren;
  /** What can be changed while its update is not made. */
  readonly open?: ComponentChildren;
  /** What its update did, and would do. */
  readonly update?: ComponentChildren;
}

export function GroupView(props: GroupViewProps) {
  const { group, parameters, commands, selectedId, flaggedIds, lengthWindow, whatIf, onSelect, onMove } = props;
  const known = useMemo(() => knownGroup(group, parameters, commands), [group, parameters, commands]);
  const flat = flatSentence(group);
  const { normalised } = group.stats;
  const batchStd = normalised?.advantageScale === 'batch' ? normalised.batchStd : undefined;
  const ordered = group.rollouts.filter(({ order }) => order === 'ordered');
  const shuffled = group.rollouts.filter(({ order }) => order === 'shuffled');
  const advantages = ordered.map(({ advantage }) => advantage).filter((advantage) => advantage !== null);
  const sum = advantages.reduce((total, advantage) => total + advantage, 0);
  const threshold = parameters.correctThreshold;
  const whole = wholeBar(group.rollouts);
  const card = (rollout: Rollout) => (
    <AnswerCard
      key={rollout.id}
      rollout={rollout}
      whole={whole}
      threshold={threshold}
      workedAdvantage={workedAdvantage(rollout, group, parameters)}
      selected={rollout.id === selectedId}
      flagged={flaggedIds.has(rollout.id)}
      outside={lengthWindow !== null && (rollout.tokenCount < lengthWindow[0] || rollout.tokenCount > lengthWindow[1])}
      onSelect={onSelect}
    />
  );
  return (
    <Pane name="group" label="Group">
      <PaneHead
        title="Group"
        meta={
          <>
            {purposeWords[group.purpose]} of step {group.step}
            {group.question.family && `, ${shownLine(group.question.family)}`}
          </>
        }
        tools={
          <>
            <Tool icon="up" label="Question above (K)" onPress={() => onMove(-1)} />
            <Tool icon="down" label="Question below (J)" onPress={() => onMove(1)} />
          </>
        }
      />
      <PaneBody>
        <div class={`${styles.halves} ${shuffled.length === 0 ? styles.one : ''}`}>
          <Half title="Ordered" order="ordered" threshold={threshold} rollouts={ordered} />
          {shuffled.length > 0 && <Half title="Shuffled" order="shuffled" threshold={threshold} rollouts={shuffled} />}
          <div>{ordered.map(card)}</div>
          {shuffled.length > 0 && (
            <div>
              {shuffled.map(card)}
              <p class={`${styles.note} dim`}>
                Shuffled answers only measure; nothing trains on them. Reward parts, left to right:{' '}
                <FormulaLabel name="accuracyPart">accuracy</FormulaLabel>,{' '}
                <FormulaLabel name="formatPart">format</FormulaLabel>,{' '}
                <FormulaLabel name="temporalPart">temporal</FormulaLabel>,{' '}
                {group.credit && (
                  <>
                    <FormulaLabel name="creditPart">credit</FormulaLabel>,{' '}
                  </>
                )}
                <FormulaLabel name="lengthPart">length</FormulaLabel>; faint is what was not earned.
              </p>
            </div>
          )}
        </div>
        {props.open}
        <LeftOut group={group} />
        {props.weighing}
        {group.temporal && <TemporalTestView test={group.temporal} {...{ ordered, shuffled, threshold }} />}
        <PaidAndFeltView group={group} selectedId={selectedId} />
        <Section title="Spread" />
        <div class={styles.spread} data-part="spread">
          <FormulaLabel name="mean" worked={workedMean(group)}>
            mean <b>{fixed(group.stats.mean, 3)}</b>
          </FormulaLabel>
          <FormulaLabel name="std" worked={workedStd(group)}>
            std <b>{group.stats.count === 1 ? 'none, of one answer' : fixed(group.stats.std, 3)}</b>
          </FormulaLabel>
          {batchStd !== undefined && (
            <FormulaLabel name="batchStd">
              std of the batch <b>{fixed(batchStd, 3)}</b>
            </FormulaLabel>
          )}
          <FormulaLabel name="groupSize">
            n <b>{group.stats.count}</b>
          </FormulaLabel>
          {advantages.length > 0 && (
            <FormulaLabel name="advantageSum" worked={workedSum(advantages, 2)}>
              advantages add up to <b>{signed(Math.abs(sum) < 5e-4 ? 0 : sum, 3)}</b>
            </FormulaLabel>
          )}
          {flat !== null && (
            <p class={styles.flat} data-part="flat">
              <FormulaLabel name="flatReasons" pointerOnly>
                <b>Flat:</b> {flat}
              </FormulaLabel>
            </p>
          )}
        </div>
        {props.update}
        <WhatIf
          known={known}
          rollout={group.rollouts.find(({ id }) => id === selectedId) ?? null}
          changes={whatIf}
          onLeave={props.onLeaveWhatIf}
        />
        {group.explanation.length > 0 && (
          <>
            <Section title="How it came about" />
            <ul class={styles.explanation}>
              {group.explanation.map((line) => (
                <li key={line}>{shownLine(line, 2000)}</li>
              ))}
            </ul>
          </>
        )}
      </PaneBody>
    </Pane>
  );
}

function Half({
  title,
  order,
  threshold,
  rollouts,
}: {
  title: string;
  order: 'ordered' | 'shuffled';
  threshold: number;
  rollouts: readonly Rollout[];
}) {
  return (
    <h3>
      <OrderMark order={order} />
      <span>{title}</span>
      <FormulaLabel name="correct" class={`${styles.right} dim`}>
        {rollouts.filter(({ correct }) => correct).length} of {rollouts.length} right
        {fractionsRuleOf(rollouts, threshold)}
      </FormulaLabel>
    </h3>
  );
}

interface AnswerCardProps {
  readonly rollout: Rollout;
  /** The worth of order, in nats, that a whole bar stands for; null where none of the group was weighed. */
  readonly whole: number | null;
  readonly threshold: number;
  readonly workedAdvantage: string;
  readonly selected: boolean;
  readonly flagged: boolean;
  readonly outside: boolean;
  readonly onSelect: (rolloutId: string) => void;
}

function AnswerCard({
  rollout,
  whole,
  threshold,
  workedAdvantage: worked,
  selected,
  flagged,
  outside,
  onSelect,
}: AnswerCardProps) {
  const tier = rollout.aha.reduce((highest, moment) => Math.max(highest, moment.tier), 0);
  const inUpdate = advantageInUpdate(rollout);
  return (
    <button
      type="button"
      class={`${styles.answer} ${selected ? styles.selected : ''}`}
      aria-pressed={selected}
      onClick={() => onSelect(rollout.id)}
    >
      <span class={styles.line}>
        <span class="dim">{rollout.index + 1}</span>
        <b class="cut model-text">{rollout.answer === '' ? 'none' : shownLine(rollout.answer, 60)}</b>
        <AnswerMark accuracy={rollout.accuracy} correct={rollout.correct} threshold={threshold} />
        <span class={styles.end}>
          {flagged && <Icon name="flag" label="flagged" />}
          <span
            class={outside ? styles.outside : undefined}
            data-formula="tokens"
            title={`${rollout.tokenCount} tokens${outside ? ', outside the length window' : ''}`}
          >
            {rollout.tokenCount}
          </span>
          <AhaTier tier={tier} />
        </span>
      </span>
      <span class={styles.reward}>
        <RewardParts parts={rollout.reward.parts} width={46} />
        <FormulaLabel name="total" worked={workedTotal(rollout)} pointerOnly class="num">
          {fixed(rollout.reward.total, 2)}
        </FormulaLabel>
        <FormulaLabel name="advantage" worked={worked} pointerOnly class="num">
          {inUpdate === null ? (
            '–'
          ) : inUpdate.isLeftOut ? (
            <s title={inUpdate.was ?? undefined}>{inUpdate.figure}</s>
          ) : (
            <span title={inUpdate.was ?? undefined}>{inUpdate.figure}</span>
          )}
        </FormulaLabel>
      </span>
      {whole !== null && <OrderLine rollout={rollout} whole={whole} />}
    </button>
  );
}
