/** Cuts a typed line into lexemes: names, signs and values, words and phrases, keywords and brackets. */
import { nearby, nearestFew } from '../nearest.ts';
import { type Comparison, comparisonsOf, type Expression } from './expression.ts';
import { type Field, type FieldName, fieldNamed, fieldNames, fields, knownValue } from './fields.ts';
import { keywords, type Lexeme, type QueryFault, type QueryPiece, queryLimits } from './lexemes.ts';
import { type Item, type NoteFault, readValues, takes, truths } from './typed-values.ts';
import { wordsOf } from './words.ts';

/** Signs as they are typed. */
export const operators: Readonly<Record<string, Comparison>> = {
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
const comma = /\s*,\s*/y;
/** What stands up to the next comma, bracket, quote or sign. */
const plainItem = /[^,()":<>=!≠≤≥]*/y;
const joining = /(?:^|\s)(and|or)(?=\s|$)/i;
const nameAtStart = /[A-Za-z][A-Za-z0-9_-]*(?:~|\u0303)?/y;
/** A colon stands right behind the name; spaces may stand around the others. */
const operatorAtStart = /:|\s*(<=|>=|!=|[<>=≠≤≥])\s*/y;
const comparisonSign = /^(?:!=|[<>=≠≤≥])/;
const quote = /"((?:[^"]|"")*)("?)/y;
const bareValue = /[^\s,()"]+/y;
/** A comma ends a word, but for one inside of a number. */
const plainWord = /(?:[^\s,()"]|(?<=\d),(?=\d))+/y;

/** Cuts the line into lexemes, and reads each term. */
export class LineReader {
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
    let isBehindComma = false;
    // Whether the next term begins an item, and whether a comma or an `and` joins it to what stands before.
    let item: 'joined' | 'first' | null = 'first';
    while (this.at < line.length && this.terms <= queryLimits.terms) {
      const start = this.at;
      if (this.take(blank)) continue;
      if (this.take(comma)) {
        this.separated(start, isBehindComma);
        isBehindComma = true;
        item = 'joined';
        continue;
      }
      const character = line[start];
      isBehindComma = false;
      if (item !== null && this.wholeItem(start, item === 'joined')) {
        item = null;
        continue;
      }
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
      item = this.itemBehind(item);
      if (this.terms > queryLimits.terms) {
        this.fault(start, line.length, `A filter has at most ${queryLimits.terms} terms.`);
      }
    }
    const last = plain.at(-1);
    if (last !== undefined && !phraseIsLast) this.mayGoOn(last);
  }

  /** A comma between two terms is an `and`; elsewhere it is nothing. */
  private separated(start: number, isBehindComma: boolean): void {
    const last = this.lexemes.at(-1)?.kind;
    if (isBehindComma || (last !== 'term' && last !== 'close'))
      this.fault(start, this.at, 'A comma stands between two terms.', ' ');
  }

  /** What begins behind the last lexeme: behind `not` what began before it. */
  private itemBehind(before: 'joined' | 'first' | null): 'joined' | 'first' | null {
    switch (this.lexemes.at(-1)?.kind) {
      case 'and':
        return 'joined';
      case 'open':
      case 'or':
        return 'first';
      case 'not':
        return before;
      default:
        return null;
    }
  }

  /**
   * Of terms that are joined by commas or `and`, one that is nothing but `wrong` or `right`, or a field's name with a value that
   * it knows: `flagged and category wrong order`. Elsewhere they are words to look for.
   */
  private wholeItem(start: number, isJoined: boolean): boolean {
    plainItem.lastIndex = start;
    const plain = plainItem.exec(this.line)?.[0] ?? '';
    const join = joining.exec(plain);
    const text = plain.slice(0, join?.index).trimEnd();
    const end = start + plain.length;
    const isLast = end === this.line.length || this.line[end] === ')';
    const joinsNext = join ? join[1]?.toLowerCase() === 'and' : this.line[end] === ',';
    if (!joinsNext && !(isJoined && (join || isLast))) return false;
    const word = text.toLowerCase();
    if (word === 'wrong' || word === 'right') {
      this.at = start + text.length;
      this.piece('name', start, this.at, 'correct');
      this.term(start, { kind: 'compare', field: 'correct', comparison: '=', value: word === 'right' });
      return true;
    }
    const [, typed = '', space = '', value = ''] = /^(\S+)(\s+)(.+)$/s.exec(text) ?? [];
    const name = fieldNamed(typed);
    const field: Field | null = name === null ? null : fields[name];
    if (name === null || field === null || !('values' in field || field.kind === 'truth')) return false;
    const known = field.kind === 'truth' ? truths : field.values;
    const found = known === null ? null : knownValue(known, value);
    if (found === null) return false;
    this.at = start + text.length;
    this.piece('name', start, start + typed.length, name);
    this.piece('value', start + typed.length + space.length, this.at, name);
    const held = field.kind === 'truth' ? found === 'true' : found;
    this.term(start, { kind: 'compare', field: name, comparison: '=', value: held });
    return true;
  }

  /** The last word may be the start of one: it is still being typed. With one letter that would be nearly every text. */
  private mayGoOn(place: number): void {
    const lexeme = this.lexemes[place];
    if (lexeme?.kind !== 'term' || lexeme.expression?.kind !== 'words') return;
    if (/^[a-z0-9]$/.test(lexeme.expression.words.at(-1) ?? '')) return;
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
      const offer =
        near === null
          ? `the nearest are ${nearestFew(typed, fieldNames, 3).join(', ')}, and Ctrl+Space in an empty filter lists all`
          : `the nearest is ${near}`;
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
    this.terms += items.length - 1;
    this.refuseUnclear(name);
    const note: NoteFault = (from, to, message, suggestion) => this.fault(from, to, message, suggestion);
    this.term(start, readValues(this.line, { name, comparison }, items, note));
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
      if (items.length > 0) this.take(comma);
      const start = this.at;
      const quoted = this.line[start] === '"';
      const text = quoted ? this.quoted() : (this.take(bareValue)?.[0] ?? '');
      this.piece('value', start, this.at, field);
      items.push({ text: text.toWellFormed(), quoted, start, end: this.at });
    } while (items.length <= queryLimits.terms && this.goesOn(field));
    return items;
  }

  /** Behind a text, a comma, a space and a word: one more text, or a word to look for? */
  private refuseUnclear(name: FieldName): void {
    const { kind } = fields[name];
    if (kind !== 'text' && kind !== 'texts') return;
    const [unclear = '', word = ''] = /^,\s+([^\s,()":<>=!≠≤≥]+)(?=\s*(?:$|[,)]))/.exec(this.line.slice(this.at)) ?? [];
    const known = fieldNamed(word);
    const stands = ['wrong', 'right'].includes(word.toLowerCase()) || known !== null;
    if (unclear === '' || stands) return;
    const message = `${name}:…,${word} without a space keeps either; in quotes, ${word} is a word to look for.`;
    this.fault(this.at, this.at + unclear.length, message, `,${word}`);
  }

  /** Whether a comma here is followed by one more value, and not by the next term. */
  private goesOn(name: FieldName | null): boolean {
    const [whole, behind = ''] = /^(?:,(.*))$/s.exec(this.line.slice(this.at)) ?? [];
    if (whole === undefined) return false;
    const next = behind.trimStart();
    const [, word = '', sign] = /^([^\s,()":<>=!≠≤≥]*)\s*(:|<=|>=|!=|[<>=≠≤≥])?/.exec(next) ?? [];
    const field: Field | null = name === null ? null : fields[name];
    const isOfTexts = field?.kind === 'text' || (field?.kind === 'texts' && field.values === null);
    // A text may hold a colon.
    if (sign !== undefined && fieldNamed(word) !== null && !(isOfTexts && next === behind)) return false;
    if (next === behind) return next !== '' || !isOfTexts;
    if (next.startsWith('"')) return isOfTexts;
    if (field === null || next === '' || next.startsWith('(')) return false;
    const value = bareValueAt(next);
    switch (field.kind) {
      case 'number':
      case 'time':
        return /^[-+−.\d]/.test(value);
      case 'truth':
        return knownValue(truths, value) !== null;
      case 'choice':
      case 'texts':
        return field.values !== null && knownValue(field.values, value) !== null;
      case 'text':
        return false;
    }
  }
}

const bareValueAt = (text: string) => /^[^\s,()"]*/.exec(text)?.[0] ?? '';

/** Names with their synonyms, as they are offered for one that is not known. */
const namesOffered = fieldNames.flatMap((name) => [name, ...fields[name].synonyms]);
