/** Where the think and answer parts of a completion stand, and what is wrong with its form. Model text is never trusted. */
import type { ParsedCompletion, Span } from '../protocol/records.ts';
import { isPythonSpace, pythonStrip } from '../rewards/python-text.ts';

type TagName = 'think' | 'answer';

export interface CompletionParts extends ParsedCompletion {
  /** The text inside the think tags, as it is; up to the answer or the end where they are never closed. */
  readonly thinkText: string;
  /** The text between the first answer tags, stripped; empty when there is none. */
  readonly answerText: string;
}

/** What one pass over a text learns of one kind of tags; places are -1 where there is none. */
interface Tags {
  readonly name: TagName;
  opened: number;
  closed: number;
  depth: number;
  /** Pairs that were closed at the outermost level. */
  finished: number;
  nested: boolean;
  /** A closing tag came with nothing open. */
  stray: boolean;
  /** The first opening tag, and the first closing tag after it. */
  openStart: number;
  openEnd: number;
  closeStart: number;
  closeEnd: number;
  lastCloseEnd: number;
}

const noTags = (name: TagName): Tags => ({
  name,
  ...{ opened: 0, closed: 0, depth: 0, finished: 0, nested: false, stray: false },
  ...{ openStart: -1, openEnd: -1, closeStart: -1, closeEnd: -1, lastCloseEnd: -1 },
});

function readTag(tags: Tags, closing: boolean, start: number, end: number): void {
  if (!closing) {
    if (tags.opened === 0) {
      tags.openStart = start;
      tags.openEnd = end;
    }
    tags.opened++;
    if (tags.depth > 0) tags.nested = true;
    tags.depth++;
    return;
  }
  tags.closed++;
  tags.lastCloseEnd = end;
  if (tags.opened > 0 && tags.closeStart < 0) {
    tags.closeStart = start;
    tags.closeEnd = end;
  }
  if (tags.depth === 0) tags.stray = true;
  else {
    tags.depth--;
    if (tags.depth === 0) tags.finished++;
  }
}

function findTags(text: string): Record<TagName, Tags> {
  const found = { think: noTags('think'), answer: noTags('answer') };
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const closing = text[at + 1] === '/';
    const from = closing ? at + 2 : at + 1;
    const name = text.startsWith('think>', from) ? 'think' : text.startsWith('answer>', from) ? 'answer' : null;
    if (name) readTag(found[name], closing, at, from + name.length + 1);
  }
  return found;
}

/** What is wrong with one kind of tags, apart from their place. */
function tagProblems(tags: Tags): string[] {
  const { name, opened, closed, depth, finished, nested, stray } = tags;
  if (opened + closed === 0) return [`There is no <${name}> tag.`];
  if (opened === 0) return [`</${name}> closes a tag that was never opened.`];
  const problems: string[] = [];
  if (nested) problems.push(`A <${name}> tag stands inside another <${name}>.`);
  if (depth > 0) problems.push(`A <${name}> tag is never closed.`);
  if (stray) problems.push(`</${name}> closes a tag that was never opened.`);
  if (finished > 1) problems.push(`There are ${finished} <${name}> parts; the first one counts.`);
  return problems;
}

/** Whitespace is what the format reward takes for it: Python's, which is not JavaScript's. */
function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isPythonSpace(text.charCodeAt(at))) return false;
  return true;
}

/**
 * Finds the parts of a completion in one pass.
 *
 * `think` is the inside of the first think tags. Where they are never closed it goes on to the answer, or to the end, so
 * that a completion that was cut off can still be read. `answer` is the inside of the first closed answer tags, as the
 * rewards take it; null when there are none.
 */
export function parseCompletion(text: string): CompletionParts {
  const { think, answer } = findTags(text);
  const problems = [...tagProblems(think), ...tagProblems(answer)];
  const hasThink = think.opened > 0;
  const thinkClosed = think.closeStart >= 0;
  const hasAnswer = answer.opened > 0;

  let thinkSpan: Span | null = null;
  if (hasThink) {
    const upTo = hasAnswer && answer.openStart >= think.openEnd ? answer.openStart : text.length;
    thinkSpan = { start: think.openEnd, end: thinkClosed ? think.closeStart : upTo };
  }
  const answerSpan: Span | null = answer.closeStart >= 0 ? { start: answer.openEnd, end: answer.closeStart } : null;

  if (hasThink && !isBlank(text, 0, think.openStart)) problems.push('There is text before <think>.');
  if (thinkClosed && hasAnswer) {
    if (answer.openStart < think.openStart) problems.push('The answer comes before the reasoning.');
    else if (answer.openStart < think.closeStart) problems.push('The <answer> tag stands inside <think>.');
    else if (!isBlank(text, think.closeEnd, answer.openStart))
      problems.push('There is text between </think> and <answer>.');
  }
  if (answerSpan && answer.lastCloseEnd < text.length) {
    const blank = isBlank(text, answer.lastCloseEnd, text.length);
    problems.push(blank ? 'There is whitespace after </answer>.' : 'There is text after </answer>.');
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
