/** Labels are the same whatever the order in which entries come, and nothing that was said is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorOf } from '../../../trainer/protocol/annotations/anchors.ts';
import { type AssignmentEntry, type Author, itemKey } from '../../../trainer/protocol/annotations/entries.ts';
import { type ItemLabels, LabelBook, type Statement } from '../../../trainer/protocol/annotations/label-book.ts';
import { fits, flagsThatFit } from '../../../trainer/protocol/annotations/label-filter.ts';
import { ann, ben, flag, retraction, row, settlement, verdictOf } from './made-entries.ts';

const key = itemKey(row('a'));
const labelsOf = (...entries: Statement[]) => new LabelBook(entries).get(key) as ItemLabels;
const ids = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);

describe('an item', () => {
  test('has one verdict of each author: a later one replaces it, and the history keeps both', () => {
    const [drop, keep, own] = [verdictOf(ann, 1, 'drop'), verdictOf(ann, 2, 'keep'), verdictOf(ben, 0, 'keep')];
    const labels = labelsOf(drop, keep, own);
    expect(labels.verdicts).toEqual([own, keep]);
    expect(labels.history.map(({ entry }) => entry)).toEqual([own, drop, keep]);
    expect(labels.outcome).toEqual({ state: 'agreed', verdict: 'keep', fixed: null });
  });

  test('has the last of the same flags of one author on one place, and those of others beside it', () => {
    const span = anchorOf('First red.', { start: 6, end: 9 });
    const first = flag(ann, 1, { span, severity: 'minor' });
    const again = flag(ann, 2, { span, note: 'it was blue' });
    const whole = flag(ann, 3);
    const bens = flag(ben, 4, { span });
    expect(labelsOf(again, bens, first, whole).flags).toEqual([again, whole, bens]);
    expect(labelsOf(again, retraction(ann, 5, again), first).flags).toEqual([first]);
  });

  test.each([
    ['nobody', [], null, { state: 'none' }],
    ['one', [['drop', null]], null, { state: 'agreed', verdict: 'drop', fixed: null }],
    [
      'two that differ',
      [
        ['drop', null],
        ['keep', null],
      ],
      null,
      { state: 'disputed', over: 'verdict' },
    ],
    [
      'two, settled',
      [
        ['drop', null],
        ['keep', null],
      ],
      ['keep', null],
      { state: 'settled', verdict: 'keep', fixed: null },
    ],
    [
      'two texts',
      [
        ['fix', 'a'],
        ['fix', 'b'],
      ],
      null,
      { state: 'disputed', over: 'text' },
    ],
    [
      'one text',
      [
        ['fix', null],
        ['fix', 'b'],
      ],
      null,
      { state: 'agreed', verdict: 'fix', fixed: 'b' },
    ],
    ['no text', [['fix', null]], null, { state: 'agreed', verdict: 'fix', fixed: null }],
    [
      'settled with a text',
      [
        ['fix', 'a'],
        ['keep', null],
      ],
      ['fix', 'c'],
      { state: 'settled', verdict: 'fix', fixed: 'c' },
    ],
    [
      'settled for the text',
      [
        ['fix', 'a'],
        ['keep', null],
      ],
      ['fix', null],
      { state: 'settled', verdict: 'fix', fixed: 'a' },
    ],
    [
      'settled for one of two',
      [
        ['fix', 'a'],
        ['fix', 'b'],
      ],
      ['fix', null],
      { state: 'disputed', over: 'text' },
    ],
  ] as const)('of which %s gave a verdict is trained on as that says', (_, given, settled, outcome) => {
    const verdicts = given.map(([verdict, fixed], i) => verdictOf(i === 0 ? ann : ben, i, verdict, { fixed }));
    const all: Statement[] = [flag(ann, 9), ...verdicts];
    if (settled) all.push(settlement(ben, 10, settled[0], { fixed: settled[1] }));
    expect(labelsOf(...all).outcome).toEqual(outcome);
  });

  test('that was settled stays so until that is taken back', () => {
    const settled = settlement(ann, 1, 'keep');
    const all = [verdictOf(ann, 0, 'drop'), settled, verdictOf(ben, 2, 'drop')];
    expect(labelsOf(...all).outcome).toMatchObject({ state: 'settled', verdict: 'keep' });
    expect(labelsOf(...all, retraction(ann, 3, settled)).outcome).toMatchObject({ state: 'agreed', verdict: 'drop' });
  });
});

describe('taking back', () => {
  test('gives the verdict before it, and taking that back gives the later one again', () => {
    const [first, second] = [verdictOf(ann, 1, 'drop'), verdictOf(ann, 2, 'keep')];
    const undone = retraction(ann, 3, second);
    expect(labelsOf(first, second, undone).verdicts).toEqual([first]);
    expect(labelsOf(first, second, undone, retraction(ann, 4, undone)).verdicts).toEqual([second]);
    expect(labelsOf(first, second, undone).history.map(({ stands }) => stands)).toEqual([true, false, true]);
  });

  test('works on own entries alone', () => {
    const drop = verdictOf(ann, 1, 'drop');
    const foreign = retraction(ben, 2, drop);
    const book = new LabelBook([drop, foreign]);
    expect(book.get(key)?.verdicts).toEqual([drop]);
    expect(book.idleRetractions()).toEqual([{ entry: foreign, why: 'of another author' }]);
    expect(() => book.retract(drop.id, { id: 'x', at: drop.at, author: ben })).toThrow(/only its author/);
  });

  test('waits for an entry that comes with another file', () => {
    const [drop, late] = [verdictOf(ann, 5, 'drop'), flag(ann, 9)];
    const undone = retraction(ann, 1, drop);
    const book = new LabelBook([undone, late]);
    expect(book.idleRetractions()).toEqual([{ entry: undone, why: 'of nothing here' }]);
    expect(book.get(key)?.verdicts).toEqual([]);
    expect([...book.add([drop])]).toEqual([key]);
    expect(book.get(key)).toMatchObject({ verdicts: [], flags: [late] });
    expect(book.idleRetractions()).toEqual([]);
  });

  test('in a circle, which only a forged file holds, does nothing and ends', () => {
    const drop = verdictOf(ann, 1, 'drop');
    const [a, b] = [retraction(ann, 2, drop), retraction(ann, 3, drop)];
    const self = { ...retraction(ann, 4, drop), id: 'self', of: 'self' };
    const book = new LabelBook([drop, { ...a, of: b.id }, { ...b, of: a.id }, self]);
    expect(book.get(key)?.verdicts).toEqual([drop]);
    expect(book.latestOf(ann)).toEqual(drop);
  });

  test('goes back one by one, and passes over what is taken back already', () => {
    const all: Statement[] = [flag(ann, 1), flag(ben, 2), verdictOf(ann, 3, 'keep', { item: row('b') })];
    const book = new LabelBook(all);
    const undone: string[] = [];
    for (let last = book.latestOf(ann); last !== null; last = book.latestOf(ann)) {
      undone.push(last.id);
      book.add([book.retract(last.id, { id: `undo ${last.id}`, at: book.timeFor(ann, 0), author: ann })]);
    }
    expect(undone).toEqual([all[2]?.id, all[0]?.id]);
    expect(() => book.retract(undone[0] as string, { id: 'x', at: '2026-01-01T00:00:00Z', author: ann })).toThrow(
      /already/,
    );
    expect(() => book.retract('nothing', { id: 'x', at: '2026-01-01T00:00:00Z', author: ann })).toThrow(
      /no such label/,
    );
  });
});

describe('clocks that disagree', () => {
  test('are kept from having an older word stand for a newer one of the same author', () => {
    const ahead = verdictOf(ann, 1000, 'drop');
    const book = new LabelBook([ahead]);
    const at = book.timeFor(ann, Date.parse(ahead.at) - 500_000);
    expect(at).toBe('2026-01-01T00:16:40.001Z');
    expect(book.timeFor(ben, 5)).toBe('1970-01-01T00:00:00.005Z');
    book.add([{ ...verdictOf(ann, 0, 'keep'), at }]);
    expect(book.get(key)?.outcome).toMatchObject({ verdict: 'keep' });
  });

  test.each(['2099-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-02T00:00:00.001Z'])(
    'and one that is more than a day ahead dates nothing that its author says later: %s',
    (at) => {
      const now = '2026-01-01T00:00:00.000Z';
      const book = new LabelBook([{ ...verdictOf(ann, 1, 'drop'), at }]);
      expect(book.timeFor(ann, Date.parse(now))).toBe(now);
    },
  );

  test('of one time give the same order everywhere, that of the ids', () => {
    const [a, b] = [
      { ...verdictOf(ann, 1, 'drop'), id: 'a' },
      { ...verdictOf(ann, 1, 'keep'), id: 'b' },
    ];
    expect(labelsOf(b, a).verdicts).toEqual([b]);
    expect(labelsOf(a, b).verdicts).toEqual([b]);
  });
});

// ---- any order ------------------------------------------------------------------------------------------------------

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length <= 1) return [[...all]];
  return all.flatMap((first, at) =>
    permutations([...all.slice(0, at), ...all.slice(at + 1)]).map((rest) => [first, ...rest]),
  );
}

const everything = (book: LabelBook) => ({
  items: [...book.keys()].sort().map((each) => book.get(each)),
  authors: book.authors,
  idle: book.idleRetractions().toSorted((a, b) => (a.entry.id < b.entry.id ? -1 : 1)),
});

describe('the labels', () => {
  test('are the same in each of the 5,040 orders of seven entries', () => {
    const drop = verdictOf(ann, 3, 'drop');
    const undone = retraction(ann, 1, drop);
    const all: Statement[] = [
      drop,
      undone,
      retraction(ann, 2, undone),
      retraction(ben, 2, drop),
      verdictOf(ben, 3, 'keep'),
      flag(ann, 3),
      flag(ann, 3),
    ];
    const expected = everything(new LabelBook(all));
    for (const order of permutations(all)) expect(everything(new LabelBook(order))).toEqual(expected);
  });

  test('are the same however many entries are mixed, twice or late', () => {
    const made = fc
      .array(
        fc.record({
          kind: fc.constantFrom('flag', 'verdict', 'settlement', 'retraction'),
          by: fc.constantFrom(ann, ben),
          second: fc.integer({ min: 0, max: 5 }),
          item: fc.constantFrom('a', 'b'),
          verdict: fc.constantFrom('keep' as const, 'fix' as const, 'drop' as const),
          of: fc.nat(),
        }),
        { minLength: 1, maxLength: 20 },
      )
      .map((plans) => {
        const entries: Statement[] = [];
        for (const { kind, by, second, item, verdict, of } of plans) {
          const target = entries[of % Math.max(1, entries.length)];
          if (kind === 'retraction' && target) entries.push(retraction(by, second, target));
          else if (kind === 'settlement') entries.push(settlement(by, second, verdict, { item: row(item) }));
          else if (kind === 'verdict') entries.push(verdictOf(by, second, verdict, { item: row(item) }));
          else entries.push(flag(by, second, { item: row(item) }));
        }
        return entries;
      });
    const mixed = made.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
        fc.integer({ min: 1, max: 5 }),
      ),
    );
    fc.assert(
      fc.property(mixed, ([all, order, size]) => {
        const book = new LabelBook();
        for (let at = 0; at < order.length; at += size) {
          book.add(order.slice(at, at + size));
          // What is asked in between must not be kept from before.
          for (const each of book.keys()) book.get(each);
        }
        expect(everything(book)).toEqual(everything(new LabelBook(all)));
        const said = [...book.keys()].flatMap((each) => ids((book.get(each)?.history ?? []).map(({ entry }) => entry)));
        expect(said.sort()).toEqual(ids(all).sort());
      }),
    );
  });
});

describe('a filter', () => {
  const labels = labelsOf(
    flag(ann, 1, { category: 'format', severity: 'minor' }),
    flag(ben, 2, { category: 'harmful' }),
    verdictOf(ann, 3, 'drop'),
  );

  test.each([
    [{}, true],
    [{ author: ann }, true],
    [{ author: { name: 'Ann', email: null } }, false],
    [{ category: 'format' }, true],
    [{ category: 'format', severity: 'major' as const }, false],
    [{ category: 'format', author: ben }, false],
    [{ severity: 'major' as const, author: ben }, true],
    [{ verdict: 'drop' as const }, true],
    [{ verdict: 'drop' as const, author: ben }, false],
    [{ verdict: 'none' as const, author: ben }, true],
    [{ verdict: 'none' as const }, false],
    [{ verdict: 'disputed' as const }, false],
  ])('%j fits: %j', (filter, isShown) => {
    expect(fits(labels, filter)).toBe(isShown);
  });

  test('leaves the flags that fit, and does not find what was taken back', () => {
    expect(flagsThatFit(labels, { severity: 'minor' })).toHaveLength(1);
    const only = flag(ann, 1);
    expect(fits(labelsOf(only, retraction(ann, 2, only), flag(ben, 3)), { category: 'wrong-order', author: ann })).toBe(
      false,
    );
    const disputed = labelsOf(verdictOf(ann, 1, 'drop'), verdictOf(ben, 1, 'keep'));
    expect(fits(disputed, { verdict: 'disputed' })).toBe(true);
  });
});

describe('an item that was dealt out', () => {
  const given = (author: Author, second: number, ...annotators: Author[]): AssignmentEntry => ({
    ...{ v: 1, id: `given-${second}`, at: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(), author },
    ...{ kind: 'assignment', item: row('a'), annotators, shared: false },
  });

  test('by two people is for all whom they named, and by one for those named last', () => {
    const [cid, dan] = ['Cid', 'Dan'].map((name) => ({ name, email: null })) as [Author, Author];
    const named = (...entries: Statement[]) =>
      new LabelBook(entries).get(itemKey(row('a')))?.assignment?.annotators.map(({ name }) => name);
    expect(named(given(ann, 1, cid), given(ben, 2, dan))).toEqual(['Cid', 'Dan']);
    expect(named(given(ann, 1, cid), given(ann, 2, dan))).toEqual(['Dan']);
    const first = given(ann, 1, cid);
    expect(named(first, given(ben, 2, dan), retraction(ann, 3, first))).toEqual(['Dan']);
    expect(named(first, retraction(ann, 3, first))).toBeUndefined();
  });
});

test('a fixed text that is blank is none', () => {
  const blank = verdictOf(ann, 1, 'fix', { fixed: ' \n' });
  const outcome = (...entries: Statement[]) => new LabelBook(entries).get(itemKey(row('a')))?.outcome;
  expect(outcome(blank)).toEqual({ state: 'agreed', verdict: 'fix', fixed: null });
  expect(outcome(blank, verdictOf(ben, 2, 'fix', { fixed: 'A' }))).toMatchObject({ fixed: 'A' });
  expect(outcome(blank, settlement(ben, 2, 'fix', { fixed: '' }))).toMatchObject({ state: 'settled', fixed: null });
});
