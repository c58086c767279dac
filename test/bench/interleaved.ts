/** Measures two sides in turn, so that a busy moment of the machine meets both, and gives the ratio of what they took. */
import { type BenchFigure, median, quantile } from './part.ts';

export interface Measured {
  readonly ms: number;
  /** Processor time of all threads: what the work costs however busy the machine is; not a number where it is not known. */
  readonly cpuMs: number;
}

/** One measurement. Nothing else of the bench computes meanwhile. */
export type Side = () => Promise<Measured>;

/** Measures work in this process. */
export async function measured(work: () => Promise<unknown>): Promise<Measured> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
}

/** What each side took, round by round; the first `warmUps` rounds are run and not counted. */
export async function interleaved<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<Record<Name, Measured[]>> {
  const names = Object.keys(sides) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, [] as Measured[]])) as Record<Name, Measured[]>;
  for (let round = -warmUps; round < rounds; round++) {
    for (const name of names) {
      const one = await sides[name]();
      if (round >= 0) taken[name].push(one);
    }
  }
  return taken;
}

export interface RatioOf {
  readonly name: string;
  /** Whose the others are; absent: PyTorch. */
  readonly peer?: string;
  readonly ours: readonly Measured[];
  readonly theirs: readonly Measured[];
  /** What both did in one round, when the absolute figure is given for a part of it. */
  readonly tokens: number | null;
  /** Largest ratio that is wanted; null when none is set. */
  readonly atMost: number | null;
}

/** The median over rounds of ours / theirs, with the quartiles, both medians, and whether the target holds. */
export function ratioFigure({ name, peer = 'PyTorch', ours, theirs, tokens, atMost }: RatioOf): BenchFigure {
  const ratiosOf = (key: keyof Measured): number[] =>
    ours.map((one, round) => one[key] / (theirs[round]?.[key] ?? Number.NaN));
  const ratios = ratiosOf('ms');
  const ratio = median(ratios);
  const shown = (side: readonly Measured[]): string => {
    const ms = median(side.map((one) => one.ms));
    return tokens === null ? `${ms.toFixed(0)} ms` : `${((1000 * ms) / tokens).toFixed(1)} us/token`;
  };
  const verdict = atMost === null ? '' : `; at most ${atMost}: ${ratio <= atMost ? 'reached' : 'not reached'}`;
  const cpu = median(ratiosOf('cpuMs'));
  const processor = Number.isNaN(cpu) ? '' : `; processor time ${cpu.toFixed(2)} times`;
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  return {
    name,
    value: ratio,
    unit: 'times',
    note: `ours ${shown(ours)}, ${peer} ${shown(theirs)}; half of ${ratios.length} rounds in ${low.toFixed(2)} to ${high.toFixed(2)}${processor}${verdict}`,
  };
}
