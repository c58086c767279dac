import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Journal, type JournalEntry, type JournalHeader } from '../../trainer/cot/journal.ts';
import { setAside } from '../../trainer/journal/json-lines.ts';

const rows = 6;
const header: JournalHeader = {
  kind: 'video-r1 cot journal',
  version: 1,
  dataset: { sha256: 'abc', rows },
  teacher: { endpoint: 'http://127.0.0.1:1/v1', model: 'm' },
  sampling: { temperature: 1, topP: 0.95, maxTokens: 512, seed: 1 },
  media: { maxFrames: 16 },
  template: { system: null, instruction: 'think' },
};

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-journal-'));
  file = path.join(folder, 'cot.journal.jsonl');
});
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rm(folder, { recursive: true }));

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constant('a\nb'), fc.constant('é\ud83d'));
const usage = fc.option(fc.record({ tokensIn: fc.nat(), tokensOut: fc.nat() }));
const place = { row: fc.nat({ max: rows - 1 }), sample: fc.nat({ max: 2 }), seed: fc.nat() };
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({ ...place, outcome: fc.constantFrom('answered', 'cut-off', 'refused'), text, usage }),
  fc.record({ ...place, outcome: fc.constant('failed' as const), message: text }),
);

const keyOf = ({ row, sample }: JournalEntry) => `${row} ${sample}`;
const all = (journal: Journal) => journal.rows().flatMap((row) => journal.entries(row));
/** What a journal holds once these entries came one after the other: the last one of each sample. */
const standing = (entries: readonly JournalEntry[]) =>
  [...new Map(entries.map((one) => [keyOf(one), one])).values()].sort((a, b) => a.row - b.row || a.sample - b.sample);

/** Opens, does something, closes. */
function using<T>(journal: Journal, work: (journal: Journal) => T): T {
  try {
    return work(journal);
  } finally {
    journal.dispose();
  }
}

function write(entries: readonly JournalEntry[]): void {
  rmSync(file, { force: true });
  using(Journal.open(file, header), (journal) => {
    for (const one of entries) journal.append(one);
  });
}

describe('a journal', () => {
  it('gives back what was written, the last line of a sample for the others, in this opening and in the next', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        rmSync(file, { force: true });
        using(Journal.open(file, header), (journal) => {
          for (const one of entries) journal.append(one);
          expect(all(journal)).toEqual(standing(entries));
        });
        using(Journal.read(file), (journal) => {
          expect(all(journal)).toEqual(standing(entries));
          expect(journal.header).toEqual(header);
          const paid = entries.flatMap((one) => (one.outcome !== 'failed' && one.usage ? [one.usage] : []));
          expect(journal.tokensIn).toBe(paid.reduce((sum, { tokensIn }) => sum + tokensIn, 0));
          expect(journal.tokensOut).toBe(paid.reduce((sum, { tokensOut }) => sum + tokensOut, 0));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('that was cut at any byte is taken up with every whole line and nothing else, and ends as one that never was', () => {
    const many = fc.array(entry, { maxLength: 8 });
    fc.assert(
      fc.property(many, many, fc.double({ min: 0, max: 1, noNaN: true }), (entries, more, at) => {
        write(entries);
        const whole = readFileSync(file);
        truncateSync(file, Math.floor(at * whole.length));
        // Lines by an independent count: the header's is the first.
        const lines = readFileSync(file, 'latin1').split('\n').length - 1;
        const left = entries.slice(0, Math.max(0, lines - 1));
        using(Journal.open(file, header), (journal) => {
          expect(all(journal)).toEqual(standing(left));
          for (const one of more) journal.append(one);
          expect(all(journal)).toEqual(standing([...left, ...more]));
        });
        const continued = readFileSync(file);
        write([...left, ...more]);
        expect(continued.equals(readFileSync(file))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('is taken up right from every single cut of one file', () => {
    const entries: JournalEntry[] = [
      { row: 0, sample: 0, seed: 1, outcome: 'answered', text: '<think>é\n😀</think>', usage: null },
      { row: 1, sample: 0, seed: 2, outcome: 'failed', message: 'HTTP 400: no' },
      { row: 0, sample: 0, seed: 1, outcome: 'refused', text: '', usage: { tokensIn: 1, tokensOut: 2 } },
    ];
    write(entries);
    const whole = readFileSync(file);
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const lines = whole.subarray(0, cut).toString('latin1').split('\n').length - 1;
      using(Journal.open(file, header), (journal) => {
        expect(all(journal), `cut at ${cut}`).toEqual(standing(entries.slice(0, Math.max(0, lines - 1))));
      });
    }
  });

  it('begun with a header that was cut, begins with the header of now', () => {
    const long = { ...header, template: { instruction: 'x'.repeat(1000) } };
    using(Journal.open(file, long), () => {});
    truncateSync(file, 1000);
    using(Journal.open(file, header), () => {});
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(header)}\n`);
  });

  it('counts a sample as finished, and one that failed as open where it is to be asked again', () => {
    write([
      { row: 1, sample: 1, seed: 0, outcome: 'failed', message: 'no' },
      { row: 2, sample: 0, seed: 0, outcome: 'refused', text: '', usage: null },
    ]);
    using(Journal.read(file), (journal) => {
      expect([journal.isFinished(1, 1, false), journal.isFinished(1, 1, true)]).toEqual([true, false]);
      expect([journal.isFinished(2, 0, false), journal.isFinished(2, 0, true)]).toEqual([true, true]);
      expect(journal.isFinished(1, 0, false)).toBe(false);
      expect(journal.count).toBe(2);
    });
  });

  it('notes a row that can not be read once', () => {
    using(Journal.open(file, header), (journal) => {
      journal.appendUnreadable(3, 'gone');
      journal.appendUnreadable(3, 'gone');
    });
    using(Journal.open(file, header), (journal) => {
      journal.appendUnreadable(3, 'gone');
      expect([...journal.unreadable]).toEqual([[3, 'gone']]);
    });
    expect(readFileSync(file, 'utf8').split('\n').length).toBe(3);
  });

  it('reads a file of several pieces', () => {
    const entries = Array.from({ length: 6 }, (_, row): JournalEntry => {
      return { row, sample: 0, seed: row, outcome: 'answered', text: `${row}`.repeat(700_000), usage: null };
    });
    write(entries);
    using(Journal.read(file), (journal) => expect(all(journal)).toEqual(entries));
  });
});

describe('a journal that does not fit', () => {
  it('is refused with every setting that differs', () => {
    write([]);
    const now: JournalHeader = {
      ...header,
      teacher: { endpoint: 'http://127.0.0.1:1/v1', model: 'n' },
      sampling: { ...header.sampling, temperature: 0.5 },
      media: { maxFrames: 8, minFrames: 2 },
    };
    expect(() => Journal.open(file, now)).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        message: [
          'The journal was begun with other settings (then against now):',
          'teacher.model: "m" against "n"',
          'sampling.temperature: 1 against 0.5',
          'media.maxFrames: 16 against 8',
          'media.minFrames: not there against 2',
        ].join('\n'),
      }),
    );
  });

  it('is refused, and left as it is, when it is another file', () => {
    for (const content of ['hello', '{"kind":"other"}\n', `${JSON.stringify({ ...header, version: 2 })}\n`]) {
      writeFileSync(file, content);
      expect(() => Journal.open(file, header)).toThrow(expect.objectContaining({ kind: 'conflict' }));
      expect(readFileSync(file, 'utf8')).toBe(content);
    }
  });

  it('names the line that is damaged', () => {
    write([{ row: 0, sample: 0, seed: 1, outcome: 'refused', text: '', usage: null }]);
    const good = readFileSync(file, 'utf8');
    for (const line of [
      '{"row": 1',
      '{"row":99,"unreadable":"x"}',
      '{"row":0,"sample":0,"seed":1,"outcome":"answered"}',
      '',
    ]) {
      writeFileSync(file, `${good}${line}\n${good.split('\n')[1]}\n`);
      expect(() => Journal.open(file, header)).toThrow(
        expect.objectContaining({ kind: 'conflict', place: `${file}:3` }),
      );
    }
  });

  it('is kept under the next free name when one begins anew', () => {
    write([]);
    expect(setAside(file)).toBe(`${file}.1`);
    write([]);
    expect(setAside(file)).toBe(`${file}.2`);
    expect(setAside(file)).toBeNull();
  });

  it('is not there', () => {
    expect(() => Journal.read(file)).toThrow(expect.objectContaining({ kind: 'not-found' }));
  });
});
