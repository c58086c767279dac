/** `video-r1 prompt`: the exact text that a model is given for one row of a dataset. */
import { type Dataset, openDataset } from '../../data/dataset.ts';
import type { Frames } from '../../engines/engine.ts';
import { promptText } from '../../engines/prompt-text.ts';
import { StudioError } from '../../protocol/errors.ts';
import { buildPrompt, solutionText } from '../../reasoning/prompt.ts';
import { readTemplate } from '../../reasoning/template.ts';
import { visionTokens } from '../../video/choose.ts';
import { decodeMedia } from '../../video/decode.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  presetOptions,
  readOptions,
  readParameters,
  rootOptions,
  usage,
} from '../terminal/command.ts';

/** The text of a prompt does not depend on its frames, but for their number of vision tokens. */
const notRead: Frames = { key: '', width: 0, height: 0, count: 0, pixels: new Uint8Array(), place: null, sampleFps: 0 };

/** A dataset numbers its good rows; a person counts those of the file, from 1. @throws StudioError `bad-dataset`, `not-found` */
function indexOf(dataset: Dataset, row: number): number {
  const fault = dataset.faults.find((one) => one.row === row);
  if (fault) throw new StudioError('bad-dataset', `Row ${row} has a fault: ${fault.message}`);
  const total = dataset.count + dataset.faults.length;
  if (row < 1 || row > total)
    throw new StudioError('not-found', `There is no row ${row}; the first is 1, the last ${total}.`, {
      place: dataset.file,
    });
  return row - 1 - dataset.faults.filter((one) => one.row < row).length;
}

export const promptCommand: CliCommand = {
  name: 'prompt',
  summary: 'the exact text that a model is given for a row of a dataset',
  help: `
video-r1 prompt DATASET --row N [--template FILE] [--expand [--preset P] [--set NAME=VALUE …] [--allow-root DIR …] [--ffmpeg PATH]] [--json]

Writes the prompt of row N, counted from 1 as check and the pages do, with one <|video_pad|> or <|image_pad|> for its medium.
--template FILE takes the wording of a file instead of our own: {"system", "instruction", "answerHint": {one text for each type}}.
--expand reads the medium and writes as many placeholders as it has vision tokens under the preset (paper by default).
--allow-root names a folder outside of the dataset's own that links among its media may lead into.
--json writes {"row", "prompt", "target"}; target is what SFT trains, null for a row without a chain of thought;
<|im_end|> is trained behind it, and with trainTurnNewline (as in the preset upstream) the newline behind that.

  video-r1 prompt sample/data/rl.json --row 3 --template sample/prompt.json`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...presetOptions,
        row: { type: 'string' },
        template: { type: 'string' },
        expand: { type: 'boolean', default: false },
        ffmpeg: { type: 'string' },
        ...rootOptions,
        json: { type: 'boolean', default: false },
      },
      1,
    );
    const file = positionals[0];
    if (file === undefined || values.row === undefined || !/^\d+$/.test(values.row))
      throw usage('Name a dataset and a row, counted from 1.');
    const limits = readParameters(values, 'tgrpo');
    const template = await readTemplate(values.template);
    const dataset = await openDataset(file, undefined, { allowedRoots: allowedRoots(values) });
    try {
      const index = indexOf(dataset, Number(values.row));
      const question = dataset.question(index);
      const frames = values.expand
        ? (
            await decodeMedia({
              tools: await findFfmpeg(values.ffmpeg),
              key: question.path,
              file: await dataset.medium(index),
              kind: question.dataType,
              limits,
            })
          ).frames
        : notRead;
      const vision = values.expand ? visionTokens(frames) : 1;
      const prompt = promptText(buildPrompt(question, frames, null, template), () => vision);
      if (values.json)
        process.stdout.write(
          `${JSON.stringify({ row: Number(values.row), prompt, target: solutionText(dataset.row(index)) })}\n`,
        );
      else process.stdout.write(process.stdout.isTTY ? `${prompt}\n` : prompt);
      return exitCodes.done;
    } finally {
      dataset.dispose();
    }
  },
};
