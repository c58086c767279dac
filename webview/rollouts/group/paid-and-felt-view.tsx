/** Paid and felt: advantages of a group with the temporal reward and without it, and if only answers that use order were paid. */
import type { GroupWithRollouts } from '../../../trainer/protocol/records.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { Section } from '../../ui/heads.tsx';
import { signed } from '../../ui/numbers.ts';
import { orderWords, type PaidLine, paidView } from './paid-and-felt.ts';
import styles from './paid-and-felt-view.module.css';

export function PaidAndFeltView({ group, selectedId }: { group: GroupWithRollouts; selectedId: string | null }) {
  const view = paidView(group);
  if (view === null) return null;
  const { lines, paid, felt, sentence } = view;
  return (
    <section aria-label="Paid and felt" data-part="paid-and-felt">
      <Section
        title="Paid and felt"
        meta={
          <FormulaLabel name="felt">
            {paid} paid{lines.length > 0 && feltWords(felt, paid)}
          </FormulaLabel>
        }
      />
      {lines.length > 0 && (
        <table class={styles.table} data-part="paid-lines">
          <thead>
            <tr>
              <th scope="col">answers</th>
              <th scope="col" class="num">
                <FormulaLabel name="orderWorth" pointerOnly>
                  order
                </FormulaLabel>
              </th>
              <th scope="col" class="num">
                <FormulaLabel name="advantageWithout" pointerOnly>
                  no r<sub>t</sub>
                </FormulaLabel>
              </th>
              <th scope="col" class="num">
                <FormulaLabel name="advantage" pointerOnly>
                  with
                </FormulaLabel>
              </th>
              <th scope="col" class="num">
                <FormulaLabel name="advantageIfUsed" pointerOnly>
                  if used
                </FormulaLabel>
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <Line key={line.answers[0]?.id} line={line} selectedId={selectedId} />
            ))}
          </tbody>
        </table>
      )}
      <p class={`${styles.note} dim`}>{sentence}</p>
    </section>
  );
}

const remarkWords: Readonly<Record<NonNullable<PaidLine['remark']>, string>> = {
  'not felt': 'the temporal reward was paid, and the advantage is the same without it',
  'not used': 'the temporal reward was paid, and the answer does not use the order of the frames',
};

const feltWords = (felt: number, paid: number) =>
  felt === 0 ? ', not felt' : felt === paid ? ' and felt' : `, ${felt} of them felt`;

function Line({ line, selectedId }: { line: PaidLine; selectedId: string | null }) {
  const { answers, order, without, advantage, ifUsed, remark } = line;
  return (
    <tr>
      <th scope="row">
        {answers.map(({ id, index }) => (
          <span key={id} class={id === selectedId ? styles.selected : styles.answer}>
            {index + 1}
          </span>
        ))}
        {remark && (
          <span class={styles.remark} title={remarkWords[remark]}>
            paid, {remark}
          </span>
        )}
      </th>
      <td class="num">{orderWords(order)}</td>
      <td class="num">{signed(without, 2)}</td>
      <td class="num">
        <b>{signed(advantage, 2)}</b>
      </td>
      <td class="num">{signed(ifUsed, 2)}</td>
    </tr>
  );
}
