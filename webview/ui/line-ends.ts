/** A text area knows one kind of line end. */

/** A text as a text area gives it. */
export const asTyped = (text: string) => text.replace(/\r\n?/g, '\n');

/** How many UTF-16 code units of `text` become `count` of the normal form; a pair of `\r\n` is not torn. */
function rawLength(text: string, count: number): number {
  let at = 0;
  for (let n = 0; n < count; n++) at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
  return at;
}

/**
 * What a person made of a text in a text area, with the line ends of the text wherever it was left as it is. New lines end as
 * the first one of the text does.
 * @param edited as the text area gives it, lines ending in `\n`
 */
export function withLineEnds(text: string, edited: string): string {
  if (!text.includes('\r')) return edited;
  const before = asTyped(text);
  if (before === edited) return text;
  const most = Math.min(before.length, edited.length);
  let head = 0;
  while (head < most && before[head] === edited[head]) head++;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === edited[edited.length - 1 - tail]) tail++;
  const lineEnd = /\r\n?|\n/.exec(text)?.[0] ?? '\n';
  const made = edited.slice(head, edited.length - tail).replaceAll('\n', lineEnd);
  return joined(joined(text.slice(0, rawLength(text, head)), made), text.slice(rawLength(text, before.length - tail)));
}

/** Two line ends that meet stay two. */
const joined = (first: string, second: string) =>
  first.endsWith('\r') && second.startsWith('\n') ? `${first}\n${second}` : first + second;
