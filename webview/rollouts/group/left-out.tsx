/** The answers of a group that were left out of the update, and what that did to the advantages of the others. */
import type { GroupWithRollouts } from '../../../trainer/protocol/records.ts';
import { whyMasked } from '../../rollout/in-update.ts';
import { Section } from '../../ui/heads.tsx';
import { signed } from '../../ui/numbers.ts';
import styles from './left-out.module.css';

export function LeftOut({ group }: { readonly group: GroupWithRollouts }) {
  const masked = group.rollouts.flatMap(({ id, index, masked }) => (masked ? [{ id, index, masked }] : []));
  const changed = group.rollouts.flatMap(({ id, index, advantage, updatedAdvantage: to }) =>
    to === undefined ? [] : [{ id, index, from: advantage, to }],
  );
  if (masked.length === 0) return null;
  return (
    <section data-part="left-out" aria-label="Left out of the update">
      <Section title="Left out of the update" />
      <ul class={styles.left}>
        {masked.map(({ id, index, masked }) => (
          <li key={id}>
            <b>{index + 1}</b> <span class="model-text">{whyMasked(masked)}</span>; its advantage was{' '}
            <span class="num">{signed(masked.advantage, 2)}</span> before
          </li>
        ))}
        {changed.length > 0 && (
          <li>
            Advantages of the others in the update:{' '}
            {changed.map(({ id, index, from, to }, at) => (
              <span key={id}>
                {at > 0 && ', '}
                <b>{index + 1}</b>{' '}
                <span class="num">
                  {signed(from, 2)} → {signed(to, 2)}
                </span>
              </span>
            ))}
          </li>
        )}
      </ul>
    </section>
  );
}
