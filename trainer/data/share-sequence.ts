/** Whose turn it is when several parties take turns by weight: as even as it can be, and known for any position at once. */
import { StudioError } from '../protocol/errors.ts';

/** Longest period: weights that need a longer one are written too finely to matter. */
const longestPeriod = 1_000_000;
const mostDecimals = 6;

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/**
 * Weights as whole numbers without a common divisor, in the same ratios exactly as their decimals say.
 * @throws StudioError `bad-run-file` where all are 0, or where the ratios need more than a million turns to come out
 */
export function wholeWeights(weights: readonly number[]): number[] {
  const remedy = 'Write weights with fewer digits, such as 3, 2 and 0.5; a weight of 0 leaves a source out.';
  const isWhole = (value: number) => Math.abs(value - Math.round(value)) <= 1e-9 * Math.max(1, value);
  let scale = 1;
  while (!weights.every((weight) => isWhole(weight * scale))) {
    scale *= 10;
    if (scale > 10 ** mostDecimals)
      throw new StudioError(
        'bad-run-file',
        `The weights ${weights.join(', ')} have more than ${mostDecimals} decimals.`,
        {
          place: 'sourceWeights',
          remedy,
        },
      );
  }
  const whole = weights.map((weight) => Math.round(weight * scale));
  const divisor = whole.reduce(greatestDivisor, 0);
  if (divisor === 0) throw new StudioError('bad-run-file', 'Every weight is 0.', { place: 'sourceWeights', remedy });
  const reduced = whole.map((weight) => weight / divisor);
  if (reduced.reduce((sum, weight) => sum + weight, 0) > longestPeriod)
    throw new StudioError('bad-run-file', `The ratios of the weights ${weights.join(', ')} are too fine.`, {
      place: 'sourceWeights',
      remedy,
    });
  return reduced;
}

/**
 * A sequence of parties that repeats after as many positions as the weights add up to. After any number of positions each
 * of k parties has had its share to within 1 - 1/(2k - 2) turns (Tijdeman, "The chairman assignment problem", 1980), so
 * any stretch has it to within less than 2, and to within 1 where there are two parties. A bound of 1 on every stretch
 * can't be had in general: no order of the weights 1, 2 and 8 keeps it.
 */
export class ShareSequence {
  private readonly weights: readonly number[];
  /** Of each position in the period: the party, and how many turns it had before. */
  private readonly parties: Uint16Array;
  private readonly ranks: Uint32Array;

  /** @param weights whole and positive, as `wholeWeights` gives them */
  constructor(weights: readonly number[]) {
    const period = weights.reduce((sum, weight) => sum + weight, 0);
    this.weights = weights;
    this.parties = new Uint16Array(period);
    this.ranks = new Uint32Array(period);
    const had = new Uint32Array(weights.length);
    const slack = Math.max(1, 2 * weights.length - 2);
    for (let turn = 1; turn <= period; turn++) {
      let chosen = -1;
      let nearest = Number.POSITIVE_INFINITY;
      for (let party = 0; party < weights.length; party++) {
        const weight = weights[party] as number;
        // Behind its share, in turns times the period; a party is due before it is more than its slack behind.
        const behind = weight * turn - (had[party] as number) * period;
        if (behind * slack < period) continue;
        const deadline = ((slack - 1) * period - slack * behind) / weight;
        if (deadline < nearest) {
          nearest = deadline;
          chosen = party;
        }
      }
      this.parties[turn - 1] = chosen;
      this.ranks[turn - 1] = had[chosen] as number;
      had[chosen] = (had[chosen] as number) + 1;
    }
  }

  /** @returns the party whose turn it is at a position, from 0, and how many turns it had before. */
  at(position: number): { party: number; rank: number } {
    const period = this.parties.length;
    const place = position % period;
    const party = this.parties[place] as number;
    return {
      party,
      rank: Math.floor(position / period) * (this.weights[party] as number) + (this.ranks[place] as number),
    };
  }
}
