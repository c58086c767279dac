/** Questions that were left out because their media could not be read. Nothing is dropped in silence. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { shownRow } from '../../trainer/protocol/records.ts';
import type { Host } from '../host.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { count, grouped } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './skipped-list.module.css';

const rowsShown = 200;

export function SkippedList({ view, host }: { view: RunView; host: Host }) {
  const [open, setOpen] = useState(false);
  const { skipped, run } = view;
  if (run.skipped === 0 && skipped.length === 0) return null;
  const shown = skipped.slice(-rowsShown);
  const earlier = Math.max(0, run.skipped - shown.length);
  return (
    <section aria-label="Left out">
      <Section
        title="Left out"
        meta={`${count(Math.max(run.skipped, skipped.length), 'question')} skipped`}
        tools={
          <Tool
            text={open ? 'Hide' : 'Show'}
            icon={open ? 'up' : 'down'}
            label={open ? 'Hide what was left out' : 'Show what was left out'}
            onPress={() => setOpen(!open)}
          />
        }
      />
      {open && (
        <table>
          <thead>
            <tr>
              <th class="num">step</th>
              <th>question</th>
              <th class="far">file</th>
              <th>why</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ seq, step, question, message }) => (
              <tr key={seq}>
                <td class="num dim">{grouped(step)}</td>
                <td class={`${styles.question} model-text`} title={shownLine(question.problem)}>
                  {shownLine(question.problem, 80)}
                </td>
                <td class="far">
                  <button
                    type="button"
                    class="link"
                    onClick={() => host.openFile(question.dataset, shownRow(question))}
                  >
                    {shownLine(question.path)}
                  </button>
                </td>
                <td class="dim wide model-text">{shownLine(message)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {open && earlier > 0 && <p class={`${styles.earlier} dim`}>{grouped(earlier)} earlier ones are not shown.</p>}
    </section>
  );
}
