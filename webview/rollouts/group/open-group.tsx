/** A group whose update is not made yet: what a person can change of it, and how the run goes on from here. */
import { useRef, useState } from 'preact/hooks';
import { type CommandRequest, refusal } from '../../../trainer/protocol/commands.ts';
import { correctionWhy, type GivenScores } from '../../../trainer/protocol/corrections.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { placeWords } from '../../../trainer/protocol/run-words.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Section } from '../../ui/heads.tsx';
import { count } from '../../ui/numbers.ts';
import styles from './open-group.module.css';

interface OpenGroupProps {
  readonly feed: RunFeed;
  readonly run: RunSummary;
  readonly group: GroupWithRollouts;
  /** The answer that is read; null while it is of another group. */
  readonly rollout: Rollout | null;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly refused: string | null;
}

/** Whether the update of a group may still be ahead of its run. */
export function isAhead(run: RunSummary, group: Pick<GroupWithRollouts, 'purpose' | 'superseded' | 'step'>): boolean {
  if (run.method === 'sft' || group.purpose !== 'train' || group.superseded !== undefined) return false;
  if (group.step !== run.step + 1) return false;
  return run.state === 'running' || run.state === 'pausing' || (run.state === 'paused' && run.memory === 'held');
}

const changeable: readonly string[] = ['after-sampling', 'before-update'];

export function OpenGroup({ feed, run, group, rollout, refused }: OpenGroupProps) {
  const [why, setWhy] = useState('');
  const [alsoSkip, setAlsoSkip] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  /* Something was pressed that wants a reason. */
  const [wanted, setWanted] = useState(false);
  if (!isAhead(run, group)) return null;
  const { step } = group;
  const isHeld = run.state === 'paused' && changeable.includes(run.at.point);
  const reasonless = correctionWhy.safeParse(why).success ? null : 'Say why first: it is kept with the answer.';
  const button = (words: string, request: CommandRequest | null, unless: string | null, then?: CommandRequest) => {
    const blocked = refused ?? unless ?? (request && refusal(request, run, []));
    return (
      <button
        type="button"
        class="link"
        aria-disabled={blocked === null && request !== null ? undefined : 'true'}
        title={blocked ?? 'Enters the update that is about to be made; can be taken back until then'}
        onClick={() => {
          if (blocked !== null && blocked === reasonless) {
            setWanted(true);
            field.current?.focus();
          }
          if (blocked !== null || request === null) return;
          void feed.command(request).then((record) => {
            if (then && record !== null && record.state !== 'rejected') void feed.command(then);
          });
        }}
      >
        {words}
      </button>
    );
  };
  if (!isHeld)
    return (
      <section aria-label="Open update" data-part="open-group">
        <Section title="Open update" />
        <p class={styles.note}>
          The update of step {step} is not made yet. To change what it is made of,{' '}
          {button('pause before it', { kind: 'pause', release: false, at: 'before-update' }, null)}.
        </p>
      </section>
    );
  const ordered = group.rollouts.filter(({ order }) => order === 'ordered');
  const counted = ordered.filter(({ masked }) => masked === undefined);
  const isOrdered = rollout?.order === 'ordered';
  const named = rollout === null ? 'an answer' : `${isOrdered ? 'answer' : 'shuffled answer'} ${rollout.index + 1}`;
  const none = rollout === null ? 'Choose an answer of this group first.' : null;
  const mask = (rollouts: readonly string[], masked: boolean): CommandRequest => ({
    ...{ kind: 'mask', step, rollouts: [...rollouts], masked, why: why.trim() },
  });
  const score = (scores: GivenScores | null): CommandRequest | null =>
    rollout && { kind: 'rescore', step, rollout: rollout.id, scores, why: why.trim() };
  const skip: CommandRequest = { kind: 'skip', row: group.question.row, skipped: true, why: why.trim() };
  const isSkipped = run.skippedRows?.includes(group.question.row) === true;
  return (
    <section aria-label="Open update" data-part="open-group">
      <Section
        title="Open update"
        meta={`${counted.length} of ${count(ordered.length, 'answer')} in it; the run stands ${placeWords(run.at)}`}
      />
      <div class={styles.form}>
        <label class={styles.why}>
          <span>Why</span>
          <input
            ref={field}
            type="text"
            value={why}
            aria-describedby={wanted && reasonless !== null ? 'open-group-why' : undefined}
            maxLength={1000}
            placeholder="kept with what is changed"
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
        </label>
        {wanted && reasonless !== null && (
          <span id="open-group-why" class={styles.fault} role="alert">
            {reasonless}
          </span>
        )}
        <span>
          {isOrdered && rollout?.masked !== undefined
            ? button(`Put ${named} back`, mask([rollout.id], false), reasonless)
            : button(
                `Leave ${named} out`,
                rollout && mask([rollout.id], true),
                none ??
                  (isOrdered ? null : 'Shuffled answers are not trained on; score it anew instead.') ??
                  reasonless,
              )}
          {', or score it '}
          {button('right', score({ accuracy: 1 }), none ?? reasonless)}
          {', '}
          {button('wrong', score({ accuracy: 0 }), none ?? reasonless)}
          {rollout?.rescored !== undefined && (
            <>
              {', '}
              {button('as found', score(null), reasonless)}
            </>
          )}
          .
        </span>
        <span>
          {counted.length === 0
            ? button(
                'Put the whole group back',
                mask(
                  ordered.map(({ id }) => id),
                  false,
                ),
                reasonless,
              )
            : button(
                'Leave the whole group out',
                mask(
                  counted.map(({ id }) => id),
                  true,
                ),
                reasonless,
                alsoSkip ? skip : undefined,
              )}{' '}
          {counted.length > 0 && !isSkipped && (
            <label>
              <input
                type="checkbox"
                checked={alsoSkip}
                onChange={(event) => setAlsoSkip(event.currentTarget.checked)}
              />{' '}
              and ask this question no more
            </label>
          )}
          {isSkipped && <span class="dim">This question is asked no more from the next step on.</span>}
        </span>
        <span class="dim">
          A parameter that is set waits for the next step. {button('Make the update', { kind: 'resume' }, null)}, or{' '}
          {button('make it and pause', { kind: 'step', count: 1 }, null)}.
        </span>
      </div>
    </section>
  );
}
