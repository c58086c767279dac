/** The parts of a step's time, of the last step and on average, and what computed it. */

import { computesOn, sizeWords } from '../../trainer/protocol/engine-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { EngineStatus } from '../../trainer/protocol/run-state.ts';
import { seedSentences, seedsOf } from '../../trainer/protocol/seed-words.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { duration, elapsed, fileSize, grouped } from '../ui/numbers.ts';
import { meanOf, partNames, partWords, type TimeParts, timeParts } from './time-parts.ts';
import styles from './where-the-time-went.module.css';

export function WhereTheTimeWent({ view }: { view: RunView }) {
  const { recent } = view.metrics;
  const last = recent.at(-1);
  if (!last) return null;
  const { durations } = last;
  const own = timeParts(durations);
  const mean = recent.length > 1 ? meanOf(recent.map((step) => timeParts(step.durations))) : null;
  const shown = partNames.filter((name) => [own, mean].some((parts) => parts !== null && isShown(parts, name)));
  const tokens = last.sampledTokens + last.trainedTokens;
  return (
    <section aria-label="Where the time went">
      <Section
        title="Where the time went"
        meta={
          <FormulaLabel name="stepTime">
            {`step ${grouped(last.step)}, ${elapsed(durations.total)}${mean === null ? '' : `; the last ${recent.length} took ${elapsed(mean.whole)} each`}`}
          </FormulaLabel>
        }
        tools={
          <span class={styles.figures}>
            {last.memoryBytes !== undefined && (
              <FormulaLabel name="memory" class="dim">
                trainer’s memory {fileSize(last.memoryBytes)}
              </FormulaLabel>
            )}
            {last.rankBytes !== undefined && last.rankBytes.length > 0 && (
              <FormulaLabel name="rankMemory" class="dim" worked={ranksText(last.rankBytes)}>
                {last.rankBytes.length === 1 ? 'rank’s' : 'ranks’'} memory {rangeText(last.rankBytes)}
              </FormulaLabel>
            )}
            <FormulaLabel
              name="throughput"
              class="dim"
              worked={`(${grouped(last.sampledTokens)} + ${grouped(last.trainedTokens)}) / ${(own.whole / 1000).toFixed(2)} s`}
            >
              {grouped(Math.round((tokens * 1000) / own.whole))} tokens/s
            </FormulaLabel>
          </span>
        }
      />
      <div class={styles.where}>
        <Bar name={mean === null ? null : 'last step'} parts={own} />
        {mean !== null && <Bar name={`mean of ${recent.length}`} parts={mean} />}
        <ul class={styles.parts}>
          {shown.map((name, index) => (
            <li key={name}>
              <svg width="10" height="10" aria-hidden="true">
                <rect class={fillOf(name)} width="10" height="10" />
              </svg>
              <FormulaLabel name="timePart" pointerOnly={index > 0}>
                {partWords(name)} <b>{elapsed(own.of[name])}</b> {percent(own, name)}
                {mean !== null && `, mean ${elapsed(mean.of[name])} ${percent(mean, name)}`}
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

/** From the rank that takes least to the one that takes most. */
function rangeText(bytes: readonly number[]): string {
  const [least, most] = [fileSize(Math.min(...bytes)), fileSize(Math.max(...bytes))];
  return least === most ? least : `${least}–${most}`;
}

/** Ranks that are told one by one; there may be hundreds. */
const mostRanks = 16;

function ranksText(bytes: readonly number[]): string {
  const told = bytes.slice(0, mostRanks).map((one, rank) => `${rank}: ${fileSize(one)}`);
  return `${told.join(', ')}${bytes.length > mostRanks ? `, and ${bytes.length - mostRanks} more` : ''}`;
}

type PartName = (typeof partNames)[number];

const percent = ({ of, whole }: TimeParts, name: PartName) => `${((of[name] / whole) * 100).toFixed(1)} %`;
const isShown = ({ of, whole }: TimeParts, name: PartName) =>
  of[name] > 0 && (name !== 'other' || of[name] / whole >= 0.01);

/** @param name what stands before it; null where there is one bar alone */
function Bar({ name, parts }: { name: string | null; parts: TimeParts }) {
  const { of, whole } = parts;
  let from = 0;
  const label = partNames
    .filter((part) => isShown(parts, part))
    .map((part) => `${partWords(part)} ${elapsed(of[part])}`)
    .join(', ');
  return (
    <div class={styles.bar}>
      {name !== null && <span class="dim">{name}</span>}
      <svg class={styles.whole} role="img" aria-label={name === null ? label : `${name}: ${label}`}>
        {partNames.map((part) => {
          const x = from;
          from += of[part] / whole;
          return of[part] > 0 ? (
            <rect
              key={part}
              class={fillOf(part)}
              x={`${x * 100}%`}
              width={`${(of[part] / whole) * 100}%`}
              height="14"
            />
          ) : null;
        })}
      </svg>
    </div>
  );
}

function fillOf(part: string): string | undefined {
  return part === 'sample' ? styles.sample : part === 'update' ? styles.update : styles.side;
}

/** Which backend computes, and why that one. */
function Engine({ engine }: { engine: EngineStatus }) {
  return (
    <p class={`dim ${styles.engine}`}>
      Computed by {engine.name} on <b>{shownLine(engine.backend)}</b>, {shownLine(computesOn(engine))},{' '}
      {sizeWords(engine)}. {shownLine(engine.why)} {seedSentences[seedsOf({ engine })]}
      {engine.capabilities?.samplerIsTrainer === false &&
        ' It samples by another program than it trains with: answers are scored again before the update.'}
    </p>
  );
}
