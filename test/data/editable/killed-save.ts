/**
 * Edits and saves a dataset, and is killed on the way: before the n-th call that changes something on the disk, or while the
 * system is at it. Without being killed it prints `saved`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [file = '', nth = '', when = ''] = process.argv.slice(2);
let calls = 0;

function dies<Arguments extends unknown[], Result>(
  call: (this: unknown, ...given: Arguments) => Result,
  counts: (...given: Arguments) => boolean = () => true,
) {
  return function (this: unknown, ...given: Arguments): Result {
    if (!counts(...given) || calls++ !== Number(nth)) return call.apply(this, given);
    if (when === 'within') call.apply(this, given);
    process.kill(process.pid, 'SIGKILL');
    throw new Error('this process is killed');
  };
}

const handle = await fs.promises.open(file, 'r');
const methods = Object.getPrototypeOf(handle) as typeof handle;
await handle.close();

const { EditableDataset } = await import('../../../trainer/data/editable/editable-dataset.ts');
const dataset = await EditableDataset.open(file);
await dataset.edit(7, 'process', 'changed');

Object.assign(methods, {
  write: dies(methods.write as (...given: unknown[]) => unknown),
  chmod: dies(methods.chmod as (...given: unknown[]) => unknown),
  sync: dies(methods.sync as (...given: unknown[]) => unknown),
});
fs.promises.open = dies(fs.promises.open, (_, flags) => flags === 'wx') as typeof fs.promises.open;
fs.renameSync = dies(fs.renameSync);
syncBuiltinESMExports();
await dataset.save();
process.stdout.write('saved');
