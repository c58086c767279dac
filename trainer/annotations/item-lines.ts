/**
 * Most bytes of label files are the texts of items, which opening them only has to check. A line of an item that is written as
 * this program writes it is checked by one pattern, without making its texts; every other line is read in full.
 */
import { type Author, type Item, itemShape } from '../protocol/annotations/entries.ts';
import { problemType } from '../protocol/dataset.ts';
import { parseJson } from '../protocol/json.ts';

const string = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*"`;
const strings = String.raw`\[(?:${string}(?:,${string})*)?\]`;
/** The keys of an item's entry in their order; the groups are what is read of them. On bytes, each as one character. */
const written = new RegExp(
  String.raw`^\{"v":1,"id":(${string}),"at":(${string}),"author":(\{"name":${string},"email":(?:null|${string})\}),"kind":"item","item":(\{[^{}]*\}),"question":${string},"options":${strings},"problemType":(null|${string}),"text":${string},"solution":${string},"answer":(?:null|${string}),"media":${strings}\}$`,
);
/** Bytes before the first group, and between each and the one before it. */
const gaps = ['{"v":1,"id":', ',"at":', ',"author":', ',"kind":"item","item":'].map(({ length }) => length);
/** Of a longer line the pattern could need more memory than it is given. */
const longestBytes = 1024 * 1024;

const { id: idSchema, at: atSchema, author: authorSchema, item: itemSchema } = itemShape;
const problemTypes: ReadonlySet<string> = new Set(['null', ...problemType.options.map((type) => JSON.stringify(type))]);

/** What opening has to know of an item's line. */
export interface ItemHead {
  readonly id: string;
  readonly author: Author;
  readonly item: Item;
}

/** Reads lines of items, one after the other: most have the author of the one before. */
export class ItemLines {
  private lastAuthor: { readonly text: string; readonly author: Author } | null = null;

  /** Null for a line that has to be read in full, sound or not. */
  head(line: Buffer): ItemHead | null {
    if (line.length > longestBytes || line[0] !== 0x7b) return null;
    const found = written.exec(line.toString('latin1'));
    if (found === null || !problemTypes.has(found[5] as string)) return null;
    let end = 0;
    const [id, at, author, item] = gaps.map((gap, group) => {
      const start = end + gap;
      end = start + (found[group + 1] as string).length;
      return line.toString('utf8', start, end);
    }) as [string, string, string, string];
    const read = {
      id: idSchema.safeParse(parseJson(id)).data,
      at: atSchema.safeParse(parseJson(at)).data,
      author: this.authorIn(author),
      item: itemSchema.safeParse(parseJson(item)).data,
    };
    if (read.id === undefined || read.at === undefined || read.author === null || read.item === undefined) return null;
    return { id: read.id, author: read.author, item: read.item };
  }

  private authorIn(text: string): Author | null {
    if (this.lastAuthor?.text === text) return this.lastAuthor.author;
    const author = authorSchema.safeParse(parseJson(text)).data;
    if (author === undefined) return null;
    this.lastAuthor = { text, author };
    return author;
  }
}
