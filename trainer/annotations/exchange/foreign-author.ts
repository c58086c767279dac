/** Who a user of another tool is in the project. */
import { type Author, author } from '../../protocol/annotations/entries.ts';
import type { ExchangedAuthor, ExchangedJudgement } from './exchanged.ts';
import type { Notices } from './notices.ts';
import type { StandingLabels } from './standing.ts';

const isSamePerson = (one: ExchangedAuthor, other: Author): boolean =>
  one.email !== null && other.email !== null ? one.email === other.email : one.name === other.name;

/**
 * Whoever is named for the user; else the author of labels that travelled with the item who has the same e-mail or name; else
 * who the file says it is, made fit for a name where it is none.
 * @param authors by e-mail or by the tool's own name for its user
 * @param tool names those of whom the file has only a number
 */
export function authorOf(
  { author: by, place }: ExchangedJudgement,
  standing: readonly StandingLabels[],
  { authors, tool }: { readonly authors: ReadonlyMap<string, Author>; readonly tool: string },
  notices: Notices,
): Author {
  const known =
    authors.get(by.email ?? '') ??
    authors.get(by.id ?? '') ??
    standing.find((labels) => isSamePerson(by, labels.author))?.author;
  if (known) return known;
  const made = `${tool} user ${by.id ?? 'unknown'}`;
  if (by.name === null && by.email === null)
    notices.tell(
      `Of a user the file has no name; it becomes the author "${made}". Say who it is to change that.`,
      place,
    );
  const said = { name: by.name ?? by.email ?? made, email: by.email };
  const fits = author.safeParse(said);
  if (fits.success) return fits.data;
  const plain = (text: string, most: number) =>
    text
      .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
      .trim()
      .slice(0, most);
  const mended = { name: plain(said.name, 200) || 'unknown', email: plain(said.email ?? '', 320) || null };
  notices.tell(`What a user is called is not one line of letters; it becomes the author "${mended.name}".`, place);
  return author.parse(mended);
}
