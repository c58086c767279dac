/** Puts the lexemes of a line together: brackets, `or`, `not`, and what must all hold. */
import type { Joined, RolloutTerm } from './expression.ts';
import { allOf, anyOf, type Lexeme, type QueryFault, type QueryOperand, queryLimits } from './lexemes.ts';

/** What a part of the line amounts to, and the conditions in it that must all hold. */
interface Group<Term> {
  readonly start: number;
  readonly end: number;
  readonly expression: Joined<Term> | null;
  readonly operands: readonly QueryOperand<Term>[];
}

const asWord = ' Put it in quotes to search for it as a word.';

/** Puts the lexemes together; by recursion, which the limit of depth keeps shallow. */
export class Structure<Term = RolloutTerm> {
  private readonly line: string;
  private readonly lexemes: readonly Lexeme<Term>[];
  private readonly faults: QueryFault[];
  /** Said of a keyword that joins nothing. */
  private readonly wayOut: string;
  private at = 0;
  /** The rest of the line was not read. */
  private givenUp = false;

  constructor(line: string, lexemes: readonly Lexeme<Term>[], faults: QueryFault[], wayOut = asWord) {
    this.line = line;
    this.lexemes = lexemes;
    this.faults = faults;
    this.wayOut = wayOut;
  }

  read(): readonly QueryOperand<Term>[] {
    const operands = [...this.alternatives(0).operands];
    while (this.at < this.lexemes.length) {
      const stray = this.next();
      if (stray?.kind === 'close') this.fault(stray, 'No bracket is open here.', '');
      operands.push(...this.alternatives(0).operands);
    }
    return operands;
  }

  private peek(): Lexeme<Term> | undefined {
    return this.lexemes[this.at];
  }

  private next(): Lexeme<Term> | undefined {
    this.at += 1;
    return this.lexemes[this.at - 1];
  }

  private fault(where: { start: number; end: number }, message: string, suggestion: string | null = null): void {
    this.faults.push({ start: where.start, end: where.end, message, suggestion });
  }

  private tooDeep(where: Lexeme<Term>): null {
    this.fault(where, `Brackets and not nest at most ${queryLimits.depth} deep.`);
    this.at = this.lexemes.length;
    this.givenUp = true;
    return null;
  }

  /** `a or b or c`, up to a closing bracket or the end. */
  private alternatives(depth: number): Group<Term> {
    const first = this.conditions(depth);
    if (this.peek()?.kind !== 'or') return first;
    const sides = [first];
    while (this.peek()?.kind === 'or') {
      const or = this.next() as Lexeme<Term>;
      const side = this.conditions(depth);
      if (sides.at(-1)?.operands.length === 0 || side.operands.length === 0) {
        this.fault(or, `or stands between two terms.${this.wayOut}`);
      }
      sides.push(side);
    }
    const expressions = sides.flatMap(({ expression }) => (expression === null ? [] : [expression]));
    const expression = expressions.length < sides.length ? null : anyOf<Term>(expressions);
    const { start } = first;
    const end = sides.at(-1)?.end ?? first.end;
    return { start, end, expression, operands: [{ start, end, expression, bare: true }] };
  }

  /** `a b and c`, up to an `or`, a closing bracket or the end. */
  private conditions(depth: number): Group<Term> {
    const groups: { readonly operand: QueryOperand<Term>; readonly inner: readonly QueryOperand<Term>[] | null }[] = [];
    const from = this.peek()?.start ?? this.line.length;
    let and: Lexeme<Term> | null = null;
    const loose = (lexeme: Lexeme<Term>) => this.fault(lexeme, `and stands between two terms.${this.wayOut}`);
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
    const expression = expressions.length < operands.length ? null : allOf<Term>(expressions);
    return { start: operands[0]?.start ?? from, end, expression, operands };
  }

  /** A term, a bracket or the opposite of one; `inner` is what stands in a bracket that is not turned round. */
  private condition(depth: number): {
    expression: Joined<Term> | null;
    inner: readonly QueryOperand<Term>[] | null;
    end: number;
  } {
    const lexeme = this.next() as Lexeme<Term>;
    if (lexeme.kind === 'term') return { expression: lexeme.expression, inner: null, end: lexeme.end };
    if (depth >= queryLimits.depth) return { expression: this.tooDeep(lexeme), inner: null, end: lexeme.end };
    if (lexeme.kind === 'not') {
      const following = this.peek();
      if (following?.kind !== 'term' && following?.kind !== 'open' && following?.kind !== 'not') {
        this.fault(lexeme, `not stands before a term.${this.wayOut}`);
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
