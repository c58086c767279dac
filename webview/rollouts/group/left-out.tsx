/** The answers of a group that were left out of the update or scored anew before it, and what that did to the advantages of the others. */
import { scoresWords } from '../../../trainer/protocol/corrections.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import { whyMasked } from '../../rollout/in-update.ts';
import { Section } from '../../ui/heads.tsx';
import { fixed, signed } from '../../ui/numbers.ts';
import styles from './left-out.module.css';

/** `3`, or `shuffled 3`. */
const nameOf = ({ order, index }: Pick<Rollout, 'order' | 'index'>) =>
  order === 'ordered' ? String(index + 1) : `shuffled ${index + 1}`;

export function LeftOut({ group }: { readonly group: GroupWithRollouts }) {
  const { rollouts } = group;
  const masked = rollouts.flatMap((one) => (one.masked ? [{ ...one, masked: one.masked }] : []));
  const rescored = rollouts.flatMap((one) => (one.rescored ? [{ ...one, rescored: one.rescored }] : []));
  const rewards = rollouts.flatMap((one) =>
    one.updatedReward === undefined ? [] : [{ ...one, to: one.updatedReward }],
  );
  const advantages = rollouts.flatMap((one) =>
    one.updatedAdvantage === undefined ? [] : [{ ...one, to: one.updatedAdvantage }],
  );
  if (masked.length + rescored.length === 0) return null;
  const title = rescored.length === 0 ? 'Left out of the update' : 'Changed before the update';
  return (
    <section data-part="left-out" aria-label={title}>
      <Section title={title} />
      <ul class={styles.left}>
        {masked.map((one) => (
          <li key={one.id}>
            <b>{nameOf(one)}</b> <span class="model-text">{whyMasked(one.masked)}</span>; its advantage was{' '}
            <span class="num">{signed(one.masked.advantage, 2)}</span> before
          </li>
        ))}
        {rescored.map((one) => (
          <li key={`scored ${one.id}`}>
            <b>{nameOf(one)}</b> <span class="num">{scoresWords(one.rescored)}</span> given by{' '}
            <span class="model-text">
              {shownLine(one.rescored.by, 60)}: “{shownLine(one.rescored.why, 200)}”
            </span>
          </li>
        ))}
        {rewards.length > 0 && (
          <li>
            Rewards in the update:{' '}
            {rewards.map(({ id, order, index, reward, to }, at) => (
              <span key={id}>
                {at > 0 && ', '}
                <b>{nameOf({ order, index })}</b>{' '}
                <span class="num">
                  {fixed(reward.total, 2)} → {fixed(to, 2)}
                </span>
              </span>
            ))}
          </li>
        )}
        {advantages.length > 0 && (
          <li>
            {masked.length > 0 && rescored.length === 0
              ? 'Advantages of the others in the update: '
              : 'Advantages in the update: '}
            {advantages.map(({ id, index, advantage, to }, at) => (
              <span key={id}>
                {at > 0 && ', '}
                <b>{index + 1}</b>{' '}
                <span class="num">
                  {signed(advantage, 2)} → {signed(to, 2)}
                </span>
              </span>
            ))}
          </li>
        )}
      </ul>
    </section>
  );
}
