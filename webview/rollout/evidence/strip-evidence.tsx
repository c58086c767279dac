/** What the strip of frames says of evidence: the line above it, the bars under it, and which places are outlined. */
import type { JSX } from 'preact';
import { nats } from '../../../trainer/evidence/verdict.ts';
import { framesPerPair } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { fixed } from '../../ui/numbers.ts';
import { type AnswerEvidence, type EvidenceWord, standsOn, wordsOn } from './answer-evidence.ts';
import type { Picked } from './evidence-model.ts';
import { PairBars } from './pair-bars.tsx';
import { framesOf, probabilityOf, signedNats } from './word-marks.ts';

export interface StripEvidence {
  readonly line: JSX.Element;
  readonly bars: JSX.Element;
  /** Places of the strip whose pair is outlined. */
  readonly lit: ReadonlySet<number>;
}

const mostNamed = 3;

/** Null where no pairs were weighed. @param frames of the video */
export function stripEvidence(
  evidence: AnswerEvidence | null,
  picked: Picked | null,
  frames: number,
  onPair: (pair: number) => void,
): StripEvidence | null {
  if (evidence === null || evidence.pairs.length === 0) return null;
  const word =
    picked?.kind === 'word' ? (evidence.words.find(({ span }) => span.start === picked.start) ?? null) : null;
  const pair = picked?.kind === 'pair' ? picked.pair : null;
  const litPairs = word ? standsOn(word) : pair === null ? [] : [pair];
  const lit = new Set(
    litPairs.flatMap((one) => Array.from({ length: framesPerPair }, (_, i) => one * framesPerPair + i)),
  );
  return {
    line: word ? (
      <OfWord {...{ word, evidence }} />
    ) : pair === null ? (
      <OfAnswer />
    ) : (
      <OfPair {...{ pair, evidence, frames }} />
    ),
    bars: (
      <PairBars
        pairs={word?.pairs ?? evidence.pairs}
        {...{ frames }}
        lit={litPairs}
        picked={pair}
        of={word ? `“${shownLine(word.text, 30)}”` : 'the answer'}
        onPick={onPair}
      />
    ),
    lit,
  };
}

function OfAnswer() {
  return (
    <>
      <span class="cut">
        <FormulaLabel name="pairDelta">
          bars: what the answer stands on, nats lost when the pair is replaced by its neighbour
        </FormulaLabel>
      </span>
      <span class="grow" />
    </>
  );
}

function OfWord({ word, evidence }: { word: EvidenceWord; evidence: AnswerEvidence }) {
  return (
    <>
      <span class="cut">
        <b class="strong model-text">“{shownLine(word.text, 30)}”</b>{' '}
        <FormulaLabel name="pairDelta">stands on: nats lost when the pair is replaced by its neighbour</FormulaLabel>
      </span>
      <span class="grow" />
      <span>
        {word.order && <FormulaLabel name="orderWorth">order {signedNats(word.order.worth)}</FormulaLabel>}
        {word.order && ', '}p {fixed(probabilityOf(word, evidence), 2)}
      </span>
    </>
  );
}

function OfPair({ pair, evidence, frames }: { pair: number; evidence: AnswerEvidence; frames: number }) {
  const on = wordsOn(evidence.words, pair).slice(0, mostNamed);
  const isOne = !framesOf(pair, frames).includes(',');
  return (
    <>
      <span class="cut">
        {isOne ? 'frame' : 'frames'} <b class="strong">{framesOf(pair, frames)}</b>
        {on.length === 0
          ? `: no word loses more than 0.1 nats when ${isOne ? 'it is' : 'they are'} replaced`
          : `: words that lose most when ${isOne ? 'it is' : 'they are'} replaced`}
      </span>
      <span class="grow" />
      <span class="cut">
        {on.map((word, i) => (
          <span key={word.span.start}>
            {i > 0 && ', '}
            <span class="model-text">{shownLine(word.text, 30)}</span> {nats(word.pairs[pair] ?? 0)}
          </span>
        ))}
      </span>
    </>
  );
}
