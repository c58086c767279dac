/** `video-r1 annotations pack`: a queue of rows or rollouts for a colleague, as one folder. */
import path from 'node:path';
import { findAuthor } from '../../annotations/author.ts';
import { mostPacked, type PackedItem, writePack } from '../../annotations/export/pack.ts';
import { textHash } from '../../annotations/label-files.ts';
import { datasetName, itemOfRow } from '../../annotations/rows/row-item.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { allowRemedy, findMedia, mediaRoots } from '../../data/media-place.ts';
import { checkRow } from '../../data/row-check.ts';
import { selectedRollouts } from '../../export/selection.ts';
import { presetParameters } from '../../learning/presets.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import { projectName } from '../../protocol/place.ts';
import { formerProject, readPlan } from '../../runs/plan.ts';
import { runsFolder } from '../../runs/project-paths.ts';
import { framesOfRun } from '../../runs/run-frames.ts';
import { RolloutReader } from '../../store/rollout-reader.ts';
import { RunStore } from '../../store/run-store.ts';
import { frameLimits } from '../../video/choose.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { MediaLoader } from '../../video/load.ts';
import { allowedRoots, exitCodes, readOptions, rootOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { queryOption, sortOption } from '../terminal/rollout-options.ts';
import { count, noChains, number, projectOf, rowNumbers } from './annotations-labels.ts';
import { requireRun } from './require-run.ts';

const frameCacheBytes = 2e9;

export async function packItems(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string', default: '.' },
      rows: { type: 'string' },
      query: { type: 'string' },
      sort: { type: 'string' },
      limit: { type: 'string' },
      out: { type: 'string' },
      author: { type: 'string', default: '' },
      ffmpeg: { type: 'string' },
      json: { type: 'boolean', default: false },
      ...rootOptions,
    },
    1,
  );
  const [named] = positionals;
  const { out, rows, query } = values;
  if (named === undefined) throw usage('Name a dataset with --rows, or a run with --query.');
  if ((rows === undefined) === (query === undefined)) throw usage('Say --rows of a dataset, or --query of a run.');
  if (out === undefined) throw usage('Say with --out which folder to write.');
  if (rows !== undefined && (values.sort !== undefined || values.limit !== undefined))
    throw usage('--sort and --limit belong to --query.');
  const numbers = rows === undefined ? null : rowNumbers(rows, mostPacked);
  const selected = {
    expression: queryOption(query ?? ''),
    sort: values.sort === undefined ? null : sortOption(values.sort),
    limit: values.limit === undefined ? null : wholeNumber('limit', values.limit, 1),
  };
  const roots = allowedRoots(values);
  const project = projectOf(values.folder);
  if (numbers === null) requireRun(project, named);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'Stopped; nothing was written.', left: 'no folder is left half written' };
  return interruptible(words, async (signal) => {
    const { author } = await findAuthor(project, { setting: values.author, mayAskGit: true, signal });
    const tools = await findFfmpeg(values.ffmpeg);
    const loader = new MediaLoader(tools, path.join(project, trainerFolder, 'cache'), frameCacheBytes);
    const passedOver: number[] = [];
    const items =
      numbers === null
        ? itemsOfRun(path.join(runsFolder(project), named), selected, loader, signal)
        : itemsOfDataset(project, named, numbers, { loader, roots, passedOver, signal });
    try {
      const pack = { author, project: projectName(project), at: new Date(), tools, items };
      const onProgress = (done: number) => line.show(`${count(done, 'item')} packed`);
      const packed = await writePack(out, pack, { signal, onProgress }).catch((thrown) => {
        if (numbers !== null && passedOver.length === numbers.length) throw noChains(named);
        throw thrown;
      });
      line.clear();
      if (values.json) process.stdout.write(`${JSON.stringify({ out, ...packed, passedOver }, null, 1)}\n`);
      else {
        const { items: many, pictures, withoutFrames } = packed;
        const lines = [
          `${out}: ${count(many, 'item')} with ${count(pictures, 'frame')}; open index.html in it`,
          ...(withoutFrames > 0 ? [`  ${number(withoutFrames)} without frames; the page says why`] : []),
          ...(passedOver.length > 0
            ? [`  passed over, as they have no chain of thought: rows ${passedOver.join(', ')}`]
            : []),
        ];
        process.stdout.write(`${lines.join('\n')}\n`);
      }
      return exitCodes.done;
    } finally {
      line.clear();
      await loader.dispose();
    }
  });
}

interface FromDataset {
  readonly loader: MediaLoader;
  readonly roots: readonly string[];
  /** Is given the rows without a chain of thought. */
  readonly passedOver: number[];
  readonly signal: AbortSignal;
}

/** With the frames that training with the paper's limits takes. */
async function* itemsOfDataset(
  project: string,
  file: string,
  numbers: readonly number[],
  { loader, roots, passedOver, signal }: FromDataset,
): AsyncGenerator<PackedItem> {
  const name = datasetName(project, file);
  const limits = frameLimits(presetParameters('paper', 'tgrpo'));
  const places = mediaRoots(path.dirname(path.resolve(file)), roots);
  const dataset = await EditableDataset.open(file, { signal });
  try {
    for (const row of numbers) {
      const read = await dataset.row(row - 1);
      if (read.fault) throw read.fault.error;
      const { value } = read;
      const known = itemOfRow(name, value);
      if (known === null) {
        passedOver.push(row);
        continue;
      }
      yield {
        ...known,
        async frames() {
          const checked = checkRow(value);
          if (!('row' in checked)) throw new StudioError('bad-dataset', `The row has a fault: ${checked.fault}`);
          const place = findMedia(places, checked.row.path);
          if (place.kind === 'missing') throw new StudioError('not-found', `${checked.row.path} ${place.reason}.`);
          if (place.kind === 'outside')
            throw new StudioError('bad-media', `${checked.row.path} leads out of the dataset's folder.`, {
              remedy: allowRemedy(place.real),
            });
          const { frames, view } = await loader.load(place.real, checked.row.data_type, limits);
          return { ...frames, times: view.times, shuffledOrder: null };
        },
      };
    }
  } finally {
    dataset.dispose();
  }
}

/** With the frames that the run showed, in the order in which it did. */
async function* itemsOfRun(
  folder: string,
  selected: Parameters<typeof selectedRollouts>[2],
  loader: MediaLoader,
  signal: AbortSignal,
): AsyncGenerator<PackedItem> {
  const former = await formerProject(folder);
  const store = RunStore.open(folder);
  const reader = new RolloutReader();
  try {
    if (former !== null) store.writeRelative(former);
    const { id: run } = store.summary();
    const { records } = await selectedRollouts(reader, store, selected, signal);
    for await (const { id, text, answer, order, group } of records) {
      const { question, media } = group;
      yield {
        item: { kind: 'rollout', run, rollout: id, hash: textHash(text) },
        content: {
          question: question.problem,
          options: question.options,
          problemType: question.problemType,
          text,
          solution: question.solution,
          answer: answer === '' ? null : answer,
          media: [question.path],
        },
        async frames() {
          const frames = await framesOfRun(store, await readPlan(folder), loader, media.key);
          return { ...frames, times: media.times, shuffledOrder: order === 'shuffled' ? media.shuffledOrder : null };
        },
      };
    }
  } finally {
    store.dispose();
    await reader.dispose();
  }
}
