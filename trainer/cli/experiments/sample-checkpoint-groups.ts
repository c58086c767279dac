/** The groups of one checkpoint from their settings to a file; a file of the same settings is taken as it is. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { openDataset } from '../../data/dataset.ts';
import { modelFiles } from '../../engines/model-folder.ts';
import { type GroupFigures, groupFigures, measureGroups } from '../../evaluation/measure-groups.ts';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import { parseJson } from '../../protocol/json.ts';
import { type ParameterValues, parameterValues } from '../../protocol/parameters.ts';
import type { PromptTemplate } from '../../reasoning/template.ts';
import { promptTemplate } from '../../reasoning/template.ts';
import { frameLimits } from '../../video/choose.ts';
import { duration, type LiveLine } from '../terminal/progress.ts';
import { replaceFile } from './kept-work.ts';
import { type ModelPlace, withModel } from './loaded-model.ts';

export interface GroupsWanted extends ModelPlace {
  readonly dataset: string;
  readonly parameters: ParameterValues;
  readonly template: PromptTemplate;
  readonly seed: number;
  readonly videos: number;
  /** Folder that the file is written to. */
  readonly out: string;
  /** Told where groups are sampled, as the file has none of these settings. */
  readonly onProgress?: () => void;
}

const groupsFile = z.strictObject({
  kind: z.literal('video-r1 groups'),
  version: z.literal(1),
  settings: z.strictObject({
    model: z.string(),
    dataset: z.string(),
    parameters: parameterValues,
    template: promptTemplate,
    seed: z.number(),
    videos: z.number(),
  }),
  figures: groupFigures.nullable(),
});

/**
 * A file of other settings is written anew: it holds figures that the same call gives again, and no answers.
 * @returns null where the dataset has no video that can be read. @throws Interrupted when the signal ends it
 */
export async function sampleCheckpointGroups(
  w: GroupsWanted,
  signal: AbortSignal,
  line: LiveLine,
): Promise<GroupFigures | null> {
  const { parameters, template, seed, videos } = w;
  const file = path.join(w.out, 'groups.json');
  const dataset = await openDataset(w.dataset, signal, { allowedRoots: w.allowedRoots });
  try {
    const settings = {
      model: await sha256OfFiles(await modelFiles(w.model.folder)),
      dataset: await sha256OfFiles(dataset.files),
      ...{ parameters, template, seed, videos },
    };
    const before = existsSync(file) ? groupsFile.safeParse(parseJson(await readFile(file, 'utf8'))).data : undefined;
    if (before && JSON.stringify(before.settings) === JSON.stringify(groupsFile.shape.settings.parse(settings)))
      return before.figures;
    const figures = await withModel(w, ['video'], signal, line, (loaded) => {
      const started = performance.now();
      return measureGroups({
        ...loaded,
        limits: frameLimits(parameters),
        ...{ dataset, template, parameters, seed, videos, signal },
        onProgress: (done, total) => {
          w.onProgress?.();
          const left = done > 0 ? ` | ${duration(((performance.now() - started) / done) * (total - done))} left` : '';
          line.show(`groups of ${done}/${total} videos${left}`);
        },
      });
    });
    await mkdir(w.out, { recursive: true });
    await replaceFile(
      file,
      `${JSON.stringify({ kind: 'video-r1 groups', version: 1, settings, figures } satisfies z.infer<typeof groupsFile>, null, 1)}\n`,
    );
    return figures;
  } finally {
    await dataset.dispose();
  }
}
