/** Which runs the charts draw: each with its mark, how far it is, and for those that are overlaid a way to take them off. */
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { grouped } from '../ui/numbers.ts';
import type { Store } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import type { Drawn } from './drawn-runs.ts';
import styles from './overlaid-runs.module.css';
import { RunMark, runDash } from './run-marks.tsx';

export function OverlaidRuns({ drawn, beside }: { drawn: Drawn; beside: Store<readonly string[]> }) {
  return (
    <ul class={styles.runs} aria-label="Runs in the charts">
      {drawn.runs.map(({ run }, place) => (
        <li key={run.id}>
          <RunMark place={place} />
          <svg class={styles.line} viewBox="0 0 34 8" aria-hidden="true">
            <line x1="0" x2="34" y1="4" y2="4" stroke-dasharray={runDash(undefined, place)?.join(' ')} />
          </svg>
          <span>{shownLine(run.id)}</span>
          <span class="dim">
            step {grouped(run.step)} of {grouped(run.steps)}
          </span>
          {place > 0 && (
            <Tool
              icon="cross"
              label={`Take ${shownLine(run.id)} out of the charts`}
              onPress={() => beside.update((ids) => ids.filter((id) => id !== run.id))}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
