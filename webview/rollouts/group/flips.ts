/**
 * The value of one parameter at which a decision of a group changes, all others left as they are: the temporal test, the sign or
 * the rank of an answer's advantage, whether its length is paid. Worked out from the formulas, never searched for in steps.
 */
import {
  groupAdvantages,
  lengthWindow,
  type RewardParameters,
  sharesOf,
} from '../../../trainer/advantages/advantages.ts';
import type { RecordedScores } from '../../../trainer/advantages/recorded.ts';
import { flippingMu } from '../../../trainer/advantages/temporal-test.ts';
import { isFractional } from '../../../trainer/protocol/correctness.ts';
import type { RewardPart } from '../../../trainer/protocol/records.ts';
import { plain } from '../../ui/numbers.ts';
import type { WhatIfName } from './what-if.ts';

export interface Flip {
  /** Where it changes; null where no value changes a decision, or what changes is a choice. */
  readonly at: number | null;
  /** A few words, to stand beside the control. */
  readonly words: string;
}

export interface Asked {
  readonly scores: RecordedScores;
  readonly parameters: RewardParameters;
  /** Number of the ordered answer that is looked at, from 0; null where a shuffled one is. */
  readonly index: number | null;
}

const none = (words: string): Flip => ({ at: null, words });
const number = (value: number) => plain(Number(value.toFixed(3)));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const made = ({ scores, parameters }: Asked, changes: Partial<RewardParameters> = {}) =>
  groupAdvantages(scores.ordered, scores.shuffled, { ...parameters, ...changes });

export function flipOf(asked: Asked, name: WhatIfName): Flip {
  switch (name) {
    case 'mu':
      return ofMu(asked);
    case 'alpha':
      return ofWeight(asked, 'alpha', 'temporal');
    case 'omega':
      return ofWeight(asked, 'omega', 'length');
    case 'formatWeight':
      return ofWeight(asked, 'formatWeight', 'format');
    case 'temporalTest':
      return ofTest(asked);
    case 'temporalShare':
      return ofShare(asked);
    case 'correctThreshold':
      return ofThreshold(asked);
    case 'lengthMin':
    case 'lengthMax':
      return ofLength(asked, name);
    case 'creditWeight':
      return ofWeight(asked, 'creditWeight', 'credit');
    case 'creditLow':
    case 'creditHigh':
      return ofCredit(asked, name);
    case 'advantageScale':
    case 'stdDegrees':
      return none(made(asked).flat ? 'flat: changes nothing' : 'changes sizes, no sign');
  }
}

function ofMu({ scores, parameters }: Asked): Flip {
  const [ordered, shuffled] = [sharesOf(scores.ordered, parameters), sharesOf(scores.shuffled, parameters)];
  const flip = flippingMu(ordered, shuffled, parameters.temporalTest);
  if (flip) {
    const at = flip.fraction === null ? number(flip.at) : `${flip.fraction} = ${number(flip.at)}`;
    return { at: flip.at, words: `flips at ${at}` };
  }
  const [p, theirs] = [mean(ordered), mean(shuffled)];
  if (theirs === 0 && (p > 0 || parameters.temporalTest === '>=')) return none('p̃ is 0: holds at every μ');
  return none('p is 0: holds at no μ');
}

/** A reward is b + x c in each of the weights x, so an advantage is 0, and two are level, at one x each. */
function ofWeight(
  asked: Asked,
  name: 'alpha' | 'omega' | 'formatWeight' | 'creditWeight',
  part: RewardPart['name'],
): Flip {
  const bases = made(asked, { [name]: 0 }).ordered.map(({ total }) => total);
  const slopes = made(asked, { [name]: 1 }).ordered.map(
    ({ parts }) => parts.find((one) => one.name === part)?.value ?? 0,
  );
  if (slopes.every((slope) => slope === 0)) return none('pays nobody here');
  if (slopes.every((slope) => slope === slopes[0])) return none('pays all alike here');
  const now = asked.parameters[name];
  const [base, slope] = [mean(bases), mean(slopes)];
  const of = (values: readonly number[], i: number) => values[i] ?? 0;
  const signAt = (i: number) => (base - of(bases, i)) / (of(slopes, i) - slope);
  const levelAt = (i: number, j: number) => (of(bases, j) - of(bases, i)) / (of(slopes, i) - of(slopes, j));
  const others = bases.map((_, i) => i).filter((i) => i !== asked.index);
  const ways: Flip[][] = [others.map((i) => ({ at: signAt(i), words: `answer ${i + 1}’s sign flips` }))];
  if (asked.index !== null) {
    const own = asked.index;
    ways.unshift(
      [{ at: signAt(own), words: 'its sign flips' }],
      others.map((j) => ({ at: levelAt(own, j), words: `level with answer ${j + 1}` })),
    );
  }
  for (const flips of ways) {
    const [nearest] = flips
      .filter(({ at }) => at !== null && Number.isFinite(at) && at >= 0)
      .sort((a, b) => Math.abs((a.at ?? 0) - now) - Math.abs((b.at ?? 0) - now));
    if (nearest) return { at: nearest.at, words: `${nearest.words} at ${number(nearest.at ?? 0)}` };
  }
  return none('no sign flips at any value');
}

const passes = (asked: Asked, changes: Partial<RewardParameters> = {}) =>
  made(asked, changes).temporal?.passed === true;

function ofTest(asked: Asked): Flip {
  const other = asked.parameters.temporalTest === '>' ? '>=' : '>';
  const flips = passes(asked) !== passes(asked, { temporalTest: other });
  return none(flips ? `a tie: ${other === '>' ? '> fails' : '≥ passes'}` : 'no tie: both decide alike');
}

function ofShare(asked: Asked): Flip {
  const other = asked.parameters.temporalShare === 'correct' ? 'accuracy' : 'correct';
  const then = passes(asked, { temporalShare: other });
  if (passes(asked) === then) return none('both decide alike');
  return none(`by ${other === 'correct' ? 'right answers' : 'accuracy'} it ${then ? 'passes' : 'fails'}`);
}

/** Right and wrong change at the accuracies that there are, and nowhere between them. */
function ofThreshold(asked: Asked): Flip {
  const { scores, parameters, index } = asked;
  const accuracies = [...scores.ordered, ...scores.shuffled].map(({ accuracy }) => accuracy);
  const fractions = [...new Set(accuracies.filter(isFractional))].sort((a, b) => a - b);
  if (fractions.length === 0) return none('no answer is a fraction: changes nothing');
  const now = parameters.correctThreshold;
  const found: Flip[] = [];
  const test = passes(asked);
  const above = fractions.find((at) => at > now && passes(asked, { correctThreshold: at }) !== test);
  const below = fractions.findLast(
    (at, i) => at <= now && passes(asked, { correctThreshold: i === 0 ? 0 : (fractions[i - 1] as number) }) !== test,
  );
  if (above !== undefined) found.push({ at: above, words: `test flips from ${number(above)} on` });
  if (below !== undefined) found.push({ at: below, words: `test flips below ${number(below)}` });
  const own = index === null ? undefined : scores.ordered[index]?.accuracy;
  if (own !== undefined && isFractional(own))
    found.push({ at: own, words: own > now ? `wrong from ${number(own)} on` : `right below ${number(own)}` });
  const [nearest] = found.sort((a, b) => Math.abs((a.at ?? 0) - now) - Math.abs((b.at ?? 0) - now));
  return nearest ?? none('changes nothing of this answer');
}

function ofLength(asked: Asked, name: 'lengthMin' | 'lengthMax'): Flip {
  const { scores, parameters, index } = asked;
  const answer = index === null ? undefined : scores.ordered[index];
  if (answer === undefined) return none('not paid to shuffled answers');
  const { length } = answer;
  const open = { lengthAdaptation: 0, lengthMin: 0, lengthMax: Number.MAX_SAFE_INTEGER, omega: 1 };
  const part = made(asked, open).ordered[index ?? 0]?.parts.find((one) => one.name === 'length');
  if (part?.value !== 1) return none(part?.explanation.replace(/^.*?, but /, '') ?? '');
  if (parameters.omega === 0) return none('ω is 0: not paid');
  const share = mean(made(asked).ordered.map(({ correct }) => Number(correct)));
  const ends = (value: number) => lengthWindow({ ...parameters, [name]: value }, share);
  const { min, max } = ends(parameters[name]);
  if (name === 'lengthMin') {
    if (length > max) return none(`${length} tokens: above the window`);
    const scale = 1 + parameters.lengthAdaptation * (1 - 2 * share);
    if (scale <= 0) return none('the window begins at 0');
    let at = Math.floor((length + 0.5) / scale);
    while (ends(at).min > length) at--;
    while (ends(at + 1).min <= length) at++;
    return { at, words: `its ${length} are paid up to ${at}` };
  }
  if (length < min) return none(`${length} tokens: below the window`);
  const scale = 1 + parameters.lengthAdaptation * (1 - 2 * share);
  if (scale <= 0) return none('the window ends at 0');
  let at = Math.max(1, Math.ceil((length - 0.5) / scale));
  while (ends(at).max < length) at++;
  while (at > 1 && ends(at - 1).max >= length) at--;
  return { at, words: `its ${length} are paid from ${at} on` };
}

/** The credit of the answer that is looked at begins, or is full, where the parameter passes what order is worth to it. */
function ofCredit(asked: Asked, name: 'creditLow' | 'creditHigh'): Flip {
  const { scores, parameters, index } = asked;
  const credit = index === null ? undefined : scores.ordered[index]?.credit;
  if (typeof credit !== 'number') return none('not measured of this answer');
  if (made(asked).ordered[index ?? 0]?.correct !== true) return none('the answer is wrong');
  if (credit < 0) return none(`its ${number(credit)} nats earn nothing`);
  // Below where credit begins nothing is in full, wherever it would be.
  if (name === 'creditHigh' && credit < parameters.creditLow) return none(`its ${number(credit)} nats are below c_low`);
  const at = Number(credit.toFixed(3));
  return { at, words: name === 'creditLow' ? `its credit ends at ${number(at)}` : `in full up to ${number(at)}` };
}
