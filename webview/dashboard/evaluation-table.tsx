/** Evaluations: ordered beside shuffled, and what the chosen one says by slice. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import {
  askedTheSame,
  type Evaluation,
  type EvaluationSlice,
  gapOf,
  questionsOf,
} from '../../trainer/protocol/records.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import { Section } from '../ui/heads.tsx';
import { OrderMark } from '../ui/icons.tsx';
import { clock, count, elapsed, fixed, grouped, signed } from '../ui/numbers.ts';
import { Segments } from '../ui/segments.tsx';
import { Tool } from '../ui/tool.tsx';
import { EvaluationArms } from './evaluation-arms.tsx';
import styles from './evaluation-table.module.css';

interface EvaluationTableProps {
  /** Newest first. */
  readonly evaluations: readonly Evaluation[];
  /** The earlier of two first; null for one that is still to be chosen. */
  readonly onCompare: (first: string, second: string | null) => void;
  /** To what datasets ask for, by checkpoints that answered them. */
}

const mostShown = 8;

export function EvaluationTable({ evaluations, onCompare }: EvaluationTableProps) {
  const [chosenId, choose] = useState<string | null>(null);
  /* The next step that is chosen is compared with the one that is shown. */
  const [comparing, setComparing] = useState(false);
  const chosen = evaluations.find(({ id }) => id === chosenId) ?? evaluations[0];
  if (!chosen) return null;
  const first = evaluations.at(-1);
  const pick = (id: string) => {
    if (!comparing || id === chosen.id) return choose(id);
    setComparing(false);
    const place = (wanted: string) => evaluations.findIndex((one) => one.id === wanted);
    const [earlier, later] = place(id) > place(chosen.id) ? [id, chosen.id] : [chosen.id, id];
    onCompare(earlier, later);
  };
  return (
    <section aria-label="Evaluations">
      <Section
        title="Evaluations"
        meta={`step ${grouped(chosen.step)} on ${shownLine(chosen.dataset.split(/[\\/]/).at(-1) ?? '')}, ${grouped(chosen.all.count)} ${questionsOf(chosen)}, ${elapsed(chosen.durationMs)}${chosen.skipped > 0 ? `, ${chosen.skipped} left out` : ''}`}
        tools={
          <>
            {evaluations.length > 1 && (
              <Segments label={comparing ? `Compare step ${grouped(chosen.step)} with step` : 'Evaluation of step'}>
                {evaluations
                  .slice(0, mostShown)
                  .reverse()
                  .map(({ id, step, at, all }) => (
                    <button
                      key={id}
                      type="button"
                      title={`${clock(at)}, ${count(all.count, 'question')}`}
                      aria-pressed={id === chosen.id}
                      onClick={() => pick(id)}
                    >
                      {grouped(step)}
                    </button>
                  ))}
              </Segments>
            )}
            <Tool
              label={
                evaluations.length > 1
                  ? 'Compare the evaluation that is shown: choose another step'
                  : 'Compare this evaluation with one of another run'
              }
              text={comparing ? 'choose the other step' : 'Compare'}
              pressed={comparing}
              onPress={() => (evaluations.length > 1 ? setComparing(!comparing) : onCompare(chosen.id, null))}
            />
          </>
        }
      />
      <table>
        <thead>
          <tr>
            <th>slice</th>
            <th class="num">
              <FormulaLabel name="evaluationCount">n</FormulaLabel>
            </th>
            <th class="num">
              <FormulaLabel name="evaluationOrdered">
                <OrderMark order="ordered" /> ordered
              </FormulaLabel>
            </th>
            <th class="num">
              <FormulaLabel name="evaluationShuffled">
                <OrderMark order="shuffled" /> shuffled
              </FormulaLabel>
            </th>
            <th class="num">
              <FormulaLabel name="evaluationGap">gap</FormulaLabel>
            </th>
            {first && first.id !== chosen.id && (
              <th class="num">
                <FormulaLabel name="evaluationSince">since step {grouped(first.step)}</FormulaLabel>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {slicesOf(chosen).map(({ slice, kind }) => (
            <SliceRow
              key={`${kind} ${slice.name}`}
              slice={slice}
              kind={kind}
              before={first && first.id !== chosen.id ? sameSlice(first, kind, slice) : null}
              sameQuestions={first === undefined || askedTheSame(first, chosen)}
            />
          ))}
        </tbody>
      </table>
      <EvaluationArms {...chosen} />
    </section>
  );
}

type SliceKind = 'all' | 'needs order' | 'type' | 'family';

function slicesOf(evaluation: Evaluation): { slice: EvaluationSlice; kind: SliceKind }[] {
  return [
    { slice: evaluation.all, kind: 'all' as const },
    ...(evaluation.needsOrder ? [{ slice: evaluation.needsOrder, kind: 'needs order' as const }] : []),
    ...evaluation.byType.map((slice) => ({ slice, kind: 'type' as const })),
    ...evaluation.byFamily.map((slice) => ({ slice, kind: 'family' as const })),
  ];
}

function sameSlice(evaluation: Evaluation, kind: SliceKind, wanted: EvaluationSlice): EvaluationSlice | null {
  return slicesOf(evaluation).find((held) => held.kind === kind && held.slice.name === wanted.name)?.slice ?? null;
}

function SliceRow({
  slice,
  kind,
  before,
  sameQuestions,
}: {
  slice: EvaluationSlice;
  kind: SliceKind;
  before: EvaluationSlice | null;
  sameQuestions: boolean;
}) {
  const name =
    kind === 'all' ? 'all questions' : kind === 'needs order' ? 'those that need the order' : shownLine(slice.name);
  const both = slice.alsoShuffled;
  return (
    <tr class={kind === 'all' || kind === 'needs order' ? styles.whole : undefined}>
      <td>
        {(kind === 'type' || kind === 'family') && <span class="dim">{kind} </span>}
        {name}
      </td>
      <td class="num" data-formula="evaluationCount">
        {grouped(slice.count)}
      </td>
      <td class="num" data-formula="evaluationOrdered">
        {fixed(slice.ordered, 3)}
      </td>
      <td class="num" data-formula="evaluationShuffled">
        {fixed(slice.shuffled, 3)}
        {both && both.count !== slice.count && <span class="dim"> of {grouped(both.count)}</span>}
      </td>
      <td class="num" data-formula="evaluationGap">
        {signed(gapOf(slice), 3)}
      </td>
      {before && (
        <td class="num" data-formula="evaluationSince">
          {signed(slice.ordered - before.ordered, 3)}
          {!sameQuestions && ` against other ${grouped(before.count)}`}
        </td>
      )}
    </tr>
  );
}
