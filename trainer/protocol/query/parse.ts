/**
 * A typed line as a query: terms such as `step:20..40`, `aha>=3` or `type:choice,ocr`, words and quoted phrases, joined by
 * `and` (or nothing), `or`, `not` and brackets; `or` binds weakest. Faults are found with their place and a way out. A name with
 * a bracket right after it is kept free for functions.
 */
import { nearby } from '../nearest.ts';
import { type Comparison, comparisonsOf, type Expression } from './expression.ts';
import {
  type Field,
  type FieldName,
  fieldNamed,
  fieldNames,
  fields,
  type KnownValues,
  knownValue,
  roundedNumber,
  shortValue,
  valueText,
} from './fields.ts';
import { readTime } from './times.ts';
import { wordsOf } from './words.ts';

/** What is wrong with a part of the line. Offsets are into the line, UTF-16 code units, end exclusive. */
export interface QueryFault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  /** What to put in its place; null when nothing known is near. */
  readonly suggestion: string | null;
}

/** A part of the line for colouring and completion. Pieces do not overlap; between them stand spaces and commas. */
export interface QueryPiece {
  readonly kind: 'name' | 'operator' | 'value' | 'keyword' | 'bracket' | 'words';
  readonly start: number;
  /** A value that is still missing is a piece without length. */
  readonly end: number;
  /** The field whose name, operator or value it is. */
  readonly field: FieldName | null;
}

/** One of the conditions that must all hold, brackets around the whole line aside. */
export interface QueryOperand {
  readonly start: number;
  readonly end: number;
  /** Null where it has a fault. */
  readonly expression: Expression | null;
  /** An `or` without brackets: it needs some beside another condition. */
  readonly bare: boolean;
}

export interface ParsedQuery {
  /** Null when there is a fault. */
  readonly expression: Expression | null;
  /** In the order of the line. */
  readonly faults: readonly QueryFault[];
  readonly pieces: readonly QueryPiece[];
  readonly operands: readonly QueryOperand[];
}

/** Longest line in characters, most comparisons and phrases, deepest nesting of brackets and `not`, most faults told at once. */
export const queryLimits = { length: 10_000, terms: 200, depth: 32, faults: 20 } as const;

/** Never throws. */
export function parseQuery(line: string): ParsedQuery {
  const reader = new LineReader(line);
  reader.read();
  const structure = new Structure(line, reader.lexemes, reader.faults);
  const operands = structure.read();
  const faults = reader.faults.toSorted((a, b) => a.start - b.start || a.end - b.end).slice(0, queryLimits.faults);
  const held = operands.flatMap(({ expression }) => (expression === null ? [] : [expression]));
  return { expression: faults.length > 0 ? null : allOf(held), faults, pieces: reader.pieces, operands };
}

const allOf = (of: readonly Expression[]): Expression =>
  of.length === 1 ? (of[0] as Expression) : { kind: 'all', of };
const anyOf = (of: readonly Expression[]): Expression =>
  of.length === 1 ? (of[0] as Expression) : { kind: 'any', of };

type Keyword = 'and' | 'or' | 'not';
export const keywords: readonly Keyword[] = ['and', 'or', 'not'];

type Lexeme =
  | { readonly kind: 'open' | 'close' | Keyword; readonly start: number; readonly end: number }
  /** A comparison, a word or a phrase; its expression is null where it has a fault. */
  | { readonly kind: 'term'; readonly start: number; readonly end: number; readonly expression: Expression | null };

/** A value as it is typed. */
interface Item {
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
}

const operators: Readonly<Record<string, Comparison>> = {
  ':': '=',
  '=': '=',
  '!=': '!=',
  '≠': '!=',
  '<': '<',
  '<=': '<=',
  '≤': '<=',
  '>': '>',
  '>=': '>=',
  '≥': '>=',
};

const blank = /\s+/y;
const nameAtStart = /[A-Za-z][A-Za-z0-9_-]*(?:~|\u0303)?/y;
/** A colon stands right behind the name; spaces may stand around the others. */
const operatorAtStart = /:|\s*(<=|>=|!=|[<>=≠≤≥])\s*/y;
const comparisonSign = /^(?:!=|[<>=≠≤≥])/;
const quote = /"((?:[^"]|"")*)("?)/y;
const bareValue = /[^\s,()"]+/y;
const plainWord = /[^\s()"]+/y;

/** Cuts the line into lexemes, and reads each term. */
class LineReader {
  readonly lexemes: Lexeme[] = [];
  readonly faults: QueryFault[] = [];
  readonly pieces: QueryPiece[] = [];
  private readonly line: string;
  private at = 0;
  private terms = 0;

  constructor(line: string) {
    this.line = line;
  }

  read(): void {
    const { line } = this;
    if (line.length > queryLimits.length) {
      this.fault(queryLimits.length, line.length, `A filter has at most ${queryLimits.length} characters.`);
      return;
    }
    const plain: number[] = [];
    let phraseIsLast = false;
    while (this.at < line.length && this.terms <= queryLimits.terms) {
      const start = this.at;
      if (this.take(blank)) continue;
      const character = line[start];
      if (character === '(' || character === ')') {
        this.at += 1;
        this.piece('bracket', start, this.at);
        this.lexemes.push({ kind: character === '(' ? 'open' : 'close', start, end: this.at });
      } else if (character === '"') {
        phraseIsLast = true;
        this.phrase(start);
      } else if (!this.comparison(start)) {
        const word = this.take(plainWord)?.[0] ?? '';
        if (this.plain(word, start)) {
          plain.push(this.lexemes.length - 1);
          phraseIsLast = false;
        }
      }
      if (this.terms > queryLimits.terms) {
        this.fault(start, line.length, `A filter has at most ${queryLimits.terms} terms.`);
      }
    }
    const last = plain.at(-1);
    if (last !== undefined && !phraseIsLast) this.mayGoOn(last);
  }

  /** The last word may be the start of one: it is still being typed. */
  private mayGoOn(place: number): void {
    const lexeme = this.lexemes[place];
    if (lexeme?.kind !== 'term' || lexeme.expression?.kind !== 'words') return;
    this.lexemes[place] = { ...lexeme, expression: { ...lexeme.expression, prefix: true } };
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.line);
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  private fault(start: number, end: number, message: string, suggestion: string | null = null): void {
    this.faults.push({ start, end, message, suggestion });
  }

  private piece(kind: QueryPiece['kind'], start: number, end: number, field: FieldName | null = null): void {
    this.pieces.push({ kind, start, end, field });
  }

  private term(start: number, expression: Expression | null): void {
    this.terms += 1;
    this.lexemes.push({ kind: 'term', start, end: this.at, expression });
  }

  private quoted(): string {
    const start = this.at;
    const [, text = '', closed = ''] = this.take(quote) ?? [];
    if (closed === '') this.fault(start, this.line.length, 'This quote is not closed.');
    return text.replaceAll('""', '"');
  }

  private phrase(start: number): void {
    const text = this.quoted();
    const prefix = this.line[this.at] === '*';
    if (prefix) this.at += 1;
    this.piece('words', start, this.at);
    this.term(start, this.words(text, prefix, start));
  }

  /** A keyword, a field that needs no value, or a word to look for; true for the last. */
  private plain(word: string, start: number): boolean {
    const keyword = keywords.find((known) => known === word.toLowerCase());
    if (keyword !== undefined) {
      this.piece('keyword', start, this.at);
      this.lexemes.push({ kind: keyword, start, end: this.at });
      return false;
    }
    const name = fieldNamed(word);
    const field = name === null ? null : fields[name];
    if (name !== null && field?.kind === 'truth' && field.bare) {
      this.piece('name', start, this.at, name);
      this.term(start, { kind: 'compare', field: name, comparison: '=', value: true });
      return false;
    }
    this.piece('words', start, this.at);
    const sign = comparisonSign.exec(word)?.[0];
    if (sign !== undefined) {
      this.fault(start, this.at, `A field is missing before ${sign}. Put it in quotes to search for it.`);
      this.term(start, null);
      return false;
    }
    this.term(start, this.words(word, word.endsWith('*'), start));
    return true;
  }

  private words(text: string, prefix: boolean, start: number): Expression | null {
    const words = wordsOf(text);
    if (words.length > 0) return { kind: 'words', words, prefix };
    this.fault(start, this.at, 'There is no letter or digit in it to search for.');
    return null;
  }

  /** A name with an operator and values, or with a bracket; false when there is none here. */
  private comparison(start: number): boolean {
    const typed = this.take(nameAtStart)?.[0];
    if (typed === undefined) return false;
    const nameEnd = this.at;
    const isKeyword = keywords.some((known) => known === typed.toLowerCase());
    if (this.line[nameEnd] === '(' && !isKeyword) {
      this.call(typed, start);
      return true;
    }
    const spaced = /\s/.test(this.line[nameEnd] ?? '');
    const sign = isKeyword && spaced ? undefined : this.take(operatorAtStart)?.[0].trim();
    if (sign === undefined) {
      this.at = start;
      return false;
    }
    const comparison = operators[sign] as Comparison;
    const operatorEnd = this.at;
    const signStart = this.line.indexOf(sign, nameEnd);
    const name = fieldNamed(typed);
    this.piece('name', start, nameEnd, name);
    this.piece('operator', signStart, signStart + sign.length, name);
    const items = this.items(name);
    if (this.line[this.at] === '(') {
      this.fault(this.at, this.at + 1, 'A value with brackets in it stands in quotes.');
      this.term(start, null);
      return true;
    }
    if (name === null) {
      const near = nearby(typed, namesOffered);
      const offer = near === null ? `known are ${fieldNames.join(', ')}` : `the nearest is ${near}`;
      const message = `${typed} is not a field; ${offer}. Put it in quotes to search for it as a word.`;
      this.fault(start, nameEnd, message, near);
      this.term(start, null);
      return true;
    }
    if (!comparisonsOf[fields[name].kind].includes(comparison)) {
      this.fault(nameEnd, operatorEnd, takes(name), ':');
      this.term(start, null);
      return true;
    }
    this.term(start, this.compare(name, comparison, items));
    return true;
  }

  /** A function: none is known here, but the name is theirs. Taken whole, with what it is compared with. */
  private call(typed: string, start: number): void {
    const nameEnd = this.at;
    this.piece('name', start, nameEnd);
    let depth = 0;
    do {
      const character = this.line[this.at];
      if (character === '"') {
        this.take(quote);
        continue;
      }
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      this.at += 1;
    } while (depth > 0 && this.at < this.line.length);
    this.fault(
      start,
      nameEnd,
      `${typed}( would be a function, and none is known here. Put a space before the bracket, or quotes around it to search for it.`,
    );
    this.term(start, null);
    if (this.take(operatorAtStart)) this.items(null);
  }

  /** The values after an operator; at least one, which may be empty. */
  private items(field: FieldName | null): Item[] {
    const items: Item[] = [];
    do {
      if (items.length > 0) this.at += 1;
      const start = this.at;
      const quoted = this.line[start] === '"';
      const text = quoted ? this.quoted() : (this.take(bareValue)?.[0] ?? '');
      this.piece('value', start, this.at, field);
      items.push({ text: text.toWellFormed(), quoted, start, end: this.at });
    } while (this.line[this.at] === ',' && items.length <= queryLimits.terms);
    return items;
  }

  private compare(name: FieldName, comparison: Comparison, items: readonly Item[]): Expression | null {
    const [first] = items;
    const lastItem = items.at(-1);
    if (items.length > 1 && comparison !== '=' && first && lastItem) {
      const way = comparison === '!=' ? `; write not ${name}:${this.line.slice(first.start, lastItem.end)}` : '';
      this.fault(first.start, lastItem.end, `${comparison} takes one value${way}.`);
      return null;
    }
    this.terms += items.length - 1;
    const read = items.map((item) => this.value(name, comparison, item));
    const found = read.flatMap((expression) => (expression === null ? [] : [expression]));
    return found.length < items.length ? null : anyOf(found);
  }

  private value(name: FieldName, comparison: Comparison, item: Item): Expression | null {
    const field: Field = fields[name];
    const wrong = (suggestion: string | null = null) => {
      this.fault(item.start, item.end, takes(name), suggestion);
      return null;
    };
    if (item.text === '' && !item.quoted) return wrong();
    const equal = (value: string | boolean): Expression => ({ kind: 'compare', field: name, comparison, value });
    switch (field.kind) {
      case 'text':
        return equal(item.text);
      case 'texts': {
        if (field.values === null) return equal(item.text);
        const known = knownValue(field.values, item.text);
        return known === null ? wrong(nearbyValue(field.values, item.text)) : equal(known);
      }
      case 'choice': {
        const known = knownValue(field.values, item.text);
        return known === null ? wrong(nearbyValue(field.values, item.text)) : equal(known);
      }
      case 'truth': {
        const known = knownValue(truths, item.text);
        return known === null ? wrong(nearbyValue(truths, item.text)) : equal(known === 'true');
      }
      case 'number':
      case 'time':
        return this.extent(name, comparison, item, (typed) =>
          field.kind === 'time' ? readTime(typed) : readNumber(field, typed),
        );
    }
  }

  /** A number, a time, or a range of them. What is typed may itself have an extent, as a day has. */
  private extent(
    name: FieldName,
    comparison: Comparison,
    item: Item,
    read: (typed: string) => readonly [number, number] | null,
  ): Expression | null {
    const compare = (how: Comparison, value: number): Expression => ({
      kind: 'compare',
      field: name,
      comparison: how,
      value,
    });
    const wrong = (message = takes(name), suggestion: string | null = null) => {
      this.fault(item.start, item.end, message, suggestion);
      return null;
    };
    const dots = item.quoted ? -1 : item.text.indexOf('..');
    if (dots >= 0) {
      const typedFrom = item.text.slice(0, dots);
      const typedTo = item.text.slice(dots + 2);
      const from = read(typedFrom);
      const to = read(typedTo);
      if (comparison !== '=') return wrong(`A range goes with a colon: ${name}:${item.text}.`);
      if ((from === null && typedFrom !== '') || (to === null && typedTo !== '')) return wrong();
      if (from === null) return to === null ? wrong() : compare('<=', to[1]);
      if (to === null) return compare('>=', from[0]);
      if (from[0] > to[1]) return wrong('The end of the range is before its start.', `${typedTo}..${typedFrom}`);
      return { kind: 'between', field: name, from: from[0], to: to[1] };
    }
    const value = read(item.text);
    if (value === null) return wrong();
    const [first, last] = value;
    if (comparison === '=' || comparison === '!=') {
      if (first === last) return compare(comparison, first);
      const inside: Expression = { kind: 'between', field: name, from: first, to: last };
      return comparison === '=' ? inside : { kind: 'not', of: inside };
    }
    return compare(comparison, comparison === '<' || comparison === '>=' ? first : last);
  }
}

/** What a part of the line amounts to, and the conditions in it that must all hold. */
interface Group {
  readonly start: number;
  readonly end: number;
  readonly expression: Expression | null;
  readonly operands: readonly QueryOperand[];
}

/** Puts the lexemes together; by recursion, which the limit of depth keeps shallow. */
class Structure {
  private readonly line: string;
  private readonly lexemes: readonly Lexeme[];
  private readonly faults: QueryFault[];
  private at = 0;
  /** The rest of the line was not read. */
  private givenUp = false;

  constructor(line: string, lexemes: readonly Lexeme[], faults: QueryFault[]) {
    this.line = line;
    this.lexemes = lexemes;
    this.faults = faults;
  }

  read(): readonly QueryOperand[] {
    const operands = [...this.alternatives(0).operands];
    while (this.at < this.lexemes.length) {
      const stray = this.next();
      if (stray?.kind === 'close') this.fault(stray, 'No bracket is open here.', '');
      operands.push(...this.alternatives(0).operands);
    }
    return operands;
  }

  private peek(): Lexeme | undefined {
    return this.lexemes[this.at];
  }

  private next(): Lexeme | undefined {
    this.at += 1;
    return this.lexemes[this.at - 1];
  }

  private fault(where: { start: number; end: number }, message: string, suggestion: string | null = null): void {
    this.faults.push({ start: where.start, end: where.end, message, suggestion });
  }

  private tooDeep(where: Lexeme): null {
    this.fault(where, `Brackets and not nest at most ${queryLimits.depth} deep.`);
    this.at = this.lexemes.length;
    this.givenUp = true;
    return null;
  }

  /** `a or b or c`, up to a closing bracket or the end. */
  private alternatives(depth: number): Group {
    const first = this.conditions(depth);
    if (this.peek()?.kind !== 'or') return first;
    const sides = [first];
    while (this.peek()?.kind === 'or') {
      const or = this.next() as Lexeme;
      const side = this.conditions(depth);
      if (sides.at(-1)?.operands.length === 0 || side.operands.length === 0) {
        this.fault(or, 'or stands between two terms. Put it in quotes to search for it as a word.');
      }
      sides.push(side);
    }
    const expressions = sides.flatMap(({ expression }) => (expression === null ? [] : [expression]));
    const expression = expressions.length < sides.length ? null : anyOf(expressions);
    const { start } = first;
    const end = sides.at(-1)?.end ?? first.end;
    return { start, end, expression, operands: [{ start, end, expression, bare: true }] };
  }

  /** `a b and c`, up to an `or`, a closing bracket or the end. */
  private conditions(depth: number): Group {
    const groups: { readonly operand: QueryOperand; readonly inner: readonly QueryOperand[] | null }[] = [];
    const from = this.peek()?.start ?? this.line.length;
    let and: Lexeme | null = null;
    const loose = (lexeme: Lexeme) =>
      this.fault(lexeme, 'and stands between two terms. Put it in quotes to search for it as a word.');
    for (;;) {
      const lexeme = this.peek();
      if (lexeme === undefined || lexeme.kind === 'or' || lexeme.kind === 'close') break;
      if (lexeme.kind === 'and') {
        this.at += 1;
        if (and !== null || groups.length === 0) loose(lexeme);
        else and = lexeme;
        continue;
      }
      and = null;
      const start = lexeme.start;
      const { expression, inner, end } = this.condition(depth);
      groups.push({ operand: { start, end, expression, bare: false }, inner });
    }
    if (and !== null) loose(and);
    const [only] = groups;
    if (groups.length === 1 && only) return { ...only.operand, operands: only.inner ?? [only.operand] };
    const operands = groups.map(({ operand }) => operand);
    const end = operands.at(-1)?.end ?? from;
    const expressions = operands.flatMap(({ expression }) => (expression === null ? [] : [expression]));
    const expression = expressions.length < operands.length ? null : allOf(expressions);
    return { start: operands[0]?.start ?? from, end, expression, operands };
  }

  /** A term, a bracket or the opposite of one; `inner` is what stands in a bracket that is not turned round. */
  private condition(depth: number): {
    expression: Expression | null;
    inner: readonly QueryOperand[] | null;
    end: number;
  } {
    const lexeme = this.next() as Lexeme;
    if (lexeme.kind === 'term') return { expression: lexeme.expression, inner: null, end: lexeme.end };
    if (depth >= queryLimits.depth) return { expression: this.tooDeep(lexeme), inner: null, end: lexeme.end };
    if (lexeme.kind === 'not') {
      const following = this.peek();
      if (following?.kind !== 'term' && following?.kind !== 'open' && following?.kind !== 'not') {
        this.fault(lexeme, 'not stands before a term. Put it in quotes to search for it as a word.');
        return { expression: null, inner: null, end: lexeme.end };
      }
      const { expression, end } = this.condition(depth + 1);
      return { expression: expression === null ? null : { kind: 'not', of: expression }, inner: null, end };
    }
    const first = this.peek();
    const { expression, operands } = this.alternatives(depth + 1);
    const close = this.peek();
    if (close?.kind !== 'close') {
      if (!this.givenUp) this.fault(lexeme, 'This bracket is not closed.');
      return { expression: null, inner: operands, end: this.line.length };
    }
    this.at += 1;
    if (first === close) {
      this.fault({ start: lexeme.start, end: close.end }, 'There is nothing between these brackets.', '');
    }
    return { expression, inner: operands, end: close.end };
  }
}

const truths: KnownValues<'true' | 'false'> = { true: ['yes'], false: ['no'] };

/** Names with their synonyms, as they are offered for one that is not known. */
const namesOffered = fieldNames.flatMap((name) => [name, ...fields[name].synonyms]);

const nearbyValue = (values: KnownValues, typed: string) => {
  const near = nearby(typed, Object.entries(values).flat(2));
  return near === null ? null : valueText(near);
};

const numeral = /^[-+−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

function readNumber(field: Extract<Field, { kind: 'number' }>, typed: string): readonly [number, number] | null {
  const value = numeral.test(typed) ? roundedNumber(Number(typed.replace('−', '-'))) : null;
  if (value === null || (field.whole && !Number.isSafeInteger(value))) return null;
  if (value < (field.least ?? value) || value > (field.most ?? value)) return null;
  return [value, value];
}

/** What a field takes, as a sentence with examples. */
function takes(name: FieldName): string {
  const field: Field = fields[name];
  const either = (values: KnownValues) => {
    const terms = Object.keys(values).map((value) => `${name}:${valueText(shortValue(values, value))}`);
    return `${terms.slice(0, -1).join(', ')} or ${terms.at(-1)}`;
  };
  switch (field.kind) {
    case 'number': {
      const bounds =
        field.least === null
          ? field.most === null
            ? ''
            : ` up to ${field.most}`
          : field.most === null
            ? ` from ${field.least}`
            : ` from ${field.least} to ${field.most}`;
      const low = field.least ?? (field.most === null ? 0 : field.most - 1);
      const high = field.most ?? low + (field.whole ? 20 : 1);
      return `${name} takes a ${field.whole ? 'whole ' : ''}number${bounds}, such as ${name}:${high}, ${name}>=${low} or ${name}:${low}..${high}.`;
    }
    case 'time':
      return `${name} takes a day or a time, UTC, such as ${name}:2025-11-28, ${name}>=2025-11-28T14:05 or ${name}:2025-11-28..2025-11-30.`;
    case 'truth':
      return `${name} takes ${field.bare ? `${name} alone, ` : ''}${name}:true or ${name}:false.`;
    case 'choice':
      return `${name} takes ${either(field.values)}.`;
    case 'texts':
      if (field.values !== null) return `${name} takes ${either(field.values)}; for the others write not ${name}:….`;
      return `${name} takes ${name}:text or ${name}:"some text"; for the others write not ${name}:….`;
    case 'text':
      return `${name} takes ${name}:text or ${name}:"some text", and != for the others.`;
  }
}
