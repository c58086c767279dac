/** Patterns of answers over steps: how many answers have each, by what rule, and the one that is chosen as a chart. */
import { useState } from 'preact/hooks';
import { analysisVersion } from '../../trainer/protocol/analysis.ts';
import { type PatternName, patternNames, patternRules, patternShown } from '../../trainer/protocol/patterns.ts';
import { proportion } from '../../trainer/protocol/proportion.ts';
import { type CountName, type StepCounts, sumsOf } from '../../trainer/protocol/step-counts.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import type { ChartGroup } from './chart-group.ts';
import { CountLink } from './count-link.tsx';
import type { Drawn } from './drawn-runs.ts';
import styles from './pattern-section.module.css';
import { RateChart } from './rate-chart.tsx';
import { ofTraining } from './rates.ts';

const counters: Readonly<Record<PatternName, CountName>> = {
  'wrong way': 'wrongWay',
  'paid without order': 'paidWithoutOrder',
  repetition: 'repetition',
  'cut at limit': 'cutAtLimit',
  'no reasoning': 'noReasoning',
  'language switch': 'languageSwitch',
  'broken format': 'brokenFormat',
  'missing frame': 'missingFrame',
  'same text': 'sameText',
};

const sum = (column: readonly number[]) => column.reduce((whole, one) => whole + one, 0);
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export function PatternSection({ view, group, drawn }: { view: RunView; group: ChartGroup; drawn: Drawn }) {
  const counts = ofTraining(view.counted.counts);
  const [chosen, choose] = useState<PatternName | null>(null);
  if (!counts || sum(sumsOf(counts, 'analysed')) === 0) return null;
  const most = patternNames.reduce((a, b) =>
    sum(sumsOf(counts, counters[b])) > sum(sumsOf(counts, counters[a])) ? b : a,
  );
  const shown = chosen ?? most;
  return (
    <section aria-label="Patterns" data-part="patterns">
      <Section
        title="Patterns"
        meta={
          <FormulaLabel name="patternRate">
            {counts.purpose === 'probe' ? 'answers of probes' : 'training answers'} on frames in order
          </FormulaLabel>
        }
      />
      <div class={styles.parts}>
        <div class={styles.scroll}>
          <table class={styles.table} aria-label="Patterns of answers">
            <thead>
              <tr>
                <th>pattern</th>
                <th class="num">answers</th>
                <th class="num">share</th>
                <th class="num">95 % interval</th>
              </tr>
            </thead>
            <tbody>
              {patternNames.map((name) => (
                <Row
                  key={name}
                  {...{ name, counts }}
                  runId={view.run.id}
                  chosen={name === shown}
                  onChoose={() => choose(name)}
                />
              ))}
            </tbody>
          </table>
        </div>
        <div>
          <RateChart
            group={group}
            title={`Pattern: ${patternShown(shown)}`}
            formula="patternRate"
            counts={counts}
            drawn={drawn}
            series={[{ name: patternShown(shown), count: counters[shown], colour: 'foreground' }]}
          />
          <p class={`dim ${styles.rule}`}>{patternRules[shown]}</p>
        </div>
      </div>
    </section>
  );
}

interface RowProps {
  readonly name: PatternName;
  readonly counts: StepCounts;
  readonly runId: string;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function Row({ name, counts, runId, chosen, onChoose }: RowProps) {
  const count = sum(sumsOf(counts, counters[name]));
  const rate = proportion(count, sum(sumsOf(counts, 'analysed')));
  const query = `pattern:"${name}" half:ordered purpose:${counts.purpose} analysis:${analysisVersion}`;
  return (
    <tr data-pattern={name}>
      <th scope="row">
        <button type="button" class={styles.name} aria-pressed={chosen} title={patternRules[name]} onClick={onChoose}>
          {patternShown(name)}
        </button>
      </th>
      <td class="num">
        <CountLink {...{ count, runId, query }} what={patternShown(name)} />
      </td>
      <td class="num">{rate === null ? '–' : percent(rate.share)}</td>
      <td class="num">{rate === null ? '–' : `${percent(rate.low)} – ${percent(rate.high)}`}</td>
    </tr>
  );
}
