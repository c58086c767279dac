/** What each part of a filter keeps by itself, what would be left without it, and what its words may have been meant as. */
import { type Condition, conditionsOf, without } from '../../../trainer/protocol/query/edit.ts';
import { mended, misreadsOf, termsMeant } from '../../../trainer/protocol/query/meant.ts';

export interface Counted {
  readonly matching: number;
  /** Rollouts that older rules have read, where it asks for what rules find. */
  readonly outdated: number;
}

/** Conditions that are dropped as one: one of them, or words that may be meant as one. */
export interface FilterPart {
  readonly text: string;
  /** A line that asks for it and nothing else. */
  readonly alone: string;
  /** The filter without it. */
  readonly dropped: string;
  /** The condition, where it is a word or a phrase; null for any other. */
  readonly word: Condition | null;
}

export interface Causes {
  /** By part. */
  readonly each: readonly Counted[];
  /** By part: what would be left without it. */
  readonly left: readonly number[];
  /** Terms that this run has something of, for words that it has nothing of. */
  readonly meant: readonly Meant[];
  /** Where several words were meant otherwise: the filter with the first term for each. */
  readonly together: Pick<Meant, 'line' | 'left'> | null;
}

export interface Meant {
  /** What it takes the place of, as it is typed. */
  readonly text: string;
  /** It is one word or phrase, which no text has; otherwise several, looked for one by one. */
  readonly isOne: boolean;
  readonly term: string;
  /** The filter with the term in its place, and what would be left then. */
  readonly line: string;
  readonly left: number;
}

type CountEach = (lines: readonly string[]) => Promise<readonly Counted[] | null>;

/** The parts of a filter that must all hold, in the order of the line. */
export function partsOf(line: string): FilterPart[] {
  const conditions = conditionsOf(line);
  const misreads = misreadsOf(line);
  const groups: { readonly misread: object | undefined; readonly places: number[] }[] = [];
  for (const [place, { start, end }] of conditions.entries()) {
    const misread = misreads.find((one) => one.start <= start && end <= one.end);
    const last = groups.at(-1);
    if (misread !== undefined && last?.misread === misread) last.places.push(place);
    else groups.push({ misread, places: [place] });
  }
  return groups.map(({ misread, places }) => {
    const held = places.map((place) => conditions[place] as Condition);
    const [first] = held;
    return {
      text: line.slice(first?.start, held.at(-1)?.end),
      alone: held.map(({ alone }) => alone).join(' '),
      dropped: without(line, places),
      word: misread === undefined && first?.expression?.kind === 'words' ? first : null,
    };
  });
}

/** @param countEach null where another count came between, and then so is the result */
export async function causesOf(line: string, countEach: CountEach): Promise<Causes | null> {
  const parts = partsOf(line);
  const each = await countEach(parts.map(({ alone }) => alone));
  const left = each && (await countEach(parts.map(({ dropped }) => dropped)));
  const unheld = parts.flatMap(({ word }, place) => (word && each?.[place]?.matching === 0 ? [word] : []));
  const meant = left && (await meantOf(line, unheld, countEach));
  return each && left && meant && { each, left: left.map(({ matching }) => matching), ...meant };
}

/** @param unheld words that no text has */
async function meantOf(
  line: string,
  unheld: readonly Condition[],
  countEach: CountEach,
): Promise<Pick<Causes, 'meant' | 'together'> | null> {
  const offers = [
    ...misreadsOf(line).map((one) => ({ ...one, isOne: false })),
    ...unheld.map((one) => ({ ...one, isOne: true, terms: termsMeant(one) })),
  ]
    .toSorted((a, b) => a.start - b.start)
    .flatMap(({ terms, ...one }) => terms.map((term) => ({ ...one, term, line: mended(line, one, term) })));
  const had = await countEach(offers.map(({ term }) => term));
  if (had === null) return null;
  const useful = offers.filter((_, place) => (had[place]?.matching ?? 0) > 0);
  const firsts = useful.filter(({ start }, place) => useful[place - 1]?.start !== start);
  /* From the end, so that the places of those before stay. */
  const together = firsts.length > 1 ? firsts.reduceRight((held, one) => mended(held, one, one.term), line) : null;
  const lines = [...useful.map((offer) => offer.line), ...(together === null ? [] : [together])];
  const left = await countEach(lines);
  return (
    left && {
      meant: useful.map(({ text, isOne, term, line }, place) => ({
        ...{ text, isOne, term, line },
        left: left[place]?.matching ?? 0,
      })),
      together: together === null ? null : { line: together, left: left.at(-1)?.matching ?? 0 },
    }
  );
}
