/** What reasoning does over steps: aha moments by tier, answers that name a time, and what became of first answers. */
import { useMemo } from 'preact/hooks';
import { type Change, changes } from '../../trainer/protocol/analysis.ts';
import { type StepCounts, sumsOf } from '../../trainer/protocol/step-counts.ts';
import { explainAha } from '../formulas/aha-explained.tsx';
import { FormulaLabel } from '../formulas/formula.tsx';
import { AnalyseAnew, olderRulesRead } from '../run/analyse-anew.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { grouped } from '../ui/numbers.ts';
import styles from './aha-section.module.css';
import type { ChartGroup } from './chart-group.ts';
import { CountLink } from './count-link.tsx';
import type { Drawn } from './drawn-runs.ts';
import { RateChart, type RateSeries } from './rate-chart.tsx';
import { ofTraining } from './rates.ts';
import { type TransitionRow, transitionQuery, transitionRows, transitionTotal } from './transitions.ts';

const tiers: readonly RateSeries[] = [
  { name: 'T2', count: 'aha2', colour: 'aha', dash: [6, 3] },
  { name: 'T3', count: 'aha3', colour: 'aha' },
  { name: 'T4', count: 'aha4', colour: 'aha', dash: [12, 3, 3, 3] },
  { name: 'T5', count: 'aha5', colour: 'foreground' },
  { name: 'T1, a cue', count: 'aha1', colour: 'dim', dash: [1, 3] },
];
const times: readonly RateSeries[] = [{ name: 'name a time', count: 'namesTime', colour: 'plain' }];

const mostRows = 10;

interface AhaSectionProps {
  readonly feed: RunFeed;
  readonly view: RunView;
  readonly group: ChartGroup;
  readonly drawn: Drawn;
}

export function AhaSection({ feed, view, group, drawn }: AhaSectionProps) {
  const { counts, outdated } = view.counted;
  const own = ofTraining(counts);
  const analysed = own ? sumsOf(own, 'analysed').reduce((sum, one) => sum + one, 0) : 0;
  if (!own) return null;
  const shared = { group, drawn, counts: own };
  return (
    <section aria-label="Reasoning" data-part="reasoning">
      <Section
        title="Reasoning"
        meta={
          <FormulaLabel name="rate">
            {own.purpose === 'probe' ? 'answers of probes' : 'training answers'} on frames in order
          </FormulaLabel>
        }
        tools={
          <button type="button" class="link" onClick={explainAha}>
            How aha moments are found
          </button>
        }
      />
      {outdated > 0 && (
        <AnalyseAnew feed={feed}>
          {olderRulesRead(outdated, 'of this run')} and {analysed > 0 ? 'left out below' : 'not counted here yet'}.
        </AnalyseAnew>
      )}
      {analysed > 0 && (
        <>
          <div class={styles.charts}>
            <RateChart {...shared} title="Aha moments, by tier" formula="ahaRate" series={tiers} />
            <RateChart {...shared} title="Names a frame or time" formula="namesTime" series={times} />
          </div>
          <Transitions runId={view.run.id} counts={own} />
        </>
      )}
    </section>
  );
}

function Transitions({ runId, counts }: { runId: string; counts: StepCounts }) {
  const rows = useMemo(() => transitionRows(counts, mostRows), [counts]);
  const total = transitionTotal(rows);
  /* A column of zeros says nothing, and a row adds up to its answers without it. */
  const shown = changes.filter((change) => change !== 'not comparable' || (total?.counts[change] ?? 0) > 0);
  return (
    <div class={styles.scroll}>
      <table class={styles.transitions} aria-label="From the first answer to the final one">
        <thead>
          <tr>
            <th>
              <FormulaLabel name="transition">first answer to final</FormulaLabel>
            </th>
            {shown.map((change) => (
              <th key={change} class="num">
                {change}
              </th>
            ))}
            <th class="num">answers</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.from} {...{ row, runId, shown }} purpose={counts.purpose} />
          ))}
        </tbody>
        {total && rows.length > 1 && (
          <tfoot>
            <Row row={total} {...{ runId, shown }} purpose={counts.purpose} name="all steps" />
          </tfoot>
        )}
      </table>
    </div>
  );
}

interface RowProps {
  readonly row: TransitionRow;
  readonly runId: string;
  readonly shown: readonly Change[];
  readonly purpose: StepCounts['purpose'];
  readonly name?: string;
}

function Row({ row, runId, shown, purpose, name }: RowProps) {
  const { from, to, answers } = row;
  const steps = from === to ? `step ${grouped(from)}` : `steps ${grouped(from)}–${grouped(to)}`;
  const title = name ?? steps;
  return (
    <tr>
      <th scope="row">{title}</th>
      {shown.map((change) => {
        const count = row.counts[change];
        const share = answers === 0 ? '' : `${((100 * count) / answers).toFixed(1)} %`;
        const query = transitionQuery(change, row, purpose);
        return (
          <td key={change} class="num">
            <CountLink
              {...{ count, runId, query }}
              title={`${share} of ${grouped(answers)}`}
              what={`${change}, ${title}, ${share}`}
            />
          </td>
        );
      })}
      <td class="num">{grouped(answers)}</td>
    </tr>
  );
}
