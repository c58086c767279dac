/** `video-r1 export`: the annotations of a run, without a trainer running. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { trainerFolder } from '../../protocol/discovery.ts';
import { RunStore } from '../../store/run-store.ts';
import { type CliCommand, exitCodes, readOptions, usage } from '../terminal/command.ts';

export const exportCommand: CliCommand = {
  name: 'export',
  summary: 'write the annotations of a run as JSONL',
  help: `
video-r1 export RUN [--folder DIR] [--out FILE]

Writes one JSON object a line for every flag: author, time, category, verdict, note, the flagged text, and the rollout with
its question. Without --out to the standard output.
"span" counts code points of "text", as its "unit" says: text[start:end] in Python is the flagged text, which "quote" holds too.
A flag of an older version that ends inside a character is widened to the whole of it, and "spanNote" says so.

  video-r1 export tgrpo-1 --folder sample --out flags.jsonl`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string', default: '.' },
        out: { type: 'string' },
      },
      1,
    );
    const run = positionals[0];
    if (run === undefined || path.basename(run) !== run) throw usage('Name a run.');
    const store = RunStore.open(path.join(path.resolve(values.folder), trainerFolder, 'runs', run));
    try {
      const { jsonl, count } = store.exportAnnotations();
      if (values.out === undefined) process.stdout.write(jsonl);
      else {
        await writeFile(values.out, jsonl);
        process.stdout.write(`${count} annotations in ${values.out}\n`);
      }
      return exitCodes.done;
    } finally {
      store.dispose();
    }
  },
};
