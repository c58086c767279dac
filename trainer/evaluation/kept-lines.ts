/**
 * What was found out question by question, on disk: a header line with all that the lines have in common, then one JSON line for
 * every question that was asked or could not be. Holds no time, so that the same work gives the same bytes. A kill at any moment
 * leaves at most a half last line, which is cut off when the file is opened again.
 */
import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs';
import type { z } from 'zod';
import { lineValue, settingsThatDiffer, writeAt } from '../journal/json-lines.ts';
import { linesOfFile } from '../journal/lines.ts';
import { StudioError } from '../protocol/errors.ts';

/** A question of one of the datasets that the header names. */
export interface LinePlace {
  readonly dataset: string;
  readonly row: number;
}

/** What a file of one kind holds, and how it is spoken of. */
export interface LineForm<H, L extends LinePlace> {
  readonly header: z.ZodType<H>;
  readonly line: z.ZodType<L>;
  /** What may not differ when the file is gone on with; what the header `other` does not know yet is left out. */
  pinned(header: H, other: H): object;
  readonly words: {
    /** As in `an evaluation`. */
    readonly work: string;
    /** What makes such a file. */
    readonly command: string;
  };
}

const nameOf = ({ dataset, row }: LinePlace) => `${dataset}\n${row}`;

const notOurs = ({ words }: Pick<LineForm<never, never>, 'words'>, file: string, why: string) =>
  new StudioError('conflict', `This is no file of answers of ${words.work}: ${why}.`, {
    place: file,
    remedy: 'Choose another --out, or begin anew with --fresh (the file is kept aside).',
  });

interface Content<H, L> {
  /** Null where the file holds no whole line. */
  readonly header: H | null;
  readonly lines: L[];
  /** Where the last whole line ends. */
  readonly end: number;
  /** What follows it. */
  readonly rest: string;
}

function readContent<H, L extends LinePlace>(form: LineForm<H, L>, file: string): Content<H, L> {
  const descriptor = openSync(file, 'r');
  try {
    return contentOf(form, file, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function contentOf<H, L extends LinePlace>(form: LineForm<H, L>, file: string, descriptor: number): Content<H, L> {
  const lines: L[] = [];
  const known = new Set<string>();
  let header: H | null = null;
  let end = 0;
  for (const { number, offset, bytes, whole } of linesOfFile(descriptor)) {
    if (!whole) return { header, lines, end, rest: bytes.toString('utf8') };
    const value = lineValue(bytes);
    end = offset + bytes.length + 1;
    if (number === 1) {
      const checked = form.header.safeParse(value);
      if (!checked.success) throw notOurs(form, file, `its first line is not the header of ${form.words.work}`);
      header = checked.data;
      continue;
    }
    const checked = form.line.safeParse(value);
    const name = checked.success ? nameOf(checked.data) : '';
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

/** Reads lines without changing them. @throws StudioError `not-found`, `conflict` */
export function readLines<H, L extends LinePlace>(
  form: LineForm<H, L>,
  file: string,
): { header: H; lines: readonly L[] } {
  if (!existsSync(file))
    throw new StudioError('not-found', `There are no answers of ${form.words.work}.`, {
      place: file,
      remedy: `Run ${form.words.command} first.`,
    });
  const { header, lines } = readContent(form, file);
  if (header === null) throw notOurs(form, file, 'its first line is not whole');
  return { header, lines };
}

/** The lines of one file, open for more. One process writes them at a time: the caller sees to that. */
export class KeptLines<H, L extends LinePlace> {
  readonly file: string;
  readonly header: H;
  readonly lines: L[];
  private readonly descriptor: number;
  private readonly known: Set<string>;
  private end: number;

  private constructor(file: string, descriptor: number, header: H, content: Content<H, L>) {
    this.file = file;
    this.descriptor = descriptor;
    this.header = header;
    this.lines = content.lines;
    this.end = content.end;
    this.known = new Set(content.lines.map(nameOf));
  }

  /**
   * Opens the lines to go on with them, or begins a file. Half a last line is cut off.
   * @throws StudioError `conflict` when they were made with other settings, naming each; or when it is another kind of file
   */
  static open<H, L extends LinePlace>(form: LineForm<H, L>, file: string, given: H): KeptLines<H, L> {
    // With its keys in the order in which they are read again.
    const header = form.header.parse(given);
    const headerText = `${JSON.stringify(header)}\n`;
    const content: Content<H, L> = existsSync(file)
      ? readContent(form, file)
      : { header: null, lines: [], end: 0, rest: '' };
    if (content.header === null) {
      // A text that a kill can't have left is someone else's, and stays.
      if (!headerText.startsWith(content.rest)) throw notOurs(form, file, 'it holds something else');
    } else {
      const differences = settingsThatDiffer(form.pinned(content.header, header), form.pinned(header, content.header));
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
      const kept = new KeptLines(file, descriptor, content.header ?? header, content);
      if (content.header === null) kept.write(headerText);
      return kept;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
  }

  has(dataset: string, row: number): boolean {
    return this.known.has(nameOf({ dataset, row }));
  }

  append(lines: readonly L[]): void {
    this.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const line of lines) {
      this.lines.push(line);
      this.known.add(nameOf(line));
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
