/** A typed line becomes a query, or faults with their places and a way out; no line breaks the parser. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corrected } from '../../../trainer/protocol/query/edit.ts';
import type { Comparison, Expression } from '../../../trainer/protocol/query/expression.ts';
import type { FieldName } from '../../../trainer/protocol/query/fields.ts';
import { queryLimits } from '../../../trainer/protocol/query/lexemes.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';

const compare = (field: FieldName, comparison: Comparison, value: number | string | boolean): Expression => ({
  kind: 'compare',
  field,
  comparison,
  value,
});
const between = (field: FieldName, from: number, to: number): Expression => ({ kind: 'between', field, from, to });
const all = (...of: Expression[]): Expression => ({ kind: 'all', of });
const any = (...of: Expression[]): Expression => ({ kind: 'any', of });
const not = (of: Expression): Expression => ({ kind: 'not', of });
const words = (text: string, prefix = false): Expression => ({ kind: 'words', words: text.split(' '), prefix });

const read = (line: string) => {
  const { expression, faults } = parseQuery(line);
  expect(faults, line).toEqual([]);
  return expression;
};

/** A line's only fault, and the part of the line that it is about. */
const faultOf = (line: string) => {
  const { expression, faults } = parseQuery(line);
  expect(expression, line).toBeNull();
  expect(faults, line).toHaveLength(1);
  const [fault] = faults;
  if (fault === undefined) throw new Error('no fault');
  return { ...fault, part: line.slice(fault.start, fault.end) };
};

describe('terms', () => {
  it.each<[string, Expression]>([
    ['step:20', compare('step', '=', 20)],
    ['step=20', compare('step', '=', 20)],
    ['step != 20', compare('step', '!=', 20)],
    ['step<20', compare('step', '<', 20)],
    ['step <= 20', compare('step', '<=', 20)],
    ['STEP>20', compare('step', '>', 20)],
    ['step≥"20"', compare('step', '>=', 20)],
    ['logprob>−0.5', compare('logprob', '>', -0.5)],
    ['reward:1.3000000000000003', compare('reward', '=', 1.3)],
    ['accuracy:.5', compare('accuracy', '=', 0.5)],
    ['step:20..40', between('step', 20, 40)],
    ['length:..100', compare('length', '<=', 100)],
    ['accuracy:0.5..', compare('accuracy', '>=', 0.5)],
    ['logprob:-2..-1', between('logprob', -2, -1)],
    ['step:3,20..40', any(compare('step', '=', 3), between('step', 20, 40))],
    ['type:choice,ocr', any(compare('type', '=', 'multiple choice'), compare('type', '=', 'OCR'))],
    ['type:"Multiple choice"', compare('type', '=', 'multiple choice')],
    ['order:shuffled', compare('half', '=', 'shuffled')],
    ['correct:no', compare('correct', '=', false)],
    ['flagged', compare('flagged', '=', true)],
    ['Flagged:false', compare('flagged', '=', false)],
    ['flag:wrong-order', compare('flag', '=', 'wrong-order')],
    ['flagBy:ann,"Bob B"', any(compare('flagBy', '=', 'ann'), compare('flagBy', '=', 'Bob B'))],
    ['p~<0.5', compare('pShuffled', '<', 0.5)],
    ['p\u0303<0.5', compare('pShuffled', '<', 0.5)],
    ['answer:""', compare('answer', '=', '')],
    ['answer:"say ""A"", (b)"', compare('answer', '=', 'say "A", (b)')],
    ['answer!=1..2', compare('answer', '!=', '1..2')],
    ['time:2025-11-28', between('time', Date.UTC(2025, 10, 28), Date.UTC(2025, 10, 29) - 1)],
    ['time>2025-11-28T14:05', compare('time', '>', Date.UTC(2025, 10, 28, 14, 6) - 1)],
    ['time>=2025-11-28T14:05+02:00', compare('time', '>=', Date.UTC(2025, 10, 28, 12, 5))],
    ['time:..2025-11-28', compare('time', '<=', Date.UTC(2025, 10, 29) - 1)],
    ['time!=2025-11-28', not(between('time', Date.UTC(2025, 10, 28), Date.UTC(2025, 10, 29) - 1))],
  ])('reads %s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });
});

describe('words', () => {
  it('the last plain one may be the start of a word, a quoted one is whole', () => {
    expect(read('ball rol step:3')).toEqual(all(words('ball'), words('rol', true), compare('step', '=', 3)));
    expect(read('rol "the ball"')).toEqual(all(words('rol'), words('the ball')));
    expect(read('"the ball" rol')).toEqual(all(words('the ball'), words('rol', true)));
    expect(read('rol* "the ba"* xy')).toEqual(all(words('rol', true), words('the ba', true), words('xy', true)));
  });

  it('a single letter at the end is whole, as nearly every text has a word that begins with it', () => {
    expect(read('rol x')).toEqual(all(words('rol'), words('x')));
    expect(read('rol x*')).toEqual(all(words('rol'), words('x', true)));
    expect(read('球')).toEqual(words('球', true));
  });

  it('of scripts without spaces and with hyphens are phrases', () => {
    expect(read('先做 xy')).toEqual(all(words('先 做'), words('xy', true)));
    expect(read('don’t stop')).toEqual(all(words('don t'), words('stop', true)));
  });

  it('that look like terms stand in quotes', () => {
    expect(read('"step:9 of" "or" "f(x)"')).toEqual(all(words('step 9 of'), words('or'), words('f x')));
  });
});

describe('structure', () => {
  const [a, b, c] = [words('a'), words('b'), words('c')];

  it.each<[string, Expression]>([
    ['', all()],
    ['  ', all()],
    ['"a" "b"', all(a, b)],
    ['"a" and "b" AND "c"', all(a, b, c)],
    ['"a" "b" or "c"', any(all(a, b), c)],
    ['"a" ("b" or "c")', all(a, any(b, c))],
    ['("a" "b") "c"', all(all(a, b), c)],
    ['(("a"))', a],
    ['not "a" "b"', all(not(a), b)],
    ['not not "a" or "b"', any(not(not(a)), b)],
    ['not("a" or "b")', not(any(a, b))],
    ['NOT flagged', not(compare('flagged', '=', true))],
  ])('reads %s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('tells the conditions that must all hold', () => {
    const conditions = (line: string) =>
      parseQuery(line).operands.map(({ start, end, bare }) => [line.slice(start, end), bare]);
    expect(conditions('step>3 and (a or b) not c')).toEqual([
      ['step>3', false],
      ['(a or b)', false],
      ['not c', false],
    ]);
    expect(conditions('a b or c')).toEqual([['a b or c', true]]);
    expect(conditions('((a or b))')).toEqual([['a or b', true]]);
    expect(conditions('(a b)')).toEqual([
      ['a', false],
      ['b', false],
    ]);
    expect(conditions('')).toEqual([]);
  });
});

describe('faults', () => {
  it('an unknown field is underlined and the nearest one is offered', () => {
    const line = 'step>120 media:video ahaa>=2';
    const fault = faultOf(line);
    expect(fault).toMatchObject({ part: 'ahaa', suggestion: 'aha' });
    expect(corrected(line, fault)).toBe('step>120 media:video aha>=2');
    expect(faultOf('ordr:shuffled').suggestion).toBe('order');
    expect(faultOf('xyzzyqqqqq:1')).toMatchObject({
      suggestion: null,
      message: expect.stringContaining('Ctrl+Space in an empty filter lists all'),
    });
    expect(faultOf('mu:1').message).toContain('mu is not a field; the nearest are run, id, kl, ');
    expect(faultOf('mu:1').message.length).toBeLessThan(160);
    expect(faultOf('constructor:1').part).toBe('constructor');
  });

  it('a faulty value or operator is underlined with what the field takes', () => {
    expect(faultOf('order:shufled')).toMatchObject({ part: 'shufled', suggestion: 'shuffled' });
    expect(faultOf('type:choice,orc')).toMatchObject({ part: 'orc', suggestion: 'OCR' });
    expect(faultOf('flag:"wrong ordre"')).toMatchObject({ part: '"wrong ordre"', suggestion: 'wrong-order' });
    expect(faultOf('half > ordered')).toMatchObject({ part: ' > ', suggestion: ':' });
    expect(faultOf('step:40..20')).toMatchObject({ part: '40..20', suggestion: '20..40' });
    expect(faultOf('step:x').message).toBe('step takes a whole number from 0, such as step:20, step>=0 or step:0..20.');
    for (const line of [
      ...['aha>=6', 'step:1.5', 'step:-1', 'step:', 'step:..', 'step>1..2', 'step>1,2', 'accuracy:2', 'p:1e999'],
      ...['correct:', 'correct:maybe', 'order:toString', 'type:choice,', 'type!=choice,ocr', 'flagBy!=ann'],
      ...['time:2025-02-30', 'time:2025-11-28T25:00', 'time:today', 'time:1969-12-31', 'time:2025', 'answer:f(x)'],
    ]) {
      expect(faultOf(line).message, line).not.toBe('');
    }
  });

  it('so are brackets, quotes and joining words that do not fit, and what has no letter', () => {
    for (const [line, part] of [
      ['a (b', '('],
      ['a) b', ')'],
      ['() a', '()'],
      ['a "b', '"b'],
      ['or a', 'or'],
      ['a or or b', 'or'],
      ['a and', 'and'],
      ['and a', 'and'],
      ['(a or) b', 'or'],
      ['not', 'not'],
      ['a not or b', 'not'],
      ['a → b', '→'],
      ['>5 a', '>5'],
    ] as const) {
      const { faults } = parseQuery(line);
      expect(faults.length, line).toBeGreaterThan(0);
      expect(line.slice(faults[0]?.start, faults[0]?.end), line).toBe(part);
    }
  });

  it('several are told at once, in the order of the line', () => {
    const line = 'ahaa>=2 step:x (or) order:orderd';
    const { faults } = parseQuery(line);
    expect(faults.map(({ start, end }) => line.slice(start, end))).toEqual(['ahaa', 'x', 'or', 'orderd']);
  });

  it('a function is one fault, whatever it holds', () => {
    expect(faultOf('mean(temporal, 20) < 0.1').part).toBe('mean');
    expect(faultOf('any(aha >= 3 and not(x "(")) step:2')).toMatchObject({ part: 'any', suggestion: null });
    expect(faultOf('nan(loss').part).toBe('nan');
  });

  it('depth, number of terms and length have an end', () => {
    const { depth, terms, length } = queryLimits;
    read(`${'('.repeat(depth)}a${')'.repeat(depth)}`);
    read(`${'not '.repeat(depth)}a`);
    read('a '.repeat(terms));
    for (const line of [
      `${'('.repeat(depth + 1)}a${')'.repeat(depth + 1)}`,
      `${'not '.repeat(depth + 1)}a`,
      'a '.repeat(terms + 1),
      `step:${'1,'.repeat(terms)}1`,
      'a'.repeat(length + 1),
      '('.repeat(length),
    ]) {
      expect(faultOf(line).message, line.slice(0, 20)).toMatch(/at most/);
    }
    expect(parseQuery(')'.repeat(length)).faults).toHaveLength(queryLimits.faults);
  });
});

it('pieces tell names, operators, values, words, brackets and joining words apart', () => {
  const line = 'Order != shuffled,x (not "a b"* or mea flagged) foo:1';
  expect(parseQuery(line).pieces.map(({ kind, start, end, field }) => [line.slice(start, end), kind, field])).toEqual([
    ['Order', 'name', 'half'],
    ['!=', 'operator', 'half'],
    ['shuffled', 'value', 'half'],
    ['x', 'value', 'half'],
    ['(', 'bracket', null],
    ['not', 'keyword', null],
    ['"a b"*', 'words', null],
    ['or', 'keyword', null],
    ['mea', 'words', null],
    ['flagged', 'name', 'flagged'],
    [')', 'bracket', null],
    ['foo', 'name', null],
    [':', 'operator', null],
    ['1', 'value', null],
  ]);
});

it('no line throws, and faults, pieces and conditions lie inside the line', () => {
  const scraps = fc.constantFrom(
    ...['step', 'aha', 'type', 'flagged', 'time', 'answer', ':', '>=', '<', '!=', '..', ',', '1', '20', 'choice'],
    ...['"', '""', '(', ')', ' ', ' or ', ' and ', ' not ', 'mean(', '*', 'ball', '红', 'p\u0303', '\ud800', '🔴', '-'],
  );
  const line = fc.oneof(
    fc.array(scraps, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(line, (typed) => {
      const { expression, faults, pieces, operands } = parseQuery(typed);
      expect(expression === null).toBe(faults.length > 0);
      for (const { start, end } of [...faults, ...pieces, ...operands]) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start).toBeLessThanOrEqual(end);
        expect(end).toBeLessThanOrEqual(typed.length);
      }
      let reached = 0;
      for (const { start, end } of pieces) {
        expect(start).toBeGreaterThanOrEqual(reached);
        reached = end;
      }
      for (const fault of faults) corrected(typed, fault);
    }),
    { numRuns: 1000 },
  );
});

describe('two fields', () => {
  it.each([
    ['pShuffled >= p', { field: 'pShuffled', comparison: '>=', other: 'p' }],
    ['p\u0303 >= p', { field: 'pShuffled', comparison: '>=', other: 'p' }],
    ['p<p~', { field: 'p', comparison: '<', other: 'pShuffled' }],
    ['reward:groupMean', { field: 'reward', comparison: '=', other: 'groupMean' }],
  ])('%s', (line, expected) => {
    expect(parseQuery(line).expression).toEqual({ kind: 'compareFields', ...expected });
  });

  it.each([
    ['p>=pShufled', 'pShuffled'],
    ['p>=answer', null],
    ['p>=p', null],
    ['p>="pShuffled"', null],
  ])('%s is refused, with the nearest field that it can be compared with', (line, suggestion) => {
    const { expression, faults } = parseQuery(line);
    expect(expression).toBeNull();
    expect(faults).toHaveLength(1);
    expect(faults[0]?.suggestion).toBe(suggestion);
  });
});

describe('commas', () => {
  /** Lines that mean the same. */
  it.each([
    ['wrong, step > 150, bounces, aha >= 3', 'correct:false step>150 "bounces" aha>=3'],
    ['temporal > 0, p\u0303 >= p', 'temporal>0 pShuffled>=p'],
    ['flagged, category wrong order', 'flagged flag:wrong-order'],
    ['length < 20, right', 'length<20 correct:true'],
    ['type:choice,ocr, flagged', 'type:choice,ocr flagged'],
    ['type:choice, ocr', 'type:choice,ocr'],
    ['step:3, 5', 'step:3,5'],
    ['aha>=2,step>3', 'aha>=2 step>3'],
    ['step:3,aha>=2', 'step:3 aha>=2'],
    ['answer:a,b:c', 'answer:a,"b:c"'],
    ['flat:true or (wrong, flagged, media video)', 'flat:true or (correct:false flagged media:video)'],
    ['half shuffled, flat true', 'half:shuffled flat:true'],
    ['(red, blue) or "left, right"', '("red" "blue") or "left right"'],
    ['1,000 balls"x"', '"1 000" "balls" "x"'],
    ['flagged, "wrong"', 'flagged "wrong"'],
    ['source:a, wrong', 'source:a correct:false'],
    ['source:a, "b"', 'source:a,b'],
    ['source:a, flagged', 'source:a flagged'],
  ])('%s is %s', (line, same) => {
    const [given, wanted] = [parseQuery(line), parseQuery(same)];
    expect(given.faults).toEqual([]);
    const open = (text: unknown) => JSON.stringify(text).replaceAll('"prefix":true', '"prefix":false');
    expect(open(given.expression)).toBe(open(wanted.expression));
  });

  it.each([', flagged', 'flagged,, left', 'step:3, , left', 'left or, right', 'step>150, 200', 'source:a, b'])(
    '%s has a fault',
    (line) => {
      expect(parseQuery(line).expression).toBeNull();
    },
  );

  /** Lines that mean the same. */
  it.each([
    ['right and step > 150', 'right, step > 150'],
    ['wrong and step > 150 and aha >= 3', 'wrong, step > 150, aha >= 3'],
    ['step > 150 AND right', 'step > 150, right'],
    ['flagged and category wrong order', 'flagged, category wrong order'],
    ['category wrong order and flagged', 'category wrong order, flagged'],
    ['wrong, flagged and not right', 'wrong, flagged, not right'],
    ['not right and flagged', 'not correct:true and flagged'],
    ['flagged or right and flat:true', 'flagged or (correct:true flat:true)'],
    ['(wrong and flagged) or (flat:true and right)', '(wrong, flagged) or (flat:true, right)'],
    ['wrong and (red or blue)', 'wrong, (red or blue)'],
    ['wrong and "red"', 'wrong, "red"'],
  ])('and is as a comma: %s is %s', (line, same) => {
    const [given, wanted] = [parseQuery(line), parseQuery(same)];
    expect(given.faults).toEqual([]);
    expect(given.expression).toEqual(wanted.expression);
  });

  it('wrong and right are words where neither a comma nor an and joins them to another term', () => {
    for (const word of ['wrong', 'right']) {
      expect(parseQuery(`${word} flagged`).expression).toMatchObject({ of: [{ kind: 'words', words: [word] }, {}] });
      expect(parseQuery(`${word} or flagged`).expression).toMatchObject({ of: [{ kind: 'words', words: [word] }, {}] });
    }
  });
});
