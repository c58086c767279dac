/** The parts of the last step's time, and what computed it. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { StepMetrics } from '../../trainer/protocol/records.ts';
import type { EngineStatus } from '../../trainer/protocol/run-state.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { duration, elapsed, grouped } from '../ui/numbers.ts';
import styles from './where-the-time-went.module.css';

const parts = [
  'decode',
  'sample',
  'score',
  'credit',
  'update',
  'store',
] as const satisfies readonly (keyof StepMetrics['durations'])[];

export function WhereTheTimeWent({ view }: { view: RunView }) {
  const { recent } = view.metrics;
  const last = recent.at(-1);
  if (!last) return null;
  const mean = recent.reduce((sum, { durations }) => sum + durations.total, 0) / recent.length;
  const { durations } = last;
  const named = parts.reduce((sum, part) => sum + durations[part], 0);
  const whole = Math.max(durations.total, named, 1);
  const rest = Math.max(0, durations.total - named);
  const shown = [
    ...parts.map((name) => ({ name: name as string, value: durations[name] })),
    { name: 'other', value: rest },
  ].filter(({ name, value }) => value > 0 && (name !== 'other' || value / whole >= 0.01));
  const tokens = last.sampledTokens + last.trainedTokens;
  let from = 0;
  return (
    <section aria-label="Where the time went">
      <Section
        title="Where the time went"
        meta={
          <FormulaLabel name="stepTime">
            {`step ${grouped(last.step)}, ${elapsed(durations.total)}${recent.length > 1 ? `; the last ${recent.length} took ${elapsed(mean)} each` : ''}`}
          </FormulaLabel>
        }
        tools={
          <FormulaLabel
            name="throughput"
            class="dim"
            worked={`(${grouped(last.sampledTokens)} + ${grouped(last.trainedTokens)}) / ${(whole / 1000).toFixed(2)} s`}
          >
            {grouped(Math.round((tokens * 1000) / whole))} tokens/s
          </FormulaLabel>
        }
      />
      <div class={styles.where}>
        <svg
          class={styles.whole}
          role="img"
          aria-label={shown.map(({ name, value }) => `${name} ${elapsed(value)}`).join(', ')}
        >
          {shown.map(({ name, value }) => {
            const x = from;
            from += value / whole;
            return (
              <rect key={name} class={fillOf(name)} x={`${x * 100}%`} width={`${(value / whole) * 100}%`} height="14" />
            );
          })}
        </svg>
        <ul class={styles.parts}>
          {shown.map(({ name, value }, index) => (
            <li key={name}>
              <svg width="10" height="10" aria-hidden="true">
                <rect class={fillOf(name)} width="10" height="10" />
              </svg>
              <FormulaLabel name="timePart" pointerOnly={index > 0}>
                {name} <b>{elapsed(value)}</b> {((value / whole) * 100).toFixed(1)} %
              </FormulaLabel>
            </li>
          ))}
        </ul>
        {durations.held > 0 && <p class="dim">Held {duration(durations.held)} at safe points, which is not counted.</p>}
        {view.run.engine && <Engine engine={view.run.engine} />}
      </div>
    </section>
  );
}

function fillOf(part: string): string | undefined {
  return part === 'sample' ? styles.sample : part === 'update' ? styles.update : styles.side;
}

/** Which backend computes, and why that one. */
function Engine({ engine }: { engine: EngineStatus }) {
  const threads = engine.threads === 1 ? '1 thread' : `${engine.threads} threads`;
  return (
    <p class={`dim ${styles.engine}`}>
      Computed by {engine.name} on <b>{shownLine(engine.backend)}</b>, {threads}, {(engine.parameters / 1e6).toFixed(2)}{' '}
      M parameters. {shownLine(engine.why)}
    </p>
  );
}
