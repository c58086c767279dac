/**
 * The answers of an evaluation on disk: a header line with all that they have in common, then one JSON line for every
 * question that was asked or could not be. Holds no time, so that the same evaluation gives the same bytes. A kill at any
 * moment leaves at most a half last line, which is cut off when the file is opened again.
 */
import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs';
import { z } from 'zod';
import { lineValue, settingsThatDiffer, writeAt } from '../journal/json-lines.ts';
import { linesOfFile } from '../journal/lines.ts';
import { dataType, problemType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import { stopReason } from '../protocol/records.ts';
import { promptTemplate } from '../reasoning/template.ts';

/** With another value of any of these but `label`, answers do not belong together. */
const answersHeader = z.strictObject({
  kind: z.literal('video-r1 evaluation'),
  version: z.literal(1),
  /** For people; the same weights may be called otherwise the next time. */
  label: z.strictObject({ model: z.string(), run: z.string().nullable(), step: z.number().int().nullable() }),
  model: z.strictObject({ sha256: z.string() }),
  datasets: z.array(z.strictObject({ name: z.string(), sha256: z.string(), rows: z.number().int() })).min(1),
  /** Limits of frames and pixels, by parameter name. */
  frames: z.record(z.string(), z.union([z.string(), z.number()])),
  sampling: z.strictObject({
    temperature: z.number(),
    topP: z.number(),
    maxTokens: z.number().int(),
    seed: z.number().int(),
  }),
  /** Whether videos are also answered with their frames shuffled. */
  shuffled: z.boolean(),
  /** The training reward's one switch. */
  nanRegressionPays: z.boolean(),
  /** Longer prompts are skipped; 0 for no limit. Older files of answers have none, and skipped none. */
  maxPromptTokens: z.number().int().optional(),
  template: promptTemplate,
});
export type AnswersHeader = z.infer<typeof answersHeader>;

const given = z.strictObject({
  text: z.string(),
  tokens: z.number().int(),
  stop: stopReason,
  /** What was taken for the answer. */
  answer: z.string(),
  /** By the benchmark's rule, 0..1. */
  accuracy: z.number().min(0).max(1),
  correct: z.boolean(),
  /** The accuracy reward that training would pay, 0..1. */
  reward: z.number().min(0).max(1),
});
export type GivenAnswer = z.infer<typeof given>;

const questionShape = {
  /** Name of the dataset. */
  dataset: z.string(),
  /** Among the questions that can be asked, from 0. */
  row: z.number().int().min(0),
  /** In the dataset's file, from 1; older files of answers have none. */
  fileRow: z.number().int().positive().optional(),
  /** Hash of what is asked: the same in any file that holds the question. */
  key: z.string(),
  problemId: z.string(),
  problem: z.string(),
  problemType,
  dataType,
  solution: z.string(),
  path: z.string(),
  source: z.string(),
  family: z.string().nullable(),
  needsOrder: z.boolean().nullable(),
};

const answeredLine = z.strictObject({
  outcome: z.literal('answered'),
  ...questionShape,
  ordered: given,
  /** Null for an image, or where no shuffled answer was wanted. */
  shuffled: given.nullable(),
});
/** The medium could not be read, or the prompt was too long, so nothing was asked. */
const skippedLine = z.strictObject({ outcome: z.literal('skipped'), ...questionShape, message: z.string() });
const anyLine = z.discriminatedUnion('outcome', [answeredLine, skippedLine]);

export type AnsweredLine = z.infer<typeof answeredLine>;
export type SkippedLine = z.infer<typeof skippedLine>;
export type AnswersLine = z.infer<typeof anyLine>;

/** Labels do not count, nor what the other file's version did not know. */
const pinned = ({ label: _label, maxPromptTokens, ...settings }: AnswersHeader, other: AnswersHeader) => ({
  ...settings,
  ...(other.maxPromptTokens === undefined ? {} : { maxPromptTokens }),
});

const notOurs = (file: string, why: string) =>
  new StudioError('conflict', `This is no file of answers: ${why}.`, {
    place: file,
    remedy: 'Choose another --out, or begin anew with --fresh (the file is kept aside).',
  });

interface Content {
  /** Null where the file holds no whole line. */
  readonly header: AnswersHeader | null;
  readonly lines: AnswersLine[];
  /** Where the last whole line ends. */
  readonly end: number;
  /** What follows it. */
  readonly rest: string;
}

function readContent(file: string): Content {
  const descriptor = openSync(file, 'r');
  try {
    return contentOf(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function contentOf(file: string, descriptor: number): Content {
  const lines: AnswersLine[] = [];
  const known = new Set<string>();
  let header: AnswersHeader | null = null;
  let end = 0;
  for (const { number, offset, bytes, whole } of linesOfFile(descriptor)) {
    if (!whole) return { header, lines, end, rest: bytes.toString('utf8') };
    const value = lineValue(bytes);
    end = offset + bytes.length + 1;
    if (number === 1) {
      const checked = answersHeader.safeParse(value);
      if (!checked.success) throw notOurs(file, 'its first line is not the header of an evaluation');
      header = checked.data;
      continue;
    }
    const checked = anyLine.safeParse(value);
    const name = checked.success ? `${checked.data.dataset}\n${checked.data.row}` : '';
    if (!checked.success || known.has(name))
      throw new StudioError(
        'conflict',
        `This line is ${checked.success ? 'about a question that an earlier one answers' : 'damaged'}.`,
        {
          place: `${file}:${number}`,
          remedy: 'Remove the line: a question without one is asked again. Or begin anew with --fresh.',
        },
      );
    known.add(name);
    lines.push(checked.data);
  }
  return { header, lines, end, rest: '' };
}

/** Reads answers without changing them. @throws StudioError `not-found`, `conflict` */
export function readAnswers(file: string): { header: AnswersHeader; lines: readonly AnswersLine[] } {
  if (!existsSync(file))
    throw new StudioError('not-found', 'There are no answers of an evaluation.', {
      place: file,
      remedy: 'Run video-r1 eval first.',
    });
  const { header, lines } = readContent(file);
  if (header === null) throw notOurs(file, 'its first line is not whole');
  return { header, lines };
}

/** The answers of one evaluation, open for more. One process writes them at a time: the caller sees to that. */
export class AnswersFile {
  readonly file: string;
  readonly header: AnswersHeader;
  readonly lines: AnswersLine[];
  private readonly descriptor: number;
  private readonly known: Set<string>;
  private end: number;

  private constructor(file: string, descriptor: number, header: AnswersHeader, content: Content) {
    this.file = file;
    this.descriptor = descriptor;
    this.header = header;
    this.lines = content.lines;
    this.end = content.end;
    this.known = new Set(content.lines.map(({ dataset, row }) => `${dataset}\n${row}`));
  }

  /**
   * Opens the answers to go on with them, or begins a file. Half a last line is cut off.
   * @throws StudioError `conflict` when they were given with other settings, naming each; or when it is another kind of file
   */
  static open(file: string, header: AnswersHeader): AnswersFile {
    const headerText = `${JSON.stringify(header)}\n`;
    const content: Content = existsSync(file) ? readContent(file) : { header: null, lines: [], end: 0, rest: '' };
    if (content.header === null) {
      // A text that a kill can't have left is someone else's, and stays.
      if (!headerText.startsWith(content.rest)) throw notOurs(file, 'it holds something else');
    } else {
      const differences = settingsThatDiffer(pinned(content.header, header), pinned(header, content.header));
      if (differences.length > 0)
        throw new StudioError(
          'conflict',
          `The answers there were given with other settings (then against now):\n${differences.join('\n')}`,
          {
            place: file,
            remedy:
              'Give the settings of then, choose another --out, or begin anew with --fresh (the file is kept aside).',
          },
        );
    }
    const descriptor = openSync(file, existsSync(file) ? 'r+' : 'wx+');
    try {
      ftruncateSync(descriptor, content.end);
      const answers = new AnswersFile(file, descriptor, content.header ?? header, content);
      if (content.header === null) answers.write(headerText);
      return answers;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
  }

  has(dataset: string, row: number): boolean {
    return this.known.has(`${dataset}\n${row}`);
  }

  append(lines: readonly AnswersLine[]): void {
    this.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const line of lines) {
      this.lines.push(line);
      this.known.add(`${line.dataset}\n${line.row}`);
    }
  }

  dispose(): void {
    closeSync(this.descriptor);
  }

  private write(text: string): void {
    const bytes = Buffer.from(text);
    writeAt(this.descriptor, bytes, this.end);
    this.end += bytes.length;
  }
}
