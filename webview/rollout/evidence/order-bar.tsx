/** What the order of the frames is worth to an answer, as a bar among those of its group, and as a number. */
import { nats, worthText } from '../../../trainer/evidence/verdict.ts';
import type { HeldOrderWorth } from '../../../trainer/protocol/evidence.ts';
import type { Rollout } from '../../../trainer/protocol/records.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import styles from './order-bar.module.css';

type Weighable = Pick<Rollout, 'orderWorth'>;

/** The worth that a whole bar stands for, in nats; null where none of them was weighed. */
export function wholeBar(rollouts: readonly Weighable[]): number | null {
  const worths = rollouts.flatMap(({ orderWorth }) => (orderWorth ? [orderWorth.worth] : []));
  return worths.length === 0 ? null : Math.max(...worths, 1);
}

/** In words; null where it was not weighed. */
export function orderSaid({ orderWorth }: Weighable): string | null {
  if (!orderWorth) return null;
  const { uses, same, step } = orderWorth;
  const verdict = uses === null ? '' : uses ? ', which is to use it' : ', which is not to use it';
  return `order is worth ${worthText(orderWorth)}${verdict}${same ? '' : `, by the weights of step ${step}`}`;
}

export function OrderBar({ held, whole }: { held: HeldOrderWorth | undefined; whole: number }) {
  const share = held ? Math.min(1, Math.max(0, held.worth / whole)) : 0;
  return (
    <svg class={styles.bar} height="4" aria-hidden="true">
      <rect class={styles.track} width="100%" height="4" />
      {share > 0 && (
        <rect class={held?.uses === true ? styles.used : styles.unused} width={`${100 * share}%`} height="4" />
      )}
    </svg>
  );
}

/** A line of a card. */
export function OrderLine({ rollout, whole }: { rollout: Weighable; whole: number }) {
  const { orderWorth } = rollout;
  return (
    <span class={styles.line} title={orderWorth ? undefined : 'not weighed'} data-part="order-worth">
      <span>order</span>
      <OrderBar held={orderWorth} whole={whole} />
      <FormulaLabel name="orderWorth" worked={orderSaid(rollout) ?? ''} pointerOnly class="num">
        {orderWorth ? nats(orderWorth.worth) : '–'}
      </FormulaLabel>
    </span>
  );
}
