/** Labels are added, and neither a crash, a full disk, a second program nor a link costs what is there. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { labelFileName, labelFolderOf } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { type Entry, itemKey } from '../../trainer/protocol/annotations/entries.ts';
import { holdFile } from '../../trainer/store/process-lock.ts';
import { ann, ben, flag, retraction, row, verdictOf } from '../protocol/annotations/made-entries.ts';
import { linesOf, signal, temporaryProject, textOf, writeLabelFile } from './projects.ts';

const key = itemKey(row('a'));
const openFolder = (project: string) => LabelFolder.open(project, { signal });
const historyOf = (folder: LabelFolder) => folder.book.get(key)?.history.map(({ entry }) => entry) ?? [];
const troublesOf = (folder: LabelFolder) => folder.troubles.map(({ kind, line }) => `${kind} ${line}`);

describe('appending', () => {
  test('gives each author a file, leaves out what is there, and changes nothing that is', async () => {
    const project = temporaryProject();
    const folder = await openFolder(project);
    const [anns, bens] = [flag(ann, 1), verdictOf(ben, 2, 'keep')];
    expect(await folder.append([anns, bens], signal)).toEqual({
      added: 2,
      items: new Set([itemKey(anns.item)]),
      git: [],
      gitFault: null,
    });
    const file = path.join(labelFolderOf(project), labelFileName(ann));
    const before = textOf(file);
    const more = retraction(ann, 3, anns);
    expect(await folder.append([anns, bens, more], signal)).toMatchObject({ added: 1 });
    expect(textOf(file)).toBe(before + linesOf(more));
    expect(historyOf(folder)).toEqual([anns, bens, more]);
    expect(readdirSync(labelFolderOf(project)).sort()).toEqual([labelFileName(ann), labelFileName(ben)].sort());
  });

  test('behind half a line begins a new one', async () => {
    const project = temporaryProject();
    writeLabelFile(project, labelFileName(ann), '{"v":1,"id":"ha');
    const folder = await openFolder(project);
    const first = flag(ann, 1);
    await folder.append([first], signal);
    expect(historyOf(folder)).toEqual([first]);
    expect(troublesOf(folder)).toEqual(['broken 1']);
    const file = path.join(labelFolderOf(project), labelFileName(ann));
    expect(textOf(file)).toBe(`{"v":1,"id":"ha\n${linesOf(first)}`);
  });

  test('what is no entry is refused, and then nothing of the batch is there', async () => {
    const project = temporaryProject();
    const folder = await openFolder(project);
    const wrong = { ...flag(ann, 1), severity: 'grave' } as unknown as Entry;
    await expect(folder.append([flag(ann, 1), wrong], signal)).rejects.toThrow(/severity must be "minor" or "major"/);
    expect(existsSync(labelFolderOf(project))).toBe(false);
  });

  test('of two processes at once loses no line of either', async () => {
    const project = temporaryProject();
    const program = `
      import { appendEntries } from ${JSON.stringify(path.resolve('trainer/annotations/label-writer.ts'))};
      const [project, who] = process.argv.slice(-2);
      const entry = ${JSON.stringify(flag(ann, 1, { note: 'x'.repeat(5000) }))};
      for (let i = 0; i < 40; i++)
        await appendEntries(project, [{ ...entry, id: who + i }], new AbortController().signal);`;
    const ends = ['a', 'b'].map(
      (who) =>
        new Promise((resolve) => {
          const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', project, who], {
            stdio: 'inherit',
          });
          child.on('close', resolve);
        }),
    );
    expect(await Promise.all(ends)).toEqual([0, 0]);
    const folder = await openFolder(project);
    expect(historyOf(folder)).toHaveLength(80);
    expect(folder.troubles).toEqual([]);
  });

  test('through a link is refused', async () => {
    const project = temporaryProject();
    const other = path.join(project, 'other');
    writeFileSync(other, 'of somebody');
    mkdirSync(labelFolderOf(project), { recursive: true });
    const file = path.join(labelFolderOf(project), labelFileName(ann));
    symlinkSync(other, file);
    const appended = (await openFolder(project)).append([flag(ann, 1)], signal);
    await expect(appended).rejects.toMatchObject({ kind: 'bad-input', place: file });
    expect(textOf(other)).toBe('of somebody');
  });

  test('to a full disk takes back what it began, and says where', async () => {
    const project = temporaryProject();
    const folder = await openFolder(project);
    await folder.append([flag(ann, 1)], signal);
    const file = path.join(labelFolderOf(project), labelFileName(ann));
    const before = textOf(file);
    const handle = await open(file, 'r');
    const full = Object.assign(new Error('ENOSPC: no space left on device, fsync'), {
      code: 'ENOSPC',
      syscall: 'fsync',
    });
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync').mockRejectedValueOnce(full);
    await handle.close();
    const more = flag(ann, 2);
    await expect(folder.append([more], signal)).rejects.toMatchObject({ kind: 'disk-full', place: file });
    expect(textOf(file)).toBe(before);
    sync.mockRestore();
    expect(await folder.append([more], signal)).toMatchObject({ added: 1 });
  });

  test('waits for who holds the lock, as long as it is wanted', async () => {
    const project = temporaryProject();
    await appendEntries(project, [flag(ann, 1)], signal);
    const held = holdFile(path.join(project, '.video-r1', 'annotations.lock'), () => new Error() as never);
    const aborted = new AbortController();
    const waiting = appendEntries(project, [flag(ann, 2)], aborted.signal);
    aborted.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow(/no longer wanted|abort/i);
    const other = appendEntries(project, [flag(ann, 3)], signal);
    held.dispose();
    await other;
    expect(historyOf(await openFolder(project))).toHaveLength(2);
  });
});
