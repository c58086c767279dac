/** Groups of a checkpoint that were measured before: found again by what they were measured with, whatever form the dataset has. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  type GroupsWanted,
  sampleCheckpointGroups,
} from '../../../trainer/cli/experiments/sample-checkpoint-groups.ts';
import { LiveLine } from '../../../trainer/cli/terminal/progress.ts';
import { modelFiles } from '../../../trainer/engines/model-folder.ts';
import { sha256OfFiles } from '../../../trainer/journal/file-hash.ts';
import { presetParameters } from '../../../trainer/learning/presets.ts';
import { defaultTemplate } from '../../../trainer/reasoning/template.ts';

const row = (id: number) => ({
  ...{ problem_id: id, problem: 'Which way?', data_type: 'video', problem_type: 'multiple choice' },
  ...{ options: ['A. left', 'B. right'], solution: '<answer>A</answer>', path: `./${id}.mp4`, data_source: 's' },
});

it('takes them of a dataset that is a folder of several files, too', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-groups-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const at = (...names: string[]) => path.join(folder, ...names);
  for (const name of ['model', 'snapshot', 'out']) await mkdir(at(name));
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) await writeFile(at('model', name), '{}');
  const parts = [0, 1].map((part) => at('snapshot', `test-0000${part}-of-00002.jsonl`));
  for (const [id, part] of parts.entries()) await writeFile(part, `${JSON.stringify(row(id))}\n`);

  const wanted: GroupsWanted = {
    ...{ dataset: at('snapshot'), out: at('out'), seed: 1, videos: 2, template: defaultTemplate },
    ...{ cacheFolder: at('cache'), ffmpeg: undefined, allowedRoots: [] },
    model: { folder: at('model'), state: null, plan: null },
    parameters: presetParameters('sample', 'tgrpo'),
  };
  const { parameters, template, seed, videos } = wanted;
  const model = await sha256OfFiles(await modelFiles(at('model')));
  const settings = { model, dataset: await sha256OfFiles(parts), parameters, template, seed, videos };
  const figures = {
    ...{ groups: 2, accuracy: 0.5, accuracyShuffled: 0.25, temporalPaid: 0.5, temporalFelt: 0, flat: 0, tokens: 30 },
    worth: { right: 2, wrong: null, rightWithout: 0.25 },
  };
  await writeFile(at('out', 'groups.json'), JSON.stringify({ kind: 'video-r1 groups', version: 1, settings, figures }));
  const line = new LiveLine(process.stderr);
  expect(await sampleCheckpointGroups(wanted, new AbortController().signal, line)).toEqual(figures);
});
