/** Run files: found in a project folder, read, checked, and their paths resolved. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { presetParameters, withOverrides } from '../learning/presets.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { inPresentNames } from '../protocol/former-names.ts';
import { hindrances } from '../protocol/hindrances.ts';
import { faultsOf } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';
import type { RunFileEntry } from '../protocol/messages.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import { type RunFile, runFile, runFileEnding } from '../protocol/runfile.ts';
import { refuseCertain } from './before-start.ts';

const modelForms =
  'A model is {"size": {…}} (new weights), {"checkpoint": "FOLDER"} or {"run": "NAME"} (its newest checkpoint).';

/** @throws StudioError `bad-run-file` naming the file, the key and, for an unknown key, the nearest known one. */
export async function readRunFile(file: string): Promise<RunFile> {
  const remedy = 'Correct the file; the editor marks what does not fit its schema.';
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new StudioError(
      'bad-run-file',
      isMissing ? 'There is no such run file.' : `The run file can't be read: ${(cause as Error).message}`,
      {
        place: file,
        ...(isMissing && { remedy: 'Check its name and the folder; its name ends in .run.json.' }),
        cause,
      },
    );
  }
  let json: unknown;
  try {
    json = jsonOf(text);
  } catch (cause) {
    throw new StudioError('bad-run-file', `The run file is not JSON: ${(cause as Error).message}`, {
      place: file,
      remedy,
      cause,
    });
  }
  const checked = runFile.safeParse(json);
  if (checked.success) return checked.data;
  const faults = faultsOf(runFile, json, checked.error, 'the file');
  const ofModel = faults.some((fault) => /^model\b/.test(fault)) ? ` ${modelForms}` : '';
  throw new StudioError('bad-run-file', faults.join('\n'), { place: file, remedy: `${remedy}${ofModel}` });
}

/**
 * Preset, then the file's overrides, then those of the caller.
 * @throws StudioError `bad-run-file` naming the parameter, also where nothing can be learned with its value
 */
export function parametersOfRun(
  file: RunFile,
  overrides: Readonly<Record<string, unknown>> = {},
): { values: ParameterValues; preset: ParameterValues } {
  const preset = presetParameters(file.preset, file.method);
  const { settings, faults } = inPresentNames(overrides);
  if (faults.length > 0) throw new StudioError('bad-run-file', `${faults.join('; ')}.`, { place: file.name });
  const values = withOverrides(preset, { ...file.parameters, ...settings }, 'bad-run-file', file.name);
  refuseCertain(hindrances(file.method, values, null), file.name);
  return { values, preset };
}

/** All run files under a project folder, two levels deep, with what is wrong with those that can't be used. */
export async function listRunFiles(projectFolder: string): Promise<RunFileEntry[]> {
  const found: string[] = [];
  const closed: RunFileEntry[] = [];
  const visit = async (folder: string, depth: number) => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
      const relative = path.relative(projectFolder, folder);
      const problem = `Run files in this folder are not found: ${asStudioError(thrown).message}`;
      closed.push({ path: relative, name: path.basename(folder), method: '', description: '', problem });
      return [];
    });
    for (const entry of entries) {
      if (entry.isFile() && entry.name.endsWith(runFileEnding)) found.push(path.join(folder, entry.name));
      if (entry.isDirectory() && depth > 0 && !entry.name.startsWith('.') && entry.name !== 'node_modules')
        await visit(path.join(folder, entry.name), depth - 1);
    }
  };
  await visit(projectFolder, 2);
  const read = await Promise.all(
    found.sort().map(async (file): Promise<RunFileEntry> => {
      const relative = path.relative(projectFolder, file);
      try {
        const read = await readRunFile(file);
        return {
          path: relative,
          name: read.name,
          method: read.method,
          description: read.description ?? '',
          problem: null,
        };
      } catch (thrown) {
        return {
          path: relative,
          name: path.basename(file, runFileEnding),
          method: '',
          description: '',
          problem: asStudioError(thrown).message,
        };
      }
    }),
  );
  return [...read, ...closed];
}
