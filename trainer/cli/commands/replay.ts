/** `video-r1 replay`: does a run again from its start, by the log of its commands, and says what differs first. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { findTrainer } from '../../client/find-trainer.ts';
import { createEngine } from '../../engines/create.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import type { SeedsKind } from '../../protocol/engine.ts';
import { StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { editorLink, projectName } from '../../protocol/place.ts';
import { isComputing, type RunSummary, replayRefusal } from '../../protocol/run-state.ts';
import { seedSentences } from '../../protocol/seed-words.ts';
import { readPlan } from '../../runs/plan.ts';
import { runsFolder } from '../../runs/project-paths.ts';
import type { Compared } from '../../runs/replay/comparison.ts';
import type { Difference } from '../../runs/replay/difference.ts';
import { type Replayed, replay } from '../../runs/replay/replay.ts';
import { RunStore } from '../../store/run-store.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { MediaLoader } from '../../video/load.ts';
import { withoutTrainer } from '../experiments/hosting.ts';
import { callable, quoted } from '../terminal/callable.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  readOptions,
  rootOptions,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { requireRun } from './require-run.ts';

const frameCacheBytes = 2e9;

export const replayCommand: CliCommand = {
  name: 'replay',
  summary: 'do a run again by the log of its commands, and say what differs first',
  help: `
video-r1 replay RUN [--to STEP] [--keep] [--json] [--ffmpeg PATH] [--allow-root DIR] [--folder DIR]

Makes a run of the same plan from the same start weights in a project of its own, .video-r1/replays/RUN, and carries out the commands of
the run's log again, each at the place where it was applied: parameters, saves, evaluations, masked and re-scored answers, skipped
questions, the mix of sources, goings back to a checkpoint. What only held the run or let it go on changes nothing, and is not waited for.
What comes of it is held against the record step by step: numbers, questions with all answers and their tokens, rewards, advantages, evaluations, and the hashes of the saved weights. Times are left out, and of what the
run went back over all but the numbers. Ends with 0 where nothing differs, with 1 at the first difference, which is named with both values.

With the embedded engine equal means in every bit, as long as backend and threads are those of the run; where they, or the dataset, are
others, that is said first. Where an engine's seeds don't give the same answers again (vLLM; a pause while it sampled, where a seed holds
for one batch), what is asked must be equal, and it is counted how many answers came out otherwise: that is no fault. Labels are read as they are now where the run was told to read them.
The run is not written to, and must not be computing. Ctrl-C stops, and the same command goes on.

  --to STEP         the last step that is done again
  --keep            leave the replay where it was made, to be looked at with video-r1 serve
  --json            what was found, as JSON

  video-r1 replay tgrpo-1 --folder sample
  video-r1 replay tgrpo-1 --to 20 --keep --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...rootOptions,
        to: { type: 'string' },
        keep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        ffmpeg: { type: 'string' },
        folder: { type: 'string', default: '.' },
      },
      1,
    );
    const [id] = positionals;
    if (id === undefined || path.basename(id) !== id) throw usage('Name a run.');
    const to = values.to === undefined ? undefined : wholeNumber('to', values.to, 1);
    const project = path.resolve(values.folder);
    requireRun(project, id);
    const own = path.join(project, trainerFolder, 'replays', id);
    const roots = allowedRoots(values);
    const line = new LiveLine(process.stderr);
    const left = 'what is done is kept, and the same command goes on';
    return interruptible({ stopped: `Stopped; ${left}.`, left }, async (signal) => {
      const folder = path.join(runsFolder(project), id);
      const store = RunStore.open(folder);
      let media: MediaLoader | null = null;
      try {
        const run = store.summary();
        const refused = replayRefusal(run);
        // What a trainer that died left as computing rests.
        if (refused !== null && !(isComputing(run.state) && (await findTrainer(project)) === null))
          throw new StudioError('conflict', `${id} can't be done again: ${refused}.`);
        const replayed = await withoutTrainer(own, async () =>
          replay({
            original: { folder, plan: await readPlan(folder), store },
            ...{ project: own, to, signal, createEngine, allowedRoots: roots },
            media: async () => {
              media ??= new MediaLoader(
                await findFfmpeg(values.ffmpeg),
                path.join(project, trainerFolder, 'cache'),
                frameCacheBytes,
              );
              return media;
            },
            log: (text) => line.say(text),
            onNote: (note) => line.say(note),
            onProgress: (now, compared) => line.show(progressWords(now, compared, to ?? run.step)),
          }),
        );
        line.clear();
        if (!values.keep) await rm(own, { recursive: true, force: true });
        process.stdout.write(values.json ? `${JSON.stringify(replayed)}\n` : told(replayed, id, project));
        if (values.keep && !values.json)
          process.stdout.write(callable(`The replay is kept: video-r1 serve --folder ${quoted(own)}\n`));
        return replayed.difference === null ? exitCodes.done : exitCodes.failed;
      } finally {
        line.clear();
        await (media as MediaLoader | null)?.dispose();
        store.dispose();
      }
    });
  },
};

function progressWords(run: RunSummary, { steps }: Compared, last: number): string {
  const doing = 'doing' in run && run.doing ? `, ${run.doing}` : '';
  return `replay: step ${run.step} of ${last}, ${steps} compared, ${run.state}${doing}`;
}

const counted = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

/** What was found, for people. */
export function told(
  { difference, compared, commands, seeds, freeFrom }: Replayed,
  run: string,
  project: string,
): string {
  const { steps, groups, evaluations, checkpoints } = compared;
  const all = [
    ...[counted(steps, 'step'), counted(groups, 'group'), counted(evaluations, 'evaluation')],
    counted(checkpoints, 'checkpoint'),
  ].join(', ');
  const again = `${counted(commands, 'command')} carried out again`;
  const free = freeFrom === null ? '' : freeWords(seeds, freeFrom, compared);
  if (difference === null) return `${run}: no difference. ${all} compared, ${again}.\n${free}`;
  const { step, what } = difference;
  const [original, replayed] = shownValues(difference);
  const place = { page: 'rollouts' as const, runId: run, step, ...placeOf(difference) };
  const named = difference.rolloutId ?? difference.groupId;
  const option = difference.rolloutId ? `--rollout ${named}` : named ? `--group ${named}` : `--step ${step}`;
  return callable(
    `${run} differs first in step ${step}: ${shownLine(what)}\n  recorded  ${original}\n  replayed  ${replayed}\nBefore that: ${all} compared, ${again}.\n${free}Look at it: video-r1 open ${run} ${option} --folder ${quoted(project)}\n  ${editorLink({ project: projectName(project), place })}\n`,
  );
}

/** What was not judged, and why. */
function freeWords(seeds: SeedsKind, from: number, { free, otherwise }: Compared): string {
  const since = from === 0 ? '' : `From step ${from} on, in which the run stood still while it sampled: `;
  return `${since}${seedSentences[seeds]} ${counted(otherwise, 'answer')} of ${free.toLocaleString('en-US')} came out otherwise, which is no fault; what was asked was compared, and not what follows from answers.\n`;
}

function placeOf({ groupId, rolloutId }: Difference): { groupId?: string; rolloutId?: string } {
  if (rolloutId !== undefined) return { rolloutId };
  return groupId === undefined ? {} : { groupId };
}

const shownAround = 60;

/** Both values in a line; of texts what stands around the first character in which they differ. */
export function shownValues({ original, replayed }: Pick<Difference, 'original' | 'replayed'>): [string, string] {
  const texts = [original, replayed].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value))) as [
    string,
    string,
  ];
  const [a, b] = texts;
  let at = 0;
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++;
  const from = Math.max(0, at - shownAround);
  const part = (text: string) =>
    `${from > 0 ? '…' : ''}${shownLine(text.slice(from, at + shownAround))}${at + shownAround < text.length ? '…' : ''}`;
  return [part(a), part(b)];
}
