/** The answer inside a completion or a dataset's solution. */
import { pythonStrip } from './python-text.ts';

/** The text between the first `<answer>` and the next `</answer>`, stripped; null when there is no such pair. */
export function extractAnswer(text: string): string | null {
  const open = text.indexOf('<answer>');
  if (open < 0) return null;
  const start = open + '<answer>'.length;
  const end = text.indexOf('</answer>', start);
  return end < 0 ? null : pythonStrip(text.slice(start, end));
}
