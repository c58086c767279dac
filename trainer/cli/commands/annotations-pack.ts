/** `video-r1 annotations pack`: a queue of rows or rollouts for a colleague, as one folder. */
import path from 'node:path';
import { findAuthor } from '../../annotations/author.ts';
import { mostPacked, type Packed, type PackedItem, writePack } from '../../annotations/export/pack.ts';
import { textHash } from '../../annotations/label-files.ts';
import { datasetName, itemOfRow } from '../../annotations/rows/row-item.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { allowRemedy, findMedia, mediaRoots } from '../../data/media-place.ts';
import { checkRow } from '../../data/row-check.ts';
import { selectedRollouts } from '../../export/selection.ts';
import { presetParameters } from '../../learning/presets.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
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
import { count, noChains, number, projectToWrite, rowNumbers } from './annotations-labels.ts';
import { requireRun } from './require-run.ts';

const frameCacheBytes = 2e9;

export async function packItems(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string' },
      rows: { type: 'string' },
      query: { type: 'string' },
      sort: { type: 'string' },
      limit: { type: 'string' },
      out: { type: 'string' },
      author: { type: 'string', default: '' },
      'no-media': { type: 'boolean', default: false },
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
  if (rows === undefined && values['no-media']) throw usage('--no-media belongs to --rows.');
  const numbers = rows === undefined ? null : rowNumbers(rows, mostPacked);
  const selected = {
    expression: queryOption(query ?? ''),
    sort: values.sort === undefined ? null : sortOption(values.sort),
    limit: values.limit === undefined ? null : wholeNumber('limit', values.limit, 1),
  };
  const roots = allowedRoots(values);
  const project = projectToWrite(values.folder);
  if (numbers === null) requireRun(project, named);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'Stopped; nothing was written.', left: 'no folder is left half written' };
  return interruptible(words, async (signal) => {
    const { author } = await findAuthor(project, { setting: values.author, mayAskGit: true, signal });
    const tools = await findFfmpeg(values.ffmpeg);
    const loader = new MediaLoader(tools, path.join(project, trainerFolder, 'cache'), frameCacheBytes);
    const passedOver: number[] = [];
    const dataset = numbers && (await EditableDataset.open(named, { signal }));
    try {
      const from = { loader, roots, passedOver, name: dataset ? datasetName(project, named) : '' };
      const items =
        dataset && numbers
          ? itemsOfDataset(dataset, named, numbers, from)
          : itemsOfRun(path.join(runsFolder(project), named), selected, loader, signal);
      const pack = {
        ...{ author, projectFolder: project, at: new Date(), tools, items },
        dataset: dataset && { name: from.name, isLines: dataset.form === 'lines' },
        withMedia: !values['no-media'],
      };
      const onProgress = (done: number) => line.show(`${count(done, 'item')} packed`);
      const packed = await writePack(out, pack, { signal, onProgress }).catch((thrown) => {
        if (numbers !== null && passedOver.length === numbers.length) throw noChains(named);
        throw thrown;
      });
      line.clear();
      const told = { ...packed, dataset: pack.dataset?.name ?? null, passedOver };
      if (values.json) process.stdout.write(`${JSON.stringify({ out, ...told }, null, 1)}\n`);
      else process.stdout.write(`${packedText(out, told, pack.withMedia)}\n`);
      return exitCodes.done;
    } finally {
      line.clear();
      dataset?.dispose();
      await loader.dispose();
    }
  });
}

interface Told extends Packed {
  /** As the folder has it; null for rollouts. */
  readonly dataset: string | null;
  readonly passedOver: readonly number[];
}

function packedText(out: string, told: Told, withMedia: boolean): string {
  const { items, pictures, withoutFrames, media, mediaBytes, dataset, passedOver } = told;
  const copied = withMedia
    ? `${count(media, 'video or image', 'videos and images')} (${sizeText(mediaBytes)})`
    : 'no videos and images';
  return [
    `${out}: ${count(items, 'item')} with ${count(pictures, 'frame')}; index.html in it says how they are judged`,
    ...(dataset === null ? [] : [`  ${dataset} in it has ${count(items, 'row')}, with ${copied}`]),
    ...(withoutFrames > 0 ? [`  ${number(withoutFrames)} without frames; the page says why`] : []),
    ...(passedOver.length > 0
      ? [`  passed over, as they have no chain of thought: rows ${passedOver.join(', ')}`]
      : []),
  ].join('\n');
}

const sizeText = (bytes: number) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

interface FromDataset {
  /** As labels name it. */
  readonly name: string;
  readonly loader: MediaLoader;
  readonly roots: readonly string[];
  /** Is given the rows without a chain of thought. */
  readonly passedOver: number[];
}

/** With the frames that training with the paper's limits takes. */
async function* itemsOfDataset(
  dataset: EditableDataset,
  file: string,
  numbers: readonly number[],
  { name, loader, roots, passedOver }: FromDataset,
): AsyncGenerator<PackedItem> {
  const limits = frameLimits(presetParameters('paper', 'tgrpo'));
  const places = mediaRoots(path.dirname(path.resolve(file)), roots);
  for (const row of numbers) {
    const read = await dataset.row(row - 1);
    if (read.fault) throw read.fault.error;
    const { value, bytes } = read;
    const known = itemOfRow(name, value);
    if (known === null) {
      passedOver.push(row);
      continue;
    }
    yield {
      ...known,
      row: bytes,
      async frames() {
        const checked = checkRow(value);
        if (!('row' in checked)) throw new StudioError('bad-dataset', `The row has a fault: ${checked.fault}`);
        const { path: named, data_type: type } = checked.row;
        const place = findMedia(places, named);
        if (place.kind === 'missing') throw new StudioError('not-found', `${named} ${place.reason}.`);
        if (place.kind === 'outside')
          throw new StudioError('bad-media', `${named} leads out of the dataset's folder.`, {
            remedy: allowRemedy(place.real),
          });
        const { frames, view } = await loader.load(place.real, type, limits);
        return { ...frames, times: view.times, shuffledOrder: null, medium: { named, real: place.real } };
      },
    };
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
        row: null,
        async frames() {
          const frames = await framesOfRun(store, await readPlan(folder), loader, media.key);
          const shuffledOrder = order === 'shuffled' ? media.shuffledOrder : null;
          return { ...frames, times: media.times, shuffledOrder, medium: null };
        },
      };
    }
  } finally {
    store.dispose();
    await reader.dispose();
  }
}
