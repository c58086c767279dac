import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, openDataset } from '../../trainer/data/dataset.ts';
import { findJsonFault } from '../../trainer/data/json/fault.ts';
import { type RowBytes, RowScanner } from '../../trainer/data/json/row-scanner.ts';
import { checkRow, climbsOut, optionLetters } from '../../trainer/data/row-check.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';

const row = {
  problem_id: 7,
  problem: 'Which way?',
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. Left', 'B. Right'],
  solution: '<answer> B </answer>',
  path: './clips/a.mp4',
  data_source: 'test',
};

let folder: string;
const opened: Dataset[] = [];
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-data-'));
});
afterAll(async () => {
  for (const dataset of opened) dataset.dispose();
  await rm(folder, { recursive: true, force: true });
});
const openText = async (text: string | Uint8Array, name = 'data.json') => {
  await writeFile(at(name), text);
  const dataset = await openDataset(at(name));
  opened.push(dataset);
  return dataset;
};
const refused = async (text: string | Uint8Array): Promise<StudioError> => {
  const thrown = await openText(text).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StudioError);
  return thrown as StudioError;
};

describe('openDataset', () => {
  it.each([
    ['an array', JSON.stringify([row, { ...row, problem_id: 'x' }])],
    [
      'an indented array with a byte order mark',
      `\ufeff${JSON.stringify([row, { ...row, problem_id: 'x' }], null, 2)}\n\n`,
    ],
    ['lines', `${JSON.stringify(row)}\n\n  ${JSON.stringify({ ...row, problem_id: 'x' })}`],
    ['lines with carriage returns', `${JSON.stringify(row)}\r\n${JSON.stringify({ ...row, problem_id: 'x' })}\r\n`],
  ])('reads %s', async (_, text) => {
    const dataset = await openText(text);
    expect([dataset.count, dataset.faults]).toEqual([2, []]);
    expect(dataset.row(0)).toEqual(row);
    expect(dataset.question(1)).toEqual({
      row: 1,
      fileRow: 2,
      dataset: at('data.json'),
      problemId: 'x',
      problem: 'Which way?',
      problemType: 'multiple choice',
      dataType: 'video',
      options: ['A. Left', 'B. Right'],
      solution: 'B',
      path: './clips/a.mp4',
      source: 'test',
      family: null,
      needsOrder: null,
    });
    expect([dataset.dataType(0), dataset.hasProcess(0)]).toEqual(['video', false]);
  });

  it('knows which rows say what is right of their video backwards, and what', async () => {
    const dataset = await openText(JSON.stringify([row, { ...row, reversed_solution: '<answer> A </answer>' }]));
    expect([0, 1].map((index) => dataset.hasReversed(index))).toEqual([false, true]);
    expect([0, 1].map((index) => dataset.reversedSolution(index))).toEqual([null, 'A']);
  });

  it('leaves bad rows out, and names each with its line and what is wrong', async () => {
    const rows = [
      row,
      { ...row, problem_type: 'multiple-choice' },
      { ...row, solution: '<answer>D</answer>' },
      { ...row, solution: 'B' },
      { ...row, path: '../../etc/passwd' },
      { ...row, problem_type: 'numerical', solution: '<answer>two</answer>' },
      { ...row, problem: undefined },
      [],
      { ...row, data_type: 'image', process: '<think>a</think>' },
    ];
    const dataset = await openText(rows.map((one) => JSON.stringify(one)).join('\n'), 'faults.jsonl');
    expect(dataset.count).toBe(2);
    expect([dataset.dataType(1), dataset.hasProcess(1), dataset.place(1)]).toEqual([
      'image',
      true,
      `${at('faults.jsonl')}:9`,
    ]);
    expect(dataset.faults.map(({ row: number }) => number)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect([0, 1].map((index) => dataset.fileRow(index))).toEqual([1, 9]);
    const messages = dataset.faults.map(({ message }) => message.replace(`${at('faults.jsonl')}:`, ''));
    expect(messages[0]).toBe(
      '2: problem_type “multiple-choice” is not known. Did you mean "multiple choice"? Known are "multiple choice", "numerical", "OCR", "free-form", "regression".',
    );
    expect(messages[1]).toBe('3: The solution “D” is not among the options A, B.');
    expect(messages[2]).toContain('has no <answer>…</answer>');
    expect(messages[3]).toContain('leads out of the dataset’s folder');
    expect(messages[4]).toContain('is not a number');
    expect(messages[5]).toContain('problem is missing');
    expect(messages[6]).toContain('must be a JSON object');
  });

  it('refuses a file whose rows are all bad, and one without rows', async () => {
    expect((await refused(JSON.stringify([{ ...row, path: '/etc/passwd' }]))).message).toContain('None of the 1 rows');
    expect((await refused('[]')).message).toBe('The dataset holds no question.');
    expect((await refused('')).message).toBe('The dataset is empty.');
    expect((await refused(' \n ')).message).toBe('The dataset is empty.');
  });

  it.each([
    ['hello', /begins with "h".*line 1, column 1/],
    ['\xff\xfe[', /begins with byte/],
    [
      `[${JSON.stringify(row)}\n,\n${JSON.stringify(row).slice(0, 90)}`,
      /ends in the middle of row 2, which begins at line 3/,
    ],
    [`[${JSON.stringify(row)},`, /ends after row 1 without the "\]"/],
    [`[${JSON.stringify(row)}`, /ends after row 1 without the "\]"/],
    [`[${JSON.stringify(row)} ${JSON.stringify(row)}]`, /a comma or "\]" is expected, but "\{" follows, at line 1/],
    [`[${JSON.stringify(row)},]`, /a row \("\{"\) is expected, but "\]" follows/],
    [`[${JSON.stringify(row)}]\nx`, /nothing more is expected, but "x" follows, at line 2, column 1/],
    ['[1, 2]', /a row \("\{"\) or "\]" is expected, but "1" follows/],
    ['[\n{"a": 1,\n"b" 2}]', /Row 1 is not JSON: ":" is expected, but "2" follows, at line 3, column 5/],
    ['[{"a": [1}]}]', /is not JSON/],
    ['[{"a": "runs\non"}]', /a text runs over the end of its line, at line 1, column 13 \(in row 1\)/],
    [
      `${JSON.stringify(row)}\n{"a": tru}\n`,
      /Row 2 is not JSON: a value is expected, but "t" follows, at line 2, column 7/,
    ],
    [`${JSON.stringify(row)}\n${JSON.stringify(row).slice(0, 50)}`, /Row 2 is not JSON.*line 2/],
  ])('says where %j stops being a dataset', async (text, message) => {
    const fault = await refused(text);
    expect(fault.kind).toBe('bad-dataset');
    expect(fault.message).toMatch(message);
    expect(fault.place).toContain(at('data.json'));
    expect(fault.remedy).toBeTruthy();
  });

  it('lists a row that is not UTF-8 as bad, rather than reading it wrongly', async () => {
    const bytes = Buffer.from(`${JSON.stringify(row)}\n${JSON.stringify({ ...row, problem: 'caf\u00e9' })}`, 'latin1');
    const dataset = await openText(bytes);
    expect(dataset.count).toBe(1);
    expect(dataset.faults[0]?.message).toContain('not UTF-8');
  });

  it('names a missing file and a folder', async () => {
    await expect(openDataset(at('nowhere.json'))).rejects.toMatchObject({
      kind: 'not-found',
      place: at('nowhere.json'),
    });
    await expect(openDataset(folder)).rejects.toMatchObject({ kind: 'bad-dataset' });
  });

  it('notices that the file was changed after it was opened', async () => {
    const dataset = await openText(JSON.stringify([row, row]));
    await writeFile(at('data.json'), ' '.repeat(2000));
    expect(() => dataset.row(1)).toThrow('changed after it was opened');
  });

  it('stops when it is told to', async () => {
    await writeFile(at('stop.json'), JSON.stringify([row]));
    await expect(openDataset(at('stop.json'), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

describe('mediaPath', () => {
  it('gives the file, and refuses what is missing or linked from outside', async () => {
    await mkdir(at('inside/clips'), { recursive: true });
    await writeFile(at('outside.mp4'), 'x');
    await writeFile(at('inside/clips/a.mp4'), 'x');
    await symlink(at('outside.mp4'), at('inside/link.mp4'));
    await symlink(at('inside/clips'), at('inside/linked'));
    const paths = ['./clips/a.mp4', 'link.mp4', 'linked/a.mp4', 'none.mp4', 'clips/../clips/a.mp4'];
    const dataset = await openText(JSON.stringify(paths.map((name) => ({ ...row, path: name }))), 'inside/data.json');
    expect(dataset.mediaPath(0)).toMatch(/inside\/clips\/a\.mp4$/);
    expect(dataset.mediaPath(2)).toBe(dataset.mediaPath(0));
    expect(dataset.mediaPath(4)).toBe(dataset.mediaPath(0));
    expect(() => dataset.mediaPath(1)).toThrow('through a symbolic link');
    expect(() => dataset.mediaPath(3)).toThrow('none.mp4 is not there');
  });

  it('never lets a checked path leave the folder it starts from', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom('..', '.', 'a', 'b.mp4', '', '...', '\\..', 'c\\..\\..'))
          .map((parts) => parts.join('/')),
        (name) => {
          if (climbsOut(name)) return;
          const full = path.posix.resolve('/data/set', name.replaceAll('\\', '/'));
          expect(full === '/data/set' || full.startsWith('/data/set/')).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(['/a', 'C:\\a', '\\\\host\\a', 'a/../../b', '..', 'a\0b'].every(climbsOut)).toBe(true);
    expect(['a/../b', './a', 'a/b/../../c', '..a/b'].some(climbsOut)).toBe(false);
  });
});

describe('checkRow', () => {
  it('takes letters that the options begin with, or letters by place where they have none', () => {
    expect(optionLetters(['A. Left', '(B) Right', 'C) Up', 'D: Down'])).toEqual(['A', 'B', 'C', 'D']);
    expect(optionLetters(['Left', 'Right'])).toEqual(['A', 'B']);
    const check = (options: string[], answer: string) =>
      'row' in checkRow({ ...row, options, solution: `<answer>${answer}</answer>` });
    expect([
      check(['Left', 'Right'], 'B'),
      check(['Left', 'Right'], 'C'),
      check(['Left', 'Right'], 'Right'),
      check([], 'C'),
    ]).toEqual([true, false, true, true]);
  });
});

describe('the scanner of rows', () => {
  const scan = (text: string, pieceBytes: number) => {
    const scanner = new RowScanner('f');
    const bytes = Buffer.from(text);
    const rows: { text: string; offset: number; line: number }[] = [];
    const keep = ({ bytes: own, offset, line }: RowBytes) => rows.push({ text: own.toString(), offset, line });
    for (let i = 0; i < bytes.length; i += pieceBytes)
      for (const one of scanner.push(Buffer.from(bytes.subarray(i, i + pieceBytes)))) keep(one);
    for (const one of scanner.end()) keep(one);
    return rows;
  };

  it('finds the same rows whatever pieces the file comes in, at their true offsets and lines', () => {
    const value = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(value, fc.constantFrom<0 | 2>(0, 2), fc.integer({ min: 1, max: 40 }), (rows, indent, pieceBytes) => {
        const text = JSON.stringify(rows, null, indent);
        const found = scan(text, pieceBytes);
        expect(found.map((one) => JSON.parse(one.text))).toEqual(JSON.parse(text));
        for (const one of found) {
          expect(
            Buffer.from(text)
              .subarray(one.offset, one.offset + Buffer.byteLength(one.text))
              .toString(),
          ).toBe(one.text);
          expect(one.line).toBe(Buffer.from(text).subarray(0, one.offset).toString().split('\n').length);
        }
        const lines = rows.map((one) => `${JSON.stringify(one)}\n`).join('');
        expect(scan(lines, pieceBytes).map((one) => JSON.parse(one.text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('any text as a dataset', () => {
  /** What reading gives: rows, or the one kind of error that may be thrown. */
  const read = (bytes: Buffer, pieces: readonly number[]): { rows: string[]; fault: StudioError | null } => {
    const scanner = new RowScanner('f');
    const rows: string[] = [];
    try {
      let at = 0;
      for (let n = 0; at < bytes.length; n++) {
        const length = pieces[n % pieces.length] as number;
        for (const one of scanner.push(bytes.subarray(at, at + length))) rows.push(one.bytes.toString());
        at += length;
      }
      for (const one of scanner.end()) rows.push(one.bytes.toString());
      return { rows, fault: null };
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(StudioError);
      return { rows, fault: thrown as StudioError };
    }
  };
  const pieces = fc.array(fc.integer({ min: 4, max: 60 }), { minLength: 1, maxLength: 6 });
  const value = fc.dictionary(fc.string({ unit: 'binary', maxLength: 6 }), fc.jsonValue({ maxDepth: 3 }), {
    maxKeys: 4,
  });

  it('gives the rows that JSON.parse gives, in whatever pieces, marks, line ends and indents it comes', () => {
    const form = fc.record({ indent: fc.constantFrom(0, 1, '\t'), mark: fc.boolean(), returns: fc.boolean() });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), pieces, form, (rows, lengths, how) => {
        const whole = JSON.stringify(rows, null, how.indent);
        const lines = rows.map((one) => JSON.stringify(one)).join('\n');
        for (const text of [whole, lines]) {
          const written = `${how.mark ? '\ufeff' : ''}${how.returns ? text.replaceAll('\n', '\r\n') : text}`;
          const found = read(Buffer.from(written), lengths);
          expect(found.fault).toBeNull();
          expect(found.rows.map((one) => JSON.parse(one))).toEqual(JSON.parse(whole));
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('gives the rows before a cut, then says that the file was cut off after as many bytes', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), pieces, fc.nat(), (rows, lengths, at) => {
        const whole = Buffer.from(JSON.stringify(rows, null, 1));
        const bytes = whole.subarray(0, 1 + (at % (whole.length - 1)));
        const { rows: found, fault } = read(bytes, lengths);
        expect(found.map((one) => JSON.parse(one))).toEqual(JSON.parse(JSON.stringify(rows.slice(0, found.length))));
        expect(fault?.message).toContain(`cut off after ${bytes.length} bytes`);
        const column = bytes.length - 1 - bytes.lastIndexOf('\n') + 1;
        const line = bytes.toString('latin1').split('\n').length;
        expect(fault?.message).toContain(`at line ${line}, column ${column};`);
      }),
      { numRuns: 10_000 },
    );
  });

  it('throws nothing but a StudioError, and says where, for any garbage', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\n',
      '\r',
      ' ',
      '\ufeff',
      '\u0000',
      'x',
      '{}',
      '"a":1',
      'ü',
    );
    const garbage = fc.oneof(
      fc.array(token, { maxLength: 30 }).map((tokens) => Buffer.from(tokens.join(''))),
      fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(garbage, pieces, (bytes, lengths) => {
        const { rows, fault } = read(bytes, lengths);
        if (fault) expect([fault.kind, fault.place?.startsWith('f')]).toEqual(['bad-dataset', true]);
        for (const one of rows) expect(one.length).toBeGreaterThan(0);
        expect(rows).toEqual(read(bytes, [bytes.length + 1]).rows);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeff[{}]', 'utf16le'), /UTF-16/],
    ['UTF-16 without a mark', Buffer.from('[{}]', 'utf16le'), /UTF-16/],
    ['big-endian UTF-16', Buffer.from('\ufeff[{}]', 'utf16le').swap16(), /UTF-16/],
    ['100,000 brackets', Buffer.from('['.repeat(100_000)), /a row .* is expected, but "\[" follows/],
    ['100,000 brackets in a row', Buffer.from(`[{"a":${'['.repeat(100_000)}`), /in the middle of row 1/],
    ['an endless quote', Buffer.from(`[{"a":"${'x'.repeat(10_000_000)}`), /in the middle of row 1.*inside a text/],
  ])('says of %s what it is', (_, bytes, message) => {
    expect(read(bytes, [1_000_000]).fault?.message).toMatch(message);
  });

  it('opens rows with 100,000 brackets and with texts of 10 MB', async () => {
    const deep = JSON.stringify(row).replace('{', `{"deep": ${'['.repeat(100_000)}${']'.repeat(100_000)},`);
    const long = { ...row, problem: 'x'.repeat(10_000_000) };
    const dataset = await openText(`[${deep},${JSON.stringify(long)}]`);
    expect(dataset.count).toBe(2);
    expect(dataset.row(0)).toEqual(row);
    expect(dataset.row(1)).toEqual(long);
  });
});

describe('findJsonFault', () => {
  it('agrees with JSON.parse on any text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      'a',
      '\\',
      '\\u00e',
      '\\n',
      '1',
      '-',
      '.',
      'e5',
      '0',
      'true',
      'null',
      ' ',
      '\n',
      '"k":',
      '"v"',
      '\u0001',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((p) => p.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (said) => {
        let isJson = true;
        try {
          JSON.parse(said);
        } catch {
          isJson = false;
        }
        expect(findJsonFault(said) === null).toBe(isJson);
      }),
      { numRuns: 10_000 },
    );
  });

  it('does not recurse: a million brackets are a fault, not an overflow', () => {
    expect(findJsonFault('['.repeat(1_000_000))?.offset).toBe(1_000_000);
  });
});
