/** Whether a query keeps a rollout that is held in memory; the store's SQL answers the same. */
import type { Comparison, Expression } from './expression.ts';
import { fields, foldedText, type Subject } from './fields.ts';
import { holdsPhrase, wordsOf } from './words.ts';

/** The words of a rollout's text and of its question. */
const cut = new WeakMap<Subject, readonly [readonly string[], readonly string[]]>();

function wordsIn(subject: Subject): readonly [readonly string[], readonly string[]] {
  const held = cut.get(subject) ?? ([wordsOf(subject.rollout.text), wordsOf(subject.group.question.problem)] as const);
  cut.set(subject, held);
  return held;
}

export function matches(expression: Expression, subject: Subject): boolean {
  switch (expression.kind) {
    case 'all':
      return expression.of.every((one) => matches(one, subject));
    case 'any':
      return expression.of.some((one) => matches(one, subject));
    case 'not':
      return !matches(expression.of, subject);
    case 'words':
      return wordsIn(subject).some((held) => holdsPhrase(held, expression.words, expression.prefix));
    case 'between': {
      const held = fields[expression.field].of(subject);
      return typeof held === 'number' && held >= expression.from && held <= expression.to;
    }
    case 'compareFields': {
      const [held, other] = [fields[expression.field].of(subject), fields[expression.other].of(subject)];
      return typeof held === 'number' && typeof other === 'number' && compare(expression.comparison, held, other);
    }
    case 'compare': {
      const held = fields[expression.field].of(subject);
      const { comparison, value } = expression;
      if (held === null) return false;
      if (typeof held === 'object') return held.some((one) => compare(comparison, foldedText(one), folded(value)));
      return compare(comparison, folded(held), folded(value));
    }
  }
}

const folded = <Value extends number | string | boolean>(value: Value) =>
  typeof value === 'string' ? foldedText(value) : value;

type Value = number | string | boolean;

function compare(comparison: Comparison, held: Value, wanted: Value): boolean {
  switch (comparison) {
    case '=':
      return held === wanted;
    case '!=':
      return held !== wanted;
    case '<':
      return held < wanted;
    case '<=':
      return held <= wanted;
    case '>':
      return held > wanted;
    case '>=':
      return held >= wanted;
  }
}
