/** Which labels of a project are exported. */
import { type Author, authorKey, authorLine, type Entry } from '../../protocol/annotations/entries.ts';
import type { LabelBook } from '../../protocol/annotations/label-book.ts';
import { fits, type LabelFilter } from '../../protocol/annotations/label-filter.ts';
import { StudioError } from '../../protocol/errors.ts';
import { nearestClause } from '../../protocol/nearest.ts';

/**
 * The author of labels that is meant by a name, an e-mail address, or both as `NAME <E-MAIL>`.
 * @throws StudioError `bad-request` where nobody has it, or several have
 */
export function authorMeant(book: LabelBook, said: string): Author {
  const meant = book.authors.filter((author) =>
    [author.name, author.email, authorLine(author)].some((name) => name === said),
  );
  const [found, second] = meant;
  if (found && !second) return found;
  if (found)
    throw new StudioError('bad-request', `Several authors are called ${said}: ${meant.map(authorLine).join(', ')}.`, {
      remedy: 'Say which, with the e-mail address.',
    });
  const known = book.authors.map(authorLine);
  throw new StudioError('bad-request', `No label is by ${said}${nearestClause(said, known)}.`, {
    remedy: known.length === 0 ? 'There are no labels.' : `There are labels by ${known.slice(0, 20).join(', ')}.`,
  });
}

export interface ChosenItem {
  readonly key: string;
  /** All that was said of it, in order; where an author is asked for, by this author alone. */
  readonly history: readonly Entry[];
}

/** Items that fit, in the order in which they were first labelled. */
export function chooseItems(book: LabelBook, filter: LabelFilter): ChosenItem[] {
  const { author } = filter;
  return [...book.keys()].flatMap((key) => {
    const labels = book.get(key);
    if (!labels || !fits(labels, filter)) return [];
    const history = labels.history
      .map(({ entry }) => entry)
      .filter((entry) => author === undefined || authorKey(entry.author) === authorKey(author));
    return [{ key, history }];
  });
}
