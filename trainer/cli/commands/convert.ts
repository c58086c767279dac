/** `video-r1 convert`: a checkpoint in the form that another program wants. */
import path from 'node:path';
import { convertCheckpoint, dtypes } from '../../engines/convert.ts';
import { findCheckpoint } from '../../runs/find-checkpoint.ts';
import { type CliCommand, exitCodes, fromOption, readOptions, usage, wholeNumber } from '../terminal/command.ts';

export const convertCommand: CliCommand = {
  name: 'convert',
  summary: 'write a checkpoint in bfloat16 or in several files, without the optimizer state',
  help: `
video-r1 convert MODEL OUT [--dtype float32|bfloat16] [--file-mb N] [--tokenizer DIR] [--folder DIR [--from STEP]]

Writes a checkpoint as a folder that transformers opens: config, weights, tokenizer, chat template, processor.
MODEL is a checkpoint's folder, or with --folder the id or the name of a run: then its newest checkpoint, or that of
STEP. OUT must not hold anything. Weights that do not fit into a file of N megabytes (5000 by default) are written in
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
        folder: { type: 'string' },
        from: { type: 'string' },
      },
      2,
    );
    const [model, out] = positionals;
    if (model === undefined || out === undefined) throw usage('Name a model and a folder.');
    const dtype = dtypes.find((name) => name === values.dtype);
    if (dtype === undefined) throw usage(`--dtype is ${dtypes.join(' or ')}.`);
    const fileBytes = 1e6 * wholeNumber('file-mb', values['file-mb'], 1);
    const tokenizer = values.tokenizer ?? null;
    const project = values.folder === undefined ? null : path.resolve(values.folder);
    const { folder } = await findCheckpoint(model, project, fromOption(values.from));
    const { tensors, parameters, files } = await convertCheckpoint(folder, out, { dtype, fileBytes }, tokenizer);
    const number = (value: number) => value.toLocaleString('en-US');
    process.stdout.write(
      `${out}: ${number(parameters)} parameters in ${tensors} tensors, ${dtype}\n${files.map((name) => `  ${name}\n`).join('')}`,
    );
    return exitCodes.done;
  },
};
