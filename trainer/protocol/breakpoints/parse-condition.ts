/**
 * A typed line as a condition: terms such as `kl > 0.5`, `mean(accuracy, 20) < 0.3`, `any(aha >= 4)` or `nan(loss)`, joined by
 * `and` or nothing, `or`, `not` and brackets, as the filter's are. What stands in the brackets of any, all, count and share is the
 * filter's own language.
 */
import { nearby, nearestFew } from '../nearest.ts';
import { type Comparison, type Expression, fieldsOf } from '../query/expression.ts';
import { type FieldName, fieldNamed } from '../query/fields.ts';
import {
  allOf,
  type Keyword,
  keywords,
  type Lexeme,
  type ParsedQuery,
  type QueryFault,
  type QueryPiece,
  queryLimits,
} from '../query/lexemes.ts';
import { operators } from '../query/line-reader.ts';
import { parseQuery } from '../query/parse.ts';
import { Structure } from '../query/structure.ts';
import { numeral } from '../query/typed-values.ts';
import { longestCondition } from './changes.ts';
import {
  type Condition,
  type CountOfAnswers,
  type FunctionName,
  functionForms,
  functionNames,
  type OfAnswers,
  type OverSteps,
  type Quantity,
  type StepTerm,
  stepsOver,
} from './condition.ts';
import { type StepNumberName, stepNumberNamed, stepNumberNames, stepNumbers } from './step-numbers.ts';

export type ParsedCondition = ParsedQuery<StepTerm>;

const blank = /\s+/y;
const nameAt = /[A-Za-z][A-Za-z0-9_-]*/y;
const signAt = /\s*(<=|>=|!=|[:<>=≠≤≥])\s*/y;
const itemAt = /[^\s,()<>=!≠≤≥:"]+/y;
const quoteAt = /"(?:[^"]|"")*"?/y;

/** Never throws. */
export function parseCondition(line: string): ParsedCondition {
  const reader = new ConditionReader(line);
  reader.read();
  const structure = new Structure<StepTerm>(line, reader.lexemes, reader.faults, '');
  const operands = structure.read();
  if (operands.length === 0 && reader.faults.length === 0)
    reader.fault(0, line.length, `A condition is missing, such as ${functionForms.mean} or ${functionForms.any}.`);
  const faults = reader.faults.toSorted((a, b) => a.start - b.start || a.end - b.end).slice(0, queryLimits.faults);
  const held = operands.flatMap(({ expression }) => (expression === null ? [] : [expression]));
  return { expression: faults.length > 0 ? null : allOf<StepTerm>(held), faults, pieces: reader.pieces, operands };
}

/** The first fault of a line with its place, as a sentence; the condition where there is none. */
export function readCondition(line: string): { readonly condition: Condition } | { readonly fault: string } {
  const { expression, faults } = parseCondition(line);
  if (expression !== null) return { condition: expression };
  const [first] = faults as [QueryFault];
  return { fault: `${first.message.replace(/\.$/, '')}, at character ${first.start + 1}` };
}

class ConditionReader {
  readonly lexemes: Lexeme<StepTerm>[] = [];
  readonly faults: QueryFault[] = [];
  readonly pieces: QueryPiece[] = [];
  private readonly line: string;
  private at = 0;

  constructor(line: string) {
    this.line = line;
  }

  read(): void {
    const { line } = this;
    if (line.length > longestCondition) {
      this.fault(longestCondition, line.length, `A condition has at most ${longestCondition} characters.`);
      return;
    }
    while (this.at < line.length && this.faults.length < queryLimits.faults) {
      const start = this.at;
      if (this.take(blank)) continue;
      const character = line[start];
      if (character === '(' || character === ')') {
        this.at += 1;
        this.piece('bracket', start, this.at);
        this.lexemes.push({ kind: character === '(' ? 'open' : 'close', start, end: this.at });
        continue;
      }
      const name = this.take(nameAt)?.[0];
      if (name === undefined) this.stray(start);
      else this.word(name, start);
    }
  }

  fault(start: number, end: number, message: string, suggestion: string | null = null): void {
    this.faults.push({ start, end, message, suggestion });
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.line);
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  private piece(kind: QueryPiece['kind'], start: number, end: number): void {
    this.pieces.push({ kind, start, end, field: null });
  }

  private term(start: number, expression: StepTerm | null): void {
    this.lexemes.push({ kind: 'term', start, end: this.at, expression });
  }

  /** What begins no term. */
  private stray(start: number): void {
    if (!this.take(quoteAt) && !this.take(itemAt)) this.at += 1;
    const text = this.line.slice(start, this.at);
    this.fault(
      start,
      this.at,
      text === ','
        ? 'A comma stands inside of a function alone; between two terms stands and.'
        : `A term begins with a name, such as ${functionForms.mean}; ${text} is none.`,
    );
    this.term(start, null);
  }

  private word(name: string, start: number): void {
    const end = this.at;
    const keyword = keywords.find((known): known is Keyword => known === name.toLowerCase());
    if (keyword !== undefined) {
      this.piece('keyword', start, end);
      this.lexemes.push({ kind: keyword, start, end });
      return;
    }
    const holds = this.truth(name, start);
    if (holds !== undefined) {
      this.term(start, holds);
      return;
    }
    const left = this.quantity(name, start);
    const sign = this.take(signAt);
    if (sign === null) {
      if (left !== null) {
        const written = this.line.slice(start, this.at);
        this.fault(start, this.at, `${written} is a number and is compared with one, such as ${written} < 1.`);
      }
      this.term(start, null);
      return;
    }
    const signStart = this.line.indexOf(sign[1] as string, sign.index);
    this.piece('operator', signStart, signStart + (sign[1] as string).length);
    const right = this.right(left);
    const comparison = operators[sign[1] as string] as Comparison;
    this.term(start, left === null || right === null ? null : { kind: 'compareStep', left, comparison, right });
  }

  /** any, all, nan or stalled; null where it has a fault, undefined where it is none of them. */
  private truth(name: string, start: number): StepTerm | null | undefined {
    const known = this.functionNamed(name);
    switch (known) {
      case 'any':
      case 'all': {
        const inner = this.answers(known, start);
        return inner && { kind: 'answers', by: known, ...inner };
      }
      case 'nan': {
        const [of] = this.numberArguments(known, start, 1) ?? [];
        return of === undefined ? null : { kind: 'nan', of };
      }
      case 'stalled': {
        const [of, steps] = this.numberArguments(known, start, 2) ?? [];
        return of === undefined || steps === undefined ? null : { kind: 'stalled', of, steps };
      }
      default:
        return undefined;
    }
  }

  /** A function that is called here, or that is named without its brackets. */
  private functionNamed(name: string): FunctionName | null {
    const known = functionNames.find((one) => one === name.toLowerCase()) ?? null;
    return known !== null && (this.line[this.at] === '(' || stepNumberNamed(name) === null) ? known : null;
  }

  /** Behind its name; null where it has a fault. */
  private quantity(name: string, start: number): Quantity | null {
    const end = this.at;
    const known = this.functionNamed(name);
    switch (known) {
      case 'count':
      case 'share': {
        const inner = this.answers(known, start);
        return inner && { kind: 'counted', by: known, ...inner };
      }
      case 'mean':
      case 'min':
      case 'max':
      case 'slope': {
        const [of, steps] = this.numberArguments(known, start, 2) ?? [];
        return of === undefined || steps === undefined ? null : { kind: 'over', by: known, of, steps };
      }
      case 'any':
      case 'all':
      case 'nan':
      case 'stalled':
        this.skipArguments();
        this.fault(start, this.at, `${known} holds or does not, so it is compared with nothing.`);
        return null;
      case null: {
        this.piece('name', start, end);
        if (this.line[end] === '(') {
          this.skipArguments();
          this.unknown(name, start, end, functionNames, 'a function', ', and a number of a step takes no brackets');
          return null;
        }
        const of = this.stepNumber(name, start, end);
        return of && { kind: 'number', of };
      }
    }
  }

  /** A number of the step by its name; a fault and null where there is none. */
  private stepNumber(name: string, start: number, end: number): StepNumberName | null {
    const of = stepNumberNamed(name);
    if (of !== null) return of;
    const field = fieldNamed(name);
    if (field !== null) {
      const rest = /^\s*(?:<=|>=|!=|[:<>=≠≤≥])\s*[^\s,()"]+/.exec(this.line.slice(end))?.[0] ?? ':…';
      const example = `any(${field}${rest})`;
      const message = `${field} is a field of answers, and not a number of the step: write ${example}, or all, count or share.`;
      this.fault(start, end + (rest === ':…' ? 0 : rest.length), message, rest === ':…' ? null : example);
      return null;
    }
    this.unknown(name, start, end, stepNumberNames, 'a number of a step', '');
    return null;
  }

  private unknown(
    name: string,
    start: number,
    end: number,
    known: readonly string[],
    what: string,
    more: string,
  ): void {
    const near = nearby(name, known);
    const offer = near === null ? `the nearest are ${nearestFew(name, known, 3).join(', ')}` : `the nearest is ${near}`;
    this.fault(start, end, `${name} is not ${what}${more}; ${offer}.`, near);
  }

  /** What a number is compared with: a number, or another of the step. */
  private right(left: Quantity | null): Quantity | number | null {
    const start = this.at;
    const name = this.take(nameAt)?.[0];
    if (name !== undefined) return this.quantity(name, start);
    const text = this.take(itemAt)?.[0] ?? '';
    this.piece('value', start, this.at);
    const value = numeral.test(text) ? Number(text.replace('−', '-')) : Number.NaN;
    if (!Number.isFinite(value)) {
      this.fault(start, this.at, text === '' ? 'A number is missing here.' : `${text} is not a number.`);
      return null;
    }
    const [least, most, what] = left === null ? [null, null, ''] : rangeOf(left);
    if (value < (least ?? value) || value > (most ?? value)) {
      const range = most === null ? `from ${least} on` : `between ${least} and ${most}`;
      this.fault(start, this.at, `${what} is ${range}, so comparing it with ${text} tells nothing.`);
      return null;
    }
    return value;
  }

  /** What stands between the brackets of a function, with its place; null where they are missing. */
  private bracketed(name: FunctionName, start: number): { readonly text: string; readonly from: number } | null {
    this.piece('name', start, this.at);
    if (this.line[this.at] !== '(') {
      this.fault(start, this.at, `${name} is a function, such as ${functionForms[name]}.`);
      return null;
    }
    const open = this.at;
    const isClosed = this.skipArguments();
    if (!isClosed) {
      this.fault(open, this.line.length, `This bracket of ${name} is not closed.`);
      return null;
    }
    this.piece('bracket', open, open + 1);
    this.piece('bracket', this.at - 1, this.at);
    return { text: this.line.slice(open + 1, this.at - 1), from: open + 1 };
  }

  /** Past the bracket that closes the one that is open here. @returns whether there is one */
  private skipArguments(): boolean {
    let depth = 0;
    while (this.at < this.line.length) {
      if (this.take(quoteAt)) continue;
      const character = this.line[this.at];
      this.at += 1;
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      if (depth <= 0) return character === ')';
    }
    return false;
  }

  /** A condition on answers, in the filter's language. */
  private answers(name: OfAnswers | CountOfAnswers, start: number): { of: Expression; text: string } | null {
    const inner = this.bracketed(name, start);
    if (inner === null) return null;
    const { text, from } = inner;
    const place = { start: from, end: from + text.length };
    if (text.trim() === '') {
      this.fault(
        place.start - 1,
        place.end + 1,
        `${name} takes a condition on answers, such as ${functionForms[name]}.`,
      );
      return null;
    }
    const { expression, faults, pieces } = parseQuery(text);
    for (const piece of pieces) this.pieces.push({ ...piece, start: piece.start + from, end: piece.end + from });
    const plain = pieces.find(({ kind, start: at, end }) => kind === 'words' && isName(text.slice(at, end)));
    if (plain !== undefined && faults.length === 0) {
      const typed = text.slice(plain.start, plain.end);
      const written = /^(right|wrong)$/i.test(typed)
        ? `correct:${typed.toLowerCase() === 'right'}`
        : `${fieldNamed(typed)}:…`;
      this.fault(
        from + plain.start,
        from + plain.end,
        `${typed} alone would be a word to look for: write ${written}, or put it in quotes.`,
        written.endsWith('…') ? null : written,
      );
      return null;
    }
    for (const fault of faults) this.inner(fault, text, from);
    const late = expression && fieldsOf(expression).find((field) => saidLater.includes(field));
    if (late) {
      this.fault(
        place.start,
        place.end,
        `${late} is what people say of an answer afterwards, so no breakpoint can wait for it.`,
      );
      return null;
    }
    return expression && { of: expression, text: text.trim() };
  }

  /** A fault inside of a condition on answers. */
  private inner({ start, end, message, suggestion }: QueryFault, text: string, from: number): void {
    const typed = text.slice(start, end);
    const ofStep = fieldNamed(typed) === null ? stepNumberNamed(typed) : null;
    if (ofStep === null) this.fault(start + from, end + from, message, suggestion);
    else
      this.fault(
        start + from,
        end + from,
        `${ofStep} is a number of the step, and not of an answer: it stands outside of these brackets.`,
      );
  }

  /** A number of the step, and with `count` 2 so many steps. */
  private numberArguments(
    name: OverSteps | 'nan' | 'stalled',
    start: number,
    count: 1 | 2,
  ): readonly [StepNumberName, number?] | null {
    const inner = this.bracketed(name, start);
    if (inner === null) return null;
    const parts = [...inner.text.matchAll(/[^,]+/g)].map(({ 0: part, index }) => ({
      text: part.trim(),
      start: inner.from + index + part.length - part.trimStart().length,
    }));
    const [first, second] = parts;
    if (first === undefined || first.text === '' || parts.length !== count) {
      const takes = count === 1 ? 'a number of the step' : 'a number of the step and how many steps';
      this.fault(inner.from - 1, this.at, `${name} takes ${takes}: ${functionForms[name]}.`);
      return null;
    }
    const end = first.start + first.text.length;
    this.piece('name', first.start, end);
    const of = this.stepNumber(first.text, first.start, end);
    if (second === undefined) return of && [of];
    this.piece('value', second.start, second.start + second.text.length);
    const least = name === 'slope' || name === 'stalled' ? stepsOver.leastOfSlope : stepsOver.least;
    const steps = /^\d{1,9}$/.test(second.text) ? Number(second.text) : 0;
    if (steps < least || steps > stepsOver.most) {
      const message = `${name} goes over ${least} to ${stepsOver.most} steps, and ${second.text} is not such a number.`;
      this.fault(second.start, second.start + second.text.length, message);
      return null;
    }
    return of && [of, steps];
  }
}

/** What people say of answers when they have read them. */
const saidLater: readonly FieldName[] = ['flagged', 'flags', 'flag', 'flagBy', 'verdict'];

/** A word that is a field, or says right or wrong. */
const isName = (word: string) => /^(right|wrong)$/i.test(word) || fieldNamed(word) !== null;

/** What values a quantity can have, and how it is called. */
function rangeOf(quantity: Quantity): readonly [number | null, number | null, string] {
  switch (quantity.kind) {
    case 'counted':
      return [0, quantity.by === 'share' ? 1 : null, quantity.by];
    case 'over':
      if (quantity.by === 'slope') return [null, null, quantity.by];
      return [stepNumbers[quantity.of].least, stepNumbers[quantity.of].most, quantity.of];
    case 'number':
      return [stepNumbers[quantity.of].least, stepNumbers[quantity.of].most, quantity.of];
  }
}
