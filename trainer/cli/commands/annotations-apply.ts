/** `video-r1 annotations apply`: a dataset as its labels would have it. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { type Cleaned, writeCleaned } from '../../annotations/rows/cleaned-dataset.ts';
import { datasetName } from '../../annotations/rows/row-item.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { requireFolder } from '../../export/export-run.ts';
import { StudioError } from '../../protocol/errors.ts';
import { exitCodes, readOptions, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noLabels, number, openLabels, projectOf } from './annotations-labels.ts';
import { requireRoom } from './require-room.ts';

export async function applyLabels(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string', default: '.' },
      out: { type: 'string' },
      'in-place': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    1,
  );
  const [file] = positionals;
  if (file === undefined) throw usage('Name the dataset.');
  const inPlace = values['in-place'];
  if (inPlace === (values.out !== undefined)) throw usage('Say --out FILE, or --in-place to write over the dataset.');
  const project = projectOf(values.folder);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'Stopped; nothing was written.', left: 'the file is as it was, or whole' };
  return interruptible(words, async (signal) => {
    const dataset = await EditableDataset.open(file, { signal });
    try {
      const target = values.out ?? dataset.file;
      requireRoom(target, false, path.basename(file));
      requireFolder(path.dirname(path.resolve(target)));
      if (!inPlace && (await realpath(target).catch(() => null)) === dataset.file)
        throw new StudioError('bad-request', '--out is the dataset itself.', {
          place: target,
          remedy: 'Name another file, or say --in-place in its stead.',
        });
      const name = datasetName(project, file);
      const labels = await openLabels(project, signal, line);
      const cleaned = await writeCleaned(dataset, name, labels.book, target, {
        signal,
        onProgress: (phase, share) => line.show(`${phase}, ${Math.floor(100 * share)} %`),
      });
      line.clear();
      if (values.json) {
        process.stdout.write(`${JSON.stringify({ dataset: name, out: target, ...cleaned }, null, 1)}\n`);
        return exitCodes.done;
      }
      const lines = [
        cleanedText(file, target, dataset.rowCount, cleaned),
        ...(labels.book.authors.length === 0 ? [`  ${noLabels}`] : []),
        ...(path.dirname(path.resolve(target)) === path.dirname(path.resolve(file))
          ? []
          : [
              `  Paths of media count from the folder of the file: they are those of ${path.dirname(file)}, and as they were`,
            ]),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
      return exitCodes.done;
    } finally {
      line.clear();
      dataset.dispose();
    }
  });
}

function cleanedText(
  file: string,
  target: string,
  rows: number,
  { dropped, fixed, kept, unfixed, disputed, unjudged, faulty, elsewhere }: Cleaned,
): string {
  const some = (number: number, line: string) => (number === 0 ? [] : [`  ${line}`]);
  return [
    `${target}: ${number(rows - dropped)} of ${count(rows, 'row')} of ${file}`,
    `  ${number(dropped)} left out, as their verdict is drop`,
    `  ${number(fixed)} with a fixed text`,
    `  ${number(kept)} kept, as their verdict says`,
    ...some(unfixed, `${number(unfixed)} to be fixed, for which nobody has written a text: kept as they are`),
    ...some(disputed, `${number(disputed)} disputed: kept as they are until the disagreement is settled`),
    ...some(faulty, `${number(faulty)} that are no JSON: kept as they are`),
    `  ${number(unjudged)} without a verdict`,
    ...some(elsewhere, `${count(elsewhere, 'verdict')} on texts that no row has: they were edited since, or taken out`),
  ].join('\n');
}
