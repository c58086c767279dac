/** `video-r1 convert`: a checkpoint in the form that another program wants. */
import path from 'node:path';
import { convertCheckpoint, dtypes } from '../../engines/convert.ts';
import { findCheckpoint } from '../../runs/find-checkpoint.ts';
import { type CliCommand, exitCodes, fromOption, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

export const convertCommand: CliCommand = {
  name: 'convert',
  summary: 'write a checkpoint in bfloat16 or in several files, an adapter merged, without the optimizer state',
  help: `
video-r1 convert MODEL OUT [--dtype float32|bfloat16] [--file-mb N] [--tokenizer DIR] [--base DIR]
                 [--folder DIR [--from STEP]]

Writes a checkpoint as a folder that transformers opens: config, weights, tokenizer, chat template, processor.
MODEL is a checkpoint's folder, or with --folder the id or the name of a run: then its newest checkpoint, or that of
STEP. OUT must not hold anything. A LoRA adapter is merged: it is added to the weights that it was trained beside, which
are found where the adapter says, or in --base DIR where they have moved. Weights that do not fit into a file of N megabytes (5000 by default) are written in
several, with an index. --tokenizer DIR gives a model that was saved without its tokenizer the one of DIR, with its chat
layout.

  video-r1 convert sft model --folder sample --dtype bfloat16`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        dtype: { type: 'string', default: 'float32' },
        'file-mb': { type: 'string', default: '5000' },
        tokenizer: { type: 'string' },
        base: { type: 'string' },
        folder: { type: 'string' },
        from: { type: 'string' },
      },
      2,
    );
    const [model, out] = positionals;
    if (!model || !out) throw usage('Name a model and a folder.');
    const dtype = dtypes.find((name) => name === values.dtype);
    if (dtype === undefined) throw usage(`--dtype is ${dtypes.join(' or ')}.`);
    const fileBytes = 1e6 * wholeNumber('file-mb', values['file-mb'], 1);
    const project = values.folder === undefined ? null : path.resolve(values.folder);
    const { folder } = await findCheckpoint(model, project, fromOption(values.from), true);
    const line = new LiveLine(process.stderr);
    return interruptible(
      { stopped: 'Stopped; nothing was written.', left: 'nothing is half written' },
      async (signal) => {
        const { tensors, parameters, files, base } = await convertCheckpoint(folder, out, {
          ...{ dtype, fileBytes, signal },
          tokenizerFolder: values.tokenizer ?? null,
          baseFolder: values.base === undefined ? null : path.resolve(values.base),
          onProgress: (done, total) => line.show(`writing weights, ${Math.floor((100 * done) / total)} %`),
        }).finally(() => line.clear());
        const number = (value: number) => value.toLocaleString('en-US');
        const of = base === null ? '' : `, the adapter added to ${base}`;
        process.stdout.write(
          `${out}: ${number(parameters)} parameters in ${tensors} tensors, ${dtype}${of}\n${files.map((name) => `  ${name}\n`).join('')}`,
        );
        return exitCodes.done;
      },
    );
  },
};
