/** What can stand at the caret of a condition: functions and numbers of a step, and within brackets what the filter offers. */
import { type Completion, type Completions, completions, type SeenValues } from '../query/complete.ts';
import {
  countOfAnswers,
  type FunctionName,
  functionForms,
  functionNames,
  ofAnswers,
  ofNumber,
  overSteps,
} from './condition.ts';
import { stepNumberNames, stepNumbers } from './step-numbers.ts';

const nothing = (caret: number): Completions => ({ start: caret, end: caret, items: [] });
const help: Readonly<Record<FunctionName, string>> = { ...ofAnswers, ...countOfAnswers, ...overSteps, ...ofNumber };
const takesAnswers = (name: FunctionName) => name in ofAnswers || name in countOfAnswers;

/** The function in whose brackets the caret stands, with what is in them; null outside of any. */
function functionAt(line: string, caret: number): { name: FunctionName; from: number; to: number } | null {
  const open: { name: FunctionName | null; from: number }[] = [];
  let found: { name: FunctionName; from: number; to: number } | null = null;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '"') {
      const close = line.indexOf('"', at + 1);
      at = close < 0 ? line.length : close;
    } else if (line[at] === '(') {
      const typed = /[A-Za-z]+$/.exec(line.slice(0, at))?.[0].toLowerCase();
      open.push({ name: functionNames.find((name) => name === typed) ?? null, from: at + 1 });
    } else if (line[at] === ')') {
      const closed = open.pop();
      if (closed?.name && closed.from <= caret && caret <= at) found = { name: closed.name, from: closed.from, to: at };
    }
  }
  if (found !== null) return found;
  const last = open.find(({ name, from }) => name !== null && from <= caret);
  return last?.name ? { name: last.name, from: last.from, to: line.length } : null;
}

export function conditionCompletions(line: string, caret: number, seen: SeenValues = {}): Completions {
  const inside = functionAt(line, caret);
  if (inside !== null && takesAnswers(inside.name)) {
    const { start, end, items } = completions(line.slice(inside.from, inside.to), caret - inside.from, seen);
    return { start: start + inside.from, end: end + inside.from, items };
  }
  const before = line.slice(inside?.from ?? 0, caret);
  const typed = /[A-Za-z][A-Za-z0-9_-]*$/.exec(before)?.[0] ?? '';
  const start = caret - typed.length;
  const end = caret + (/^[A-Za-z0-9_-]*/.exec(line.slice(caret))?.[0].length ?? 0);
  const begins = (name: string) => name.toLowerCase().startsWith(typed.toLowerCase());
  const numbers = () =>
    stepNumberNames
      .filter((name) => [name, ...stepNumbers[name].synonyms].some(begins))
      .map((name): Completion => ({ text: name, help: stepNumbers[name].help }));
  if (inside !== null) {
    const isSteps = before.includes(',');
    if (isSteps) return nothing(caret);
    return { start, end, items: numbers() };
  }
  if (/[\d.]$/.test(before)) return nothing(caret);
  const functions = functionNames
    .filter(begins)
    .map((name): Completion => ({ text: `${name}(`, help: `${help[name]}, such as ${functionForms[name]}` }));
  const joins = typed === '' ? [] : ['and', 'or', 'not'].filter(begins).map((text) => ({ text, help: '' }));
  return { start, end, items: [...functions, ...numbers(), ...joins] };
}
