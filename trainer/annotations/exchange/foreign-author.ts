/** Who a user of another tool is in the project. */
import { type Author, author, authorKey } from '../../protocol/annotations/entries.ts';
import type { ExchangedAuthor, ExchangedJudgement } from './exchanged.ts';
import type { Notices } from './notices.ts';

interface Known {
  /** By e-mail or by the tool's own name for its user. */
  readonly authors: ReadonlyMap<string, Author>;
  /** Names those of whom the file has only a number. */
  readonly tool: string;
}

/**
 * Whoever is named for the user; else who the project itself said it is; else the author of entries that travelled with the item
 * who has the same name and e-mail, or who alone has one of the two; else who the file says it is, made fit for a name where it
 * is none.
 * @param people authors of the entries that travelled with the item
 */
export function authorOf(
  { author: by, place }: Pick<ExchangedJudgement, 'author' | 'place'>,
  people: readonly Author[],
  { authors, tool }: Known,
  notices: Notices,
): Author {
  const named = authors.get(by.email ?? '') ?? authors.get(by.id ?? '');
  if (named) return named;
  const found = by.id === null ? [] : likeliest(by, people);
  const [known] = found;
  if (known && found.length === 1) return known;
  const itself = asAuthor(by, place, tool, notices);
  if (found.length > 1)
    notices.tell(
      `Several authors have the name or the e-mail address of a user; what was said is taken for that of "${itself.name}". Say who it is to change that.`,
      place,
    );
  return itself;
}

/** The one with the same name and e-mail, else all that may be meant. */
function likeliest(by: ExchangedAuthor, people: readonly Author[]): Author[] {
  const all = Array.from(new Map(people.map((one) => [authorKey(one), one])).values());
  const same = all.find((other) => by.name !== null && authorKey({ ...by, name: by.name }) === authorKey(other));
  return same ? [same] : all.filter((other) => mayBe(by, other));
}

const mayBe = (one: ExchangedAuthor, other: Author): boolean =>
  one.email !== null && other.email !== null ? one.email === other.email : one.name === other.name;

/** Who the file says it is. */
function asAuthor(by: ExchangedAuthor, place: string, tool: string, notices: Notices): Author {
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
