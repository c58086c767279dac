/** The checkpoints that are on disk. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Checkpoint, CheckpointReason } from '../../trainer/protocol/records.ts';
import { Section } from '../ui/heads.tsx';
import { clock, fileSize, grouped } from '../ui/numbers.ts';
import styles from './checkpoint-list.module.css';

const reasons: Readonly<Record<CheckpointReason, string>> = {
  schedule: 'by schedule',
  command: 'asked for; never deleted',
  pause: 'at the pause',
  stop: 'at the stop',
  end: 'at the end',
  start: 'where the run began',
};

export function CheckpointList({ checkpoints, kept }: { checkpoints: readonly Checkpoint[]; kept: number }) {
  const bytes = checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return (
    <section class={styles.list} aria-label="Checkpoints">
      <Section
        title="Checkpoints"
        meta={
          checkpoints.length === 0
            ? 'none yet'
            : `${checkpoints.length} on disk, ${fileSize(bytes)}; keeps the last ${kept} and those asked for`
        }
      />
      {checkpoints.length > 0 && (
        <table>
          <thead>
            <tr>
              <th class="num">step</th>
              <th>saved</th>
              <th class="num">size</th>
              <th>kept because</th>
            </tr>
          </thead>
          <tbody>
            {checkpoints.map(({ id, step, at, sizeBytes, reason, folder }) => (
              <tr key={id} data-checkpoint={id} tabIndex={-1} title={shownLine(folder)}>
                <td class="num">{grouped(step)}</td>
                <td class="dim">{clock(at)}</td>
                <td class="num dim">{fileSize(sizeBytes)}</td>
                <td class="wide">{reasons[reason]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
