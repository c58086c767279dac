/** Where the think and answer parts of a completion stand, and what is wrong with its form. Model text is never trusted. */
import type { ParsedCompletion, Span } from '../protocol/records.ts';
import { pythonStrip } from '../rewards/python-text.ts';

type TagName = 'think' | 'answer';

interface Tag {
  readonly name: TagName;
  readonly closing: boolean;
  readonly start: number;
  readonly end: number;
}

export interface CompletionParts extends ParsedCompletion {
  /** The text inside the think tags, as it is; up to the answer or the end where they are never closed. */
  readonly thinkText: string;
  /** The text between the first answer tags, stripped; empty when there is none. */
  readonly answerText: string;
}

function findTags(text: string): Tag[] {
  return Array.from(text.matchAll(/<(\/?)(think|answer)>/g), (match) => ({
    name: match[2] as TagName,
    closing: match[1] === '/',
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** The first opening tag of a name, and the first closing one after it; null ends mean there is none. */
function firstPair(tags: readonly Tag[], name: TagName): { open: Tag; close: Tag | null } | null {
  const open = tags.find((tag) => tag.name === name && !tag.closing);
  if (!open) return null;
  return { open, close: tags.find((tag) => tag.name === name && tag.closing && tag.start >= open.end) ?? null };
}

/** What is wrong with one pair of tags, apart from its place. */
function tagProblems(tags: readonly Tag[], name: TagName): string[] {
  const own = tags.filter((tag) => tag.name === name);
  const opened = own.filter((tag) => !tag.closing).length;
  const closed = own.length - opened;
  if (own.length === 0) return [`There is no <${name}> tag.`];
  if (opened === 0) return [`</${name}> closes a tag that was never opened.`];
  const problems: string[] = [];
  let depth = 0;
  let nested = false;
  let stray = false;
  let finished = 0;
  for (const tag of own) {
    if (!tag.closing) {
      if (depth > 0) nested = true;
      depth++;
    } else if (depth === 0) stray = true;
    else if (--depth === 0) finished++;
  }
  if (nested) problems.push(`A <${name}> tag stands inside another <${name}>.`);
  if (depth > 0) {
    problems.push(
      closed === 0 || finished > 0 || nested
        ? `A <${name}> tag is never closed.`
        : `<${name}> is closed less often than it is opened.`,
    );
  }
  if (stray) problems.push(`</${name}> closes a tag that was never opened.`);
  if (finished > 1) problems.push(`There are ${finished} <${name}> parts; the first one counts.`);
  return problems;
}

const isBlank = (text: string, start: number, end: number) => !/\S/.test(text.slice(start, end));

/**
 * Finds the parts of a completion in one pass.
 *
 * `think` is the inside of the first think tags. Where they are never closed it goes on to the answer, or to the end, so
 * that a completion that was cut off can still be read. `answer` is the inside of the first closed answer tags, as the
 * rewards take it; null when there are none.
 */
export function parseCompletion(text: string): CompletionParts {
  const tags = findTags(text);
  const think = firstPair(tags, 'think');
  const answer = firstPair(tags, 'answer');
  const problems = [...tagProblems(tags, 'think'), ...tagProblems(tags, 'answer')];

  let thinkSpan: Span | null = null;
  if (think) {
    const answerAfter = answer && answer.open.start >= think.open.end ? answer.open.start : text.length;
    thinkSpan = { start: think.open.end, end: think.close?.start ?? answerAfter };
  }
  const answerSpan: Span | null = answer?.close ? { start: answer.open.end, end: answer.close.start } : null;

  if (think && !isBlank(text, 0, think.open.start)) problems.push('There is text before <think>.');
  if (think?.close && answer) {
    if (answer.open.start < think.open.start) problems.push('The answer comes before the reasoning.');
    else if (answer.open.start < think.close.start) problems.push('The <answer> tag stands inside <think>.');
    else if (!isBlank(text, think.close.end, answer.open.start))
      problems.push('There is text between </think> and <answer>.');
  }
  const lastClose = tags.findLast((tag) => tag.name === 'answer' && tag.closing);
  if (answer?.close && lastClose && lastClose.end < text.length) {
    problems.push(
      isBlank(text, lastClose.end, text.length)
        ? 'There is whitespace after </answer>.'
        : 'There is text after </answer>.',
    );
  }
  if (answerSpan && isBlank(text, answerSpan.start, answerSpan.end)) problems.push('The answer is empty.');
  return {
    think: thinkSpan,
    answer: answerSpan,
    problems,
    thinkText: thinkSpan ? text.slice(thinkSpan.start, thinkSpan.end) : '',
    answerText: answerSpan ? pythonStrip(text.slice(answerSpan.start, answerSpan.end)) : '',
  };
}
