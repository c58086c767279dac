/** Whether a completion has the form that the prompt asks for. */
import { isPythonSpace } from './python-text.ts';
import type { Reward } from './reward.ts';

const thinkOpen = '<think>';
const thinkClose = '</think>';
const answerOpen = '<answer>';
const answerClose = '</answer>';

/**
 * Whether the whole text is `<think>…</think>`, whitespace, `<answer>…</answer>`: the language of the released pattern
 * `<think>.*?</think>\s*<answer>.*?</answer>` under a full match, found in linear time. A second pair of tags inside
 * either part passes; any character before or after fails.
 */
export function hasRightForm(text: string): boolean {
  if (!text.startsWith(thinkOpen) || !text.endsWith(answerClose)) return false;
  const end = text.length - answerClose.length;
  for (let at = text.indexOf(thinkClose, thinkOpen.length); at >= 0; at = text.indexOf(thinkClose, at + 1)) {
    let answer = at + thinkClose.length;
    while (isPythonSpace(text.charCodeAt(answer))) answer++;
    if (text.startsWith(answerOpen, answer) && answer + answerOpen.length <= end) return true;
  }
  return false;
}

/** 1 for the right form, else 0 with the first thing that is wrong. */
export function formatReward(text: string): Reward {
  if (hasRightForm(text))
    return { value: 1, parts: {}, explanation: 'The answer has the form <think>…</think><answer>…</answer>.' };
  return { value: 0, parts: {}, explanation: fault(text) };
}

function fault(text: string): string {
  if (text === '') return 'There is no text.';
  if (!text.includes(thinkOpen)) return 'There is no <think> tag.';
  if (!text.startsWith(thinkOpen)) {
    const before = text.slice(0, text.indexOf(thinkOpen));
    return /^\s+$/.test(before) ? 'There is whitespace before <think>.' : 'There is text before the <think> tag.';
  }
  if (!text.includes(thinkClose)) return 'The <think> tag is never closed.';
  if (!text.includes(answerOpen)) return 'There is no <answer> tag.';
  const close = text.lastIndexOf(answerClose);
  if (close < 0) return 'The <answer> tag is never closed.';
  if (close + answerClose.length !== text.length) {
    const rest = text.slice(close + answerClose.length);
    return /^\s+$/.test(rest) ? 'There is whitespace after </answer>.' : 'There is text after </answer>.';
  }
  return 'Nothing but whitespace may stand between </think> and <answer>.';
}
