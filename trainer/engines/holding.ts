/** What an engine needs is prepared by one process at a time. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StudioError } from '../protocol/errors.ts';

/** Holds a file against other processes until it is let go; throws what `busy` gives where another one holds it. */
export type HoldFile = (file: string, busy: (cause: unknown) => StudioError) => { dispose(): void };

/** @throws StudioError `conflict` while another process holds the file to prepare `what` */
export async function holding<T>(
  { file, what, hold }: { readonly file: string; readonly what: string; readonly hold: HoldFile },
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const lock = hold(
    file,
    (cause) =>
      new StudioError('conflict', `Another process prepares ${what}.`, {
        place: file,
        remedy: 'Wait until it is done, or end it.',
        cause,
      }),
  );
  try {
    return await work();
  } finally {
    lock.dispose();
  }
}
