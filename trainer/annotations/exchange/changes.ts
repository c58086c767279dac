/** What a judgement from another tool changes in the labels that stand of its item. */
import { anchorOf, spanInSameText } from '../../protocol/annotations/anchors.ts';
import { type Author, authorKey, type FlagEntry, type VerdictEntry } from '../../protocol/annotations/entries.ts';
import type { ExchangedFlag, ExchangedJudgement, ExchangedVerdict } from './exchanged.ts';
import { fixedText } from './fixed-text.ts';
import type { Notices } from './notices.ts';
import type { OwnLabels } from './standing.ts';

type Said<E> = Omit<E, 'v' | 'id' | 'at' | 'author' | 'item' | 'moved'>;

/** What entries are made of, without whose and of which item they are. */
export type ChangedLabels = Said<FlagEntry> | Said<VerdictEntry> | { readonly kind: 'retraction'; readonly of: string };

const staysTakenBack = 'What was taken back in this project is still in the file; it stays taken back.';

/** Letters of a note and of a detector's name, as in label files. */
const longestNote = 10_000;
const longestDetector = 200;

/**
 * New flags and a new verdict for what does not stand yet; retractions of what stands of this author and is no longer said.
 * What was taken back here is not said again by a file that still has it as it was.
 * @param author whose judgement it is
 * @param text of the item
 * @param own the labels that travelled with the item
 */
export function changesOf(
  { flags, verdict, answered, place }: ExchangedJudgement,
  author: Author,
  text: string,
  { standing, takenBack }: OwnLabels,
  notices: Notices,
): ChangedLabels[] {
  const isMine = (other: Author) => authorKey(other) === authorKey(author);
  const mine = standing.find((labels) => isMine(labels.author));
  const ownFlags = standing.flatMap((labels) => labels.flags);
  const isSame = (flag: ExchangedFlag, own: FlagEntry): boolean => {
    const span = own.span && spanInSameText(text, own.span);
    return (
      flag.category === own.category &&
      flag.span?.start === span?.start &&
      flag.span?.end === span?.end &&
      (flag.severity === null || flag.severity === own.severity) &&
      (flag.note === null || flag.note === own.note)
    );
  };
  const says = (flag: ExchangedFlag, own: FlagEntry): boolean =>
    (flag.id === own.id || isMine(own.author)) && isSame(flag, own);
  const fresh = flags.filter((flag) => {
    const same = ownFlags.filter((own) => says(flag, own));
    if (same[0] && !same.some((own) => isMine(own.author))) tellOther(same[0].author, place, notices);
    if (same.length > 0) return false;
    const before = takenBack.get(flag.id ?? '');
    const isTakenBack = before?.kind === 'flag' && isSame(flag, before);
    if (isTakenBack) notices.tell(staysTakenBack, place);
    return !isTakenBack;
  });
  const gone = (mine?.flags ?? [])
    .filter(({ span }) => (span ? answered.spans : answered.whole))
    .filter((own) => !flags.some((flag) => says(flag, own)));
  for (const _ of gone) notices.tell('A flag that was exported is no longer there and is retracted.', place);
  return [
    ...newFlags(fresh, text, place, notices),
    ...gone.map(({ id }) => ({ kind: 'retraction', of: id }) as const),
    ...(verdict || answered.verdict
      ? verdictChanges(verdict, mine?.verdict ?? null, { standing, takenBack }, place, notices)
      : []),
  ];
}

/** A tool that does not know an author puts what it imports under whoever imported it. */
function tellOther({ name }: Author, place: string, notices: Notices): void {
  notices.tell(`What came from "${name}" stands under another user there, and stays with "${name}".`, place);
}

/** One of each category and place, as label files have it: where there are several their notes are put together. */
function newFlags(flags: readonly ExchangedFlag[], text: string, place: string, notices: Notices): Said<FlagEntry>[] {
  const byPlace = new Map<string, Said<FlagEntry>>();
  for (const flag of flags) {
    const span = flag.span && anchorOf(text, flag.span);
    if (flag.span && span && span.quote.length !== flag.span.end - flag.span.start)
      notices.tell('A span that ends inside a character, as a reader sees it, is widened to the whole of it.', place);
    if (flag.severity === null)
      notices.tell('How grave a flag is, the file does not say; it is taken for major.', place);
    const key = JSON.stringify([flag.category, span?.start, span?.end]);
    const other = byPlace.get(key);
    if (other) notices.tell('Several flags of one category in one place are put together as one.', place);
    const notes = new Set([other?.note, flag.note].filter((note) => note));
    byPlace.set(key, {
      kind: 'flag',
      category: flag.category,
      severity: other?.severity === 'major' ? 'major' : (flag.severity ?? 'major'),
      note: shortened(Array.from(notes).join('\n'), longestNote, place, notices),
      span,
      from: other?.from ?? (flag.from === null ? null : shortened(flag.from, longestDetector, place, notices) || null),
    });
  }
  return Array.from(byPlace.values());
}

function shortened(words: string, most: number, place: string, notices: Notices): string {
  if (words.length <= most) return words;
  notices.tell(`A text of more than ${most} letters is cut at as many.`, place);
  return words.slice(0, most);
}

function verdictChanges(
  said: ExchangedVerdict | null,
  mine: VerdictEntry | null,
  { standing, takenBack }: OwnLabels,
  place: string,
  notices: Notices,
): ChangedLabels[] {
  if (said) {
    const isSaid = (own: VerdictEntry | null) => own?.verdict === said.verdict && fixedText(own.fixed) === said.fixed;
    if (isSaid(mine)) return [];
    const before = takenBack.get(said.id ?? '');
    if (before?.kind === 'verdict' && isSaid(before)) {
      notices.tell(staysTakenBack, place);
      return [];
    }
    const same = standing.find(({ verdict }) => verdict !== null && verdict.id === said.id)?.verdict ?? null;
    if (same === null || !isSaid(same)) return [{ kind: 'verdict', verdict: said.verdict, fixed: said.fixed }];
    tellOther(same.author, place, notices);
    return [];
  }
  if (!mine) return [];
  notices.tell('A verdict that was exported is no longer there and is retracted.', place);
  return [{ kind: 'retraction', of: mine.id }];
}
