/** What is odd about a row that can be trained on all the same. What keeps a row out is for `row-check.ts`. */
import type { DatasetRow } from '../protocol/dataset.ts';
import { extractAnswer } from '../rewards/answer.ts';
import { regressionReward } from '../rewards/regression.ts';
import { quote } from '../rewards/reward.ts';
import { hasRougeTokens } from '../rewards/rouge.ts';
import type { FindingKind } from './finding.ts';
import { repeatedKeys } from './json/keys.ts';
import { optionLetter } from './row-check.ts';

export interface RowWarning {
  readonly kind: FindingKind;
  readonly message: string;
}

function textsOf(row: DatasetRow): [name: string, text: string][] {
  return [
    ['problem', row.problem],
    ...row.options.map((option, i): [string, string] => [`options[${i}]`, option]),
    ['solution', row.solution],
    ...(row.reversed_solution === undefined ? [] : [['reversed_solution', row.reversed_solution] as [string, string]]),
    ['path', row.path],
    ['data_source', row.data_source],
    ...(row.process === undefined ? [] : [['process', row.process] as [string, string]]),
  ];
}

function optionWarning(row: DatasetRow): RowWarning | null {
  if (row.problem_type !== 'multiple choice') return null;
  if (row.options.length === 0) return { kind: 'no-options', message: 'The question has no options.' };
  const letters = row.options.map(optionLetter);
  const known = letters.filter((letter) => letter !== null);
  if (known.length === 0)
    return { kind: 'no-letters', message: `The options have no letters; the first is ${quote(row.options[0] ?? '')}.` };
  const bare = row.options.find((_, i) => letters[i] === null);
  if (bare !== undefined) return { kind: 'option-letters', message: `The option ${quote(bare)} has no letter.` };
  const twice = known.find((letter, i) => known.indexOf(letter) !== i);
  return twice === undefined
    ? null
    : { kind: 'option-letters', message: `The letter ${twice} begins more than one option.` };
}

/** The process is one think block, with no answer in it or after it. */
function isOneThought(process: string): boolean {
  const text = process.trim();
  const end = text.indexOf('</think>');
  return text.startsWith('<think>') && end >= 0 && end === text.length - '</think>'.length;
}

/**
 * Why the accuracy reward is 0 whatever is answered; null where the right answer is paid. No answer earns more than the
 * solution itself, and that earns all in the other types.
 */
export function neverPaid(row: DatasetRow): string | null {
  const solution = extractAnswer(row.solution) ?? '';
  if (row.problem_type === 'free-form' && !hasRougeTokens(solution))
    return `No answer can earn anything: ROUGE sees letters a to z and digits alone, and the solution ${quote(solution)} has none.`;
  if (row.problem_type === 'regression' && regressionReward(solution, solution, false).value === 0)
    return `No answer can earn anything: with the solution ${quote(solution)} the relative error is 100 % or no number for every answer, the right one included.`;
  return null;
}

/** @param text the row as it stands in the file, which `JSON.parse` accepts; null leaves out what only the text shows */
export function rowWarnings(row: DatasetRow, text: string): RowWarning[] {
  const found: RowWarning[] = [];
  const add = (kind: FindingKind, message: string) => found.push({ kind, message });
  const repeated = repeatedKeys(text);
  if (repeated.length > 0)
    add(
      'repeated-key',
      `The key ${repeated.map((key) => quote(key)).join(', ')} stands more than once; the last counts.`,
    );
  const options = optionWarning(row);
  if (options) found.push(options);
  const unpaid = neverPaid(row);
  if (unpaid !== null) add('never-paid', unpaid);
  const texts = textsOf(row);
  const empty = texts.filter(([, value]) => value.trim() === '').map(([name]) => name);
  if (empty.length > 0) add('empty-text', `${empty.join(', ')}: the text is empty.`);
  const broken = texts.filter(([, value]) => !value.isWellFormed()).map(([name]) => name);
  if (broken.length > 0) add('surrogate', `${broken.join(', ')}: half a surrogate pair is no character.`);
  if (row.process !== undefined && row.process.trim() !== '' && !isOneThought(row.process))
    add('no-think', `The chain of thought ${quote(row.process)} is not one <think>…</think>.`);
  return found;
}
