/** The project's own categories, from the file beside its labels. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Categories, categoriesOf, categoryFile, categoryFileName } from '../protocol/annotations/categories.ts';
import { StudioError, withPlace } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';
import { labelFolderOf } from './label-files.ts';

/**
 * The built-in ones where the project has no file.
 * @throws StudioError `bad-input` for a file with a fault, or a folder in its place; never are others taken in its place
 */
export function readCategories(projectFolder: string): Categories {
  const place = path.join(labelFolderOf(projectFolder), categoryFileName);
  const remedy = 'Mend the file, or delete it to have the built-in categories.';
  let text: string;
  try {
    text = readFileSync(place, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EISDIR')
      throw new StudioError('bad-input', 'The file of categories is a folder.', { place, remedy });
    const error = withPlace(thrown, place);
    if (error.kind === 'not-found') return categoriesOf(null);
    throw error;
  }
  let value: unknown;
  try {
    value = jsonOf(text);
  } catch (cause) {
    throw new StudioError('bad-input', `The file of categories is not JSON: ${(cause as Error).message}.`, {
      place,
      remedy,
      cause,
    });
  }
  const read = categoryFile.safeParse(value);
  if (read.success) return categoriesOf(read.data);
  throw new StudioError(
    'bad-input',
    `The file of categories has a fault: ${faultLine(categoryFile, value, read.error, 'it')}.`,
    {
      place,
      remedy,
    },
  );
}
