/** Who judges what: items are dealt out to annotators, a share of them to two, so that their agreement can be measured. */
import { permutation, randomFrom } from '../../data/random.ts';
import { StudioError } from '../../protocol/errors.ts';
import { byKey } from './judgements.ts';

export interface Assignment {
  /** The item's key. */
  readonly item: string;
  /** It is for two annotators, though there may be only one as yet. */
  readonly shared: boolean;
  /** Keys, in the order in which they were given the item. */
  readonly annotators: readonly string[];
}

export interface AssignmentRequest {
  /** What was given out before. Nothing of it is taken back or moved. */
  readonly given: readonly Assignment[];
  /** Keys of the items that are to be given out, in the order in which they are worked; those given already may be among them. */
  readonly items: readonly string[];
  /** Those who take new items. Whoever is left out keeps what they were given. */
  readonly annotators: readonly string[];
  /** Of all items, given and new, the share that two annotators judge, 0 … 1. */
  readonly overlap: number;
  readonly seed: number;
}

/** An item that is shared is judged by as many. */
const sharers = 2;

function check({ given, annotators, overlap }: AssignmentRequest): void {
  const fault = (message: string, place: string, remedy: string) =>
    new StudioError('bad-input', message, { place, remedy });
  if (annotators.length === 0)
    throw fault('Nobody is named to whom items could be given.', 'annotators', 'Name one annotator or more.');
  if (!(overlap >= 0 && overlap <= 1))
    throw fault(`The overlap is ${overlap}, which is no share.`, 'overlap', 'Give a share from 0 to 1, such as 0.3.');
  const seen = new Set<string>();
  for (const { item } of given) {
    if (seen.has(item)) throw fault(`${item} is given out twice.`, 'given', 'Keep one entry of each item.');
    seen.add(item);
  }
}

/** How many items everyone has, and how many each two have in common. */
class Loads {
  private readonly items = new Map<string, number>();
  private readonly common = new Map<string, number>();

  load(annotator: string): number {
    return this.items.get(annotator) ?? 0;
  }

  inCommon(one: string, other: string): number {
    return this.common.get(Loads.pair(one, other)) ?? 0;
  }

  /** @param others who have the same item already */
  add(annotator: string, others: readonly string[]): void {
    this.items.set(annotator, this.load(annotator) + 1);
    for (const other of others) this.common.set(Loads.pair(annotator, other), this.inCommon(annotator, other) + 1);
  }

  private static pair(one: string, other: string): string {
    return JSON.stringify([one, other].sort(byKey));
  }
}

/**
 * The plan with what is new. The same request gives the same plan on every machine; the order of items in the request changes
 * no one's items, only the order in which they are listed.
 *
 * Which items are shared, and who comes first where all else is equal, is drawn from seed and item. New items go to whoever has
 * fewest, so everyone ends with about as many; of those with as many, the second of a shared item is the one who shares fewest
 * with the first, so that every two come to share some. A newcomer gets of what is new, and the second place of shared items
 * that had only one annotator to go to.
 * @returns the given entries in their order, then the new ones in the order of `items`
 * @throws StudioError for no annotators, an overlap that is no share, or an item that is given out twice
 */
export function assign(request: AssignmentRequest): Assignment[] {
  check(request);
  const { given, items, overlap, seed } = request;
  const annotators = Array.from(new Set(request.annotators)).sort(byKey);
  const loads = new Loads();
  for (const { annotators: of } of given) {
    for (const [k, annotator] of of.entries()) loads.add(annotator, of.slice(0, k));
  }
  const deal = (entry: Assignment, random: () => number): Assignment => {
    const of = [...entry.annotators];
    const turn = permutation(annotators.length, random);
    const common = (annotator: string) => of.reduce((sum, other) => sum + loads.inCommon(annotator, other), 0);
    for (let missing = (entry.shared ? sharers : 1) - of.length; missing > 0; missing--) {
      const [next] = annotators
        .map((annotator, k) => ({
          annotator,
          load: loads.load(annotator),
          common: common(annotator),
          turn: turn[k] ?? 0,
        }))
        .filter(({ annotator }) => !of.includes(annotator))
        .sort((a, b) => a.load - b.load || a.common - b.common || a.turn - b.turn);
      if (!next) break;
      loads.add(next.annotator, of);
      of.push(next.annotator);
    }
    return { ...entry, annotators: of };
  };

  const kept = given.map((entry) => deal(entry, randomFrom(seed, 'given', entry.item)));
  const known = new Set(given.map(({ item }) => item));
  const fresh = Array.from(new Set(items)).filter((item) => !known.has(item));
  const drawn = fresh
    .map((item) => {
      const random = randomFrom(seed, 'item', item);
      return { item, place: random(), random };
    })
    .sort((a, b) => a.place - b.place || byKey(a.item, b.item));
  const toShare = Math.round(overlap * (given.length + fresh.length)) - given.filter(({ shared }) => shared).length;
  const dealt = new Map(
    drawn.map(({ item, random }, k) => [item, deal({ item, shared: k < toShare, annotators: [] }, random)]),
  );
  return [...kept, ...fresh.flatMap((item) => dealt.get(item) ?? [])];
}
