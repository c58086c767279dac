/** Moves the flags of a run's database into the label files, and says how many went where. */
import path from 'node:path';
import { authorKey } from '../protocol/annotations/entries.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import type { ExportedAnnotation } from '../store/annotation-table.ts';
import { labelFileName, labelFolderName } from './label-files.ts';
import type { Appended, LabelFolder } from './label-folder.ts';
import { entriesOfFlags } from './moved-flags.ts';

export interface FlagMove extends Appended {
  /** What to tell people; null when there was nothing new to move. */
  readonly notice: string | null;
}

/**
 * What was moved before adds nothing, also where it was taken back since. The database keeps its flags: nothing is deleted.
 * @param flags of one run, oldest first
 * @throws as `LabelFolder.append`
 */
export async function moveFlags(
  flags: readonly ExportedAnnotation[],
  labels: LabelFolder,
  signal: AbortSignal,
): Promise<FlagMove> {
  const entries = entriesOfFlags(flags);
  const appended = await labels.append(entries, signal);
  if (appended.added === 0) return { ...appended, notice: null };
  const authors = new Map(entries.map(({ author }) => [authorKey(author), author]));
  const files = [...authors.values()].map((author) =>
    path.posix.join(trainerFolder, labelFolderName, labelFileName(author)),
  );
  const count = flags.length === 1 ? 'One flag is' : `${flags.length} flags are`;
  return {
    ...appended,
    notice: `${count} now in label files, moved from the run's database: ${files.sort().join(', ')}.`,
  };
}
