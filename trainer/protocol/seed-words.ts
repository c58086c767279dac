/** What a seed gives on the engine of a run, in words for people. */
import type { SeedsKind } from './engine.ts';
import type { EngineStatus, RunSummary } from './run-state.ts';

/** Of a run whose engine is not known yet, or that is older than this, what the embedded engine gives. */
export const seedsOf = ({ engine }: { readonly engine: EngineStatus | null }): SeedsKind =>
  engine?.capabilities?.seeds ?? 'exact';

/** What the same seed gives again, as a sentence. */
export const seedSentences: Readonly<Record<SeedsKind, string>> = {
  exact: 'The same seed gives the same answer, whatever else is in the batch.',
  'same batch': 'The same seed gives the same answer in the same batch; in another one it may come out otherwise.',
  'best effort': 'The same seed does not give the same answer: what is sampled again comes out otherwise.',
};

/** Beside a seed that can be typed. */
export const seedHints: Readonly<Record<SeedsKind, string>> = {
  exact: 'the same repeats',
  'same batch': 'the same repeats, with as many answers',
  'best effort': 'no seed repeats on this engine',
};

/** What becomes of steps that are made again with the same settings, as a sentence; null where they come out as they did. */
export function stepsAgain(seeds: SeedsKind): string | null {
  return seeds === 'best effort'
    ? 'Its engine samples otherwise each time, so steps that are made again come out otherwise.'
    : null;
}

/** What becomes of the open answers of a run that stands still while it samples, as a sentence; null where a pause changes none. */
export function openAnswersAgain(run: RunSummary): string | null {
  if (run.state !== 'paused' || run.memory !== 'held' || run.at.point !== 'sampling') return null;
  switch (seedsOf(run)) {
    case 'exact':
      return null;
    case 'same batch':
      return 'Answers that are not finished are written again when it goes on, in a smaller batch: they may come out otherwise than without the pause.';
    case 'best effort':
      return 'Answers that are not finished are written again when it goes on, and come out otherwise than without the pause.';
  }
}
