/** The other arms of `video-r1 eval` as work beside the evaluation's own: a file each, asked of the same model. */
import {
  armFiles,
  type DirectHeader,
  openDirect,
  openReversed,
  type ReversedHeader,
} from '../../evaluation/arm-files.ts';
import { type NamedDataset, openRows, type QuestionWalk, type RowsAsked } from '../../evaluation/question-walk.ts';
import { sampleDirect, sampleReversed, saysReversed } from '../../evaluation/sample-arms.ts';
import { plain } from '../../evaluation/table.ts';
import { armWords, type EvaluationArm } from '../../protocol/evaluation-arms.ts';
import type { BesideWork, OpenBeside } from './kept-work.ts';

/** What the header of an arm has besides its kind. */
type ArmSettings = Omit<DirectHeader, 'kind'> & Omit<ReversedHeader, 'kind'>;

/** @param settings of the answers that the arms stand beside */
export function armWork(
  folder: string,
  wanted: readonly EvaluationArm[],
  settings: (datasets: readonly NamedDataset[]) => Promise<ArmSettings>,
): BesideWork[] {
  const opens = {
    async direct(datasets: readonly NamedDataset[]) {
      const kept = openDirect(folder, { kind: 'video-r1 direct answers', ...(await settings(datasets)) });
      return beside('direct', kept, (walk) => sampleDirect({ ...walk, kept }));
    },
    async reversed(datasets: readonly NamedDataset[]) {
      const kept = openReversed(folder, { kind: 'video-r1 reversed videos', ...(await settings(datasets)) });
      return beside('reversed', kept, (walk) => sampleReversed({ ...walk, kept }), saysReversed);
    },
  };
  return (['direct', 'reversed'] as const).map((arm) => ({
    file: armFiles[arm],
    open: wanted.includes(arm) ? opens[arm] : null,
  }));
}

function beside(
  arm: EvaluationArm,
  kept: Parameters<typeof openRows>[1] & { dispose(): void },
  ask: (walk: Omit<QuestionWalk<never>, 'kept'>) => Promise<void>,
  isAsked?: RowsAsked,
): OpenBeside {
  return {
    isOpen: (datasets, limit) => openRows(datasets, kept, limit, isAsked).some(({ rows }) => rows.length > 0),
    ask: (walk) =>
      ask({
        ...walk,
        onProgress: (progress) =>
          walk.onProgress({ ...progress, dataset: `${plain(progress.dataset, 30)}, ${armWords[arm]}:` }),
      }),
    dispose: () => kept.dispose(),
  };
}
