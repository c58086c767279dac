/** Measures two sides in turn, so that a busy moment of the machine meets both, and gives the ratio of what they took. */
import { type BenchFigure, median, quantile } from './part.ts';

/** One measurement: milliseconds. Nothing else of the bench computes meanwhile. */
export type Side = () => Promise<number>;

/** The milliseconds of each side, round by round; the first `warmUps` rounds are run and not counted. */
export async function interleaved<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -warmUps; round < rounds; round++) {
    for (const name of names) {
      const ms = await sides[name]();
      if (round >= 0) taken[name].push(ms);
    }
  }
  return taken;
}

export interface RatioOf {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** What both did in one round, when the absolute figure is given for a part of it. */
  readonly tokens: number | null;
  /** Largest ratio that is wanted; null when none is set. */
  readonly atMost: number | null;
}

/** The median over rounds of ours / theirs, with the quartiles, both medians, and whether the target holds. */
export function ratioFigure({ name, ours, theirs, tokens, atMost }: RatioOf): BenchFigure {
  const ratios = ours.map((ms, round) => ms / (theirs[round] ?? Number.NaN));
  const ratio = median(ratios);
  const shown = (values: readonly number[]): string =>
    tokens === null ? `${median(values).toFixed(0)} ms` : `${((1000 * median(values)) / tokens).toFixed(1)} us/token`;
  const verdict = atMost === null ? '' : `; at most ${atMost}: ${ratio <= atMost ? 'reached' : 'not reached'}`;
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  return {
    name,
    value: ratio,
    unit: 'times',
    note: `ours ${shown(ours)}, PyTorch ${shown(theirs)}; half of ${ratios.length} rounds in ${low.toFixed(2)} to ${high.toFixed(2)}${verdict}`,
  };
}
