/**
 * Most bytes of label files are the texts of items, which opening them only has to check. A line of an item that is written as
 * this program writes it is checked by one pattern, without making its texts; every other line is read in full.
 */
import { type ItemEntry, readEntry } from '../protocol/annotations/entries.ts';
import { parseJson } from '../protocol/json.ts';

const string = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*"`;
const strings = String.raw`\[(?:${string}(?:,${string})*)?\]`;
/** The keys of an item's entry in their order; the groups are what is read of them. On bytes, each as one character. */
const written = new RegExp(
  String.raw`^(\{"v":1,"id":${string},"at":${string},"author":\{"name":${string},"email":(?:null|${string})\},"kind":"item","item":\{[^{}]*\}),"question":${string},"options":${strings},"problemType":(null|${string}),"text":${string},"solution":${string},"answer":(?:null|${string}),"media":${strings}\}$`,
);
/** Of a longer line the pattern could need more memory than it is given. */
const longestBytes = 1024 * 1024;

/** All of an entry but the texts, which are empty. Null for a line that has to be read in full, sound or not. */
export function itemHead(line: Buffer): ItemEntry | null {
  if (line.length > longestBytes || line.length < 2 || line[0] !== 0x7b) return null;
  const [, head, problemType] = written.exec(line.toString('latin1')) ?? [];
  if (head === undefined) return null;
  const texts = `"question":"","options":[],"problemType":${problemType},"text":"","solution":"","answer":null,"media":[]`;
  const read = readEntry(parseJson(`${line.toString('utf8', 0, head.length)},${texts}}`));
  return read.state === 'read' && read.unknown === null && read.entry.kind === 'item' ? read.entry : null;
}
