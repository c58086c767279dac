/** Words as the text marks them: how much each stood on order, on frames, or on the frame pair that is picked. */
import { nats } from '../../../trainer/evidence/verdict.ts';
import { framesPerPair } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { fixed, signed } from '../../ui/numbers.ts';
import type { MarkedWord } from '../completion-pieces.ts';
import { isEvidence, type ShadeName } from '../shades.ts';
import { type AnswerEvidence, type EvidenceWord, evidenceStep, isHeavy, standsOn, worthOf } from './answer-evidence.ts';
import type { Picked } from './evidence-model.ts';

/** `7, 8`: the frames of a pair, from 1. @param frames of the video; the last pair of an odd number is one frame twice */
export function framesOf(pair: number, frames: number): string {
  const first = pair * framesPerPair;
  return Array.from({ length: Math.min(framesPerPair, frames - first) }, (_, i) => first + i + 1).join(', ');
}

/** Probability of a word: the product over its tokens. */
export const probabilityOf = ({ tokens }: EvidenceWord, { weighing }: AnswerEvidence): number =>
  Math.exp(tokens.reduce((sum, token) => sum + (weighing.seen[token] ?? 0), 0));

/** `+2.9`, of nats. */
export const signedNats = (value: number): string => (value >= 0.05 ? `+${nats(value)}` : nats(value));

/** The numbers of a word in one line. @param frames of the video */
export function wordLine(word: EvidenceWord, evidence: AnswerEvidence, frames: number): string {
  const { order, pairs } = word;
  const stands = standsOn(word).map((pair) => `frames ${framesOf(pair, frames)} ${signed(pairs[pair] ?? 0, 1)}`);
  const parts = [
    ...(order === null
      ? []
      : [`order ${signedNats(order.worth)}${order.error === null ? '' : ` ± ${nats(order.error)}`} nats`]),
    ...stands,
    `p ${fixed(probabilityOf(word, evidence), 2)}`,
  ];
  return `${shownLine(word.text, 60)}: ${parts.join(', ')}`;
}

/** None where the text shows nothing of the evidence. */
export function wordMarks(
  evidence: AnswerEvidence,
  shade: ShadeName,
  picked: Picked | null,
  frames: number,
): readonly MarkedWord[] {
  if (!isEvidence(shade) && picked === null) return [];
  return evidence.words.map((word): MarkedWord => {
    const marked = {
      span: word.span,
      isPicked: picked?.kind === 'word' && picked.start === word.span.start,
      isHeavy: isEvidence(shade) && isHeavy(word, shade),
      said: wordLine(word, evidence, frames),
    };
    if (!isEvidence(shade)) return { ...marked, step: 0, hue: 'order' };
    if (picked?.kind === 'pair') {
      const step = standsOn(word).includes(picked.pair) ? evidenceStep(word.pairs[picked.pair] ?? 0) : 0;
      return { ...marked, step, hue: 'frames' };
    }
    const worth = worthOf(word, shade) ?? 0;
    if (shade === 'order' && worth < 0) return { ...marked, step: evidenceStep(-worth), hue: 'against' };
    return { ...marked, step: evidenceStep(worth), hue: shade };
  });
}
