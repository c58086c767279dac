/** What an evaluation asked besides: the same questions without reasoning, and videos shown backwards. Shares with their intervals. */
import {
  type DirectArm,
  type DirectSlice,
  directByWords,
  directCautions,
  type ReversedArm,
  type ReversedSlice,
} from '../../trainer/protocol/evaluation-arms.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Evaluation } from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { count, fixed, grouped, signed } from '../ui/numbers.ts';
import styles from './evaluation-arms.module.css';

export function EvaluationArms({ direct, reversed }: Pick<Evaluation, 'direct' | 'reversed'>) {
  return (
    <>
      {direct && <Direct {...direct} />}
      {reversed && <Reversed {...reversed} />}
    </>
  );
}

/** What the two ways share: a column for each, with its interval. */
type Interval = DirectSlice['direct'];

/** `0.75 … 0.88` */
export const boundsText = ({ low, high }: Interval, text: (value: number, decimals: number) => string = fixed) =>
  `${text(low, 2)} … ${text(high, 2)}`;

function Share({ name, of, text = fixed }: { name: FormulaName; of: Interval; text?: typeof fixed }) {
  return (
    <td class="num" data-formula={name}>
      {text(of.mean, 3)} <span class={`${styles.interval} dim`}>{boundsText(of, text)}</span>
    </td>
  );
}

function SliceName({ kind, name }: Pick<DirectSlice, 'kind' | 'name'>) {
  return (
    <td>
      {(kind === 'type' || kind === 'family') && <span class="dim">{kind} </span>}
      {kind === 'all' ? 'all pairs' : kind === 'needs order' ? 'those that need the order' : shownLine(name)}
    </td>
  );
}

const isWhole = ({ kind }: Pick<DirectSlice, 'kind'>) => kind === 'all' || kind === 'needs order';

function Head({ columns }: { columns: readonly (readonly [FormulaName, string])[] }) {
  return (
    <thead>
      <tr>
        <th>slice</th>
        {columns.map(([name, label]) => (
          <th key={name} class="num">
            <FormulaLabel name={name}>{label}</FormulaLabel>
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** The line under a table: how it was asked, and what is to be known of its figures. */
export const directNote = (arm: DirectArm) =>
  [`Without reasoning: ${directByWords[arm.by]}.`, ...directCautions(arm)].join(' ');

export const reversedNote = ({ leftOut }: Pick<ReversedArm, 'leftOut'>) =>
  leftOut === 0 ? '' : `Left out, since the dataset has no reversed_solution for them: ${count(leftOut, 'question')}.`;

function Direct(arm: DirectArm) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    <section class={styles.arm} aria-label="With reasoning and without" tabIndex={0}>
      <table data-part="direct">
        <Head
          columns={[
            ['armCount', 'n'],
            ['armReasoning', 'reasoning'],
            ['armDirect', 'direct'],
            ['armDifference', 'difference'],
            ['armOnly', 'only one right'],
          ]}
        />
        <tbody>
          {arm.slices.map((slice) => (
            <tr key={`${slice.kind} ${slice.name}`} class={isWhole(slice) ? styles.whole : undefined}>
              <SliceName {...slice} />
              <td class="num" data-formula="armCount">
                {grouped(slice.count)}
              </td>
              <Share name="armReasoning" of={slice.reasoning} />
              <Share name="armDirect" of={slice.direct} />
              <Share name="armDifference" of={slice.difference} text={signed} />
              <td class="num" data-formula="armOnly">
                {slice.onlyReasoning} : {slice.onlyDirect}{' '}
                <span class="dim">p {slice.p < 0.001 ? '<0.001' : fixed(slice.p, 3)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="dim">{directNote(arm)}</p>
    </section>
  );
}

function Reversed(arm: ReversedArm) {
  const note = reversedNote(arm);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    <section class={styles.arm} aria-label="Videos and their reversals" tabIndex={0}>
      {arm.slices.length > 0 && (
        <table data-part="reversed">
          <Head
            columns={[
              ['armCount', 'n'],
              ['armClip', 'clip'],
              ['armReversed', 'reversed'],
              ['armPair', 'both right'],
            ]}
          />
          <tbody>
            {arm.slices.map((slice: ReversedSlice) => (
              <tr key={`${slice.kind} ${slice.name}`} class={isWhole(slice) ? styles.whole : undefined}>
                <SliceName {...slice} />
                <td class="num" data-formula="armCount">
                  {grouped(slice.count)}
                </td>
                <Share name="armClip" of={slice.clip} />
                <Share name="armReversed" of={slice.reversed} />
                <Share name="armPair" of={slice.pair} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {note !== '' && <p class="dim">{note}</p>}
    </section>
  );
}
