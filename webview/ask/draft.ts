/** What is changed before it is asked: the frames as they will be sent, the text as it is given, and all else. Computes only. */
import {
  type Ask,
  type AskedFrames,
  type Experiment,
  theSameAgain,
  type WeightsNamed,
} from '../../trainer/protocol/ask.ts';
import type { AskedOriginal } from '../../trainer/protocol/ask-words.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { seenOrder } from '../../trainer/protocol/seen-order.ts';
import { tokenSpans } from '../../trainer/protocol/token-spans.ts';

/** A frame in its place: dropped ones stay where they are until they are taken back. */
export interface StripFrame {
  readonly frame: number;
  readonly dropped: boolean;
}

export type DraftFrames =
  | { readonly kind: 'named'; readonly name: Extract<AskedFrames, string> }
  | { readonly kind: 'own'; readonly strip: readonly StripFrame[] }
  | { readonly kind: 'count'; readonly count: number };

export interface Draft {
  readonly frames: DraftFrames;
  /** The answer so far, from its start: what the model goes on from. */
  readonly given: string;
  readonly problem: string;
  readonly options: readonly string[];
  /** Null: as the options have it. */
  readonly solution: string | null;
  /** Name of a template's file in the project; empty for the run's own. */
  readonly template: string;
  readonly checkpoint: WeightsNamed | null;
  readonly also: readonly WeightsNamed[];
  /** As they are typed; empty: as the run has it, or a new seed. */
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly seed: string;
  readonly n: string;
}

/** The answer that is asked again, and what is known of it. */
export interface Original {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  /** Null until they are read, or where there are none. */
  readonly tokens: RolloutTokens | null;
}

export function untouched({ group }: Pick<Original, 'group'>): Draft {
  const { problem, options } = group.question;
  return {
    ...{ frames: { kind: 'named', name: 'as seen' }, given: '', problem, options, solution: null, template: '' },
    ...{ checkpoint: null, also: [], temperature: '', topP: '', maxTokens: '', seed: '', n: String(theSameAgain.n) },
  };
}

const seenBy = ({ group, rollout }: Pick<Original, 'group' | 'rollout'>): readonly number[] =>
  seenOrder(group.media, rollout.order);

export const originalOf = (runId: string, original: Pick<Original, 'group' | 'rollout'>): AskedOriginal => ({
  runId,
  seen: seenBy(original),
  question: original.group.question,
});

// ---- frames -----------------------------------------------------------------------------------------------------------

/** The strip as it is shown and can be changed. Of a number chosen anew there are no pictures yet. */
export function stripOf(frames: DraftFrames, original: Pick<Original, 'group' | 'rollout'>): readonly StripFrame[] {
  const seen = seenBy(original);
  const kept = (order: readonly number[]): StripFrame[] => order.map((frame) => ({ frame, dropped: false }));
  if (frames.kind === 'own') return frames.strip;
  if (frames.kind === 'count') return kept(seen);
  switch (frames.name) {
    case 'as seen':
      return kept(seen);
    case 'reversed':
      return kept([...seen].reverse());
    case 'shuffled':
      return kept(original.group.media.shuffledOrder ?? seen);
    case 'one': {
      const middle = Math.floor((seen.length - 1) / 2);
      return seen.map((frame, place) => ({ frame, dropped: place !== middle }));
    }
    case 'none':
      return seen.map((frame) => ({ frame, dropped: true }));
  }
}

/** The frame at a place goes to another. */
export function movedFrame(strip: readonly StripFrame[], from: number, to: number): DraftFrames {
  const moved = [...strip];
  const [frame] = moved.splice(from, 1);
  if (frame) moved.splice(Math.max(0, Math.min(strip.length - 1, to)), 0, frame);
  return own(moved);
}

/** The frame at a place is dropped, or taken back; the last one stays. */
export function droppedFrame(strip: readonly StripFrame[], at: number): DraftFrames {
  const left = strip.filter(({ dropped }) => !dropped).length;
  return own(strip.map((one, i) => (i === at && (one.dropped || left > 1) ? { ...one, dropped: !one.dropped } : one)));
}

const own = (strip: readonly StripFrame[]): DraftFrames => ({ kind: 'own', strip });

function framesAsked(frames: DraftFrames, original: Pick<Original, 'group' | 'rollout'>): AskedFrames {
  if (frames.kind === 'named') return frames.name;
  if (frames.kind === 'count') return { count: frames.count };
  const order = frames.strip.filter(({ dropped }) => !dropped).map(({ frame }) => frame);
  return JSON.stringify(order) === JSON.stringify(seenBy(original)) ? 'as seen' : { order };
}

// ---- the text ---------------------------------------------------------------------------------------------------------

/** How much of the original a given text keeps. */
export interface Cut {
  /** Tokens of the original, from its start; 0 where none are, or their ids were not kept. */
  readonly keep: number;
  /** Where in the original's text they end. */
  readonly end: number;
  /** What stands behind them. */
  readonly typed: string;
}

/** Whole tokens of the original as far as the given text is the same; the rest of it counts as typed. */
export function cutOf(given: string, { rollout, tokens }: Pick<Original, 'rollout' | 'tokens'>): Cut {
  let [keep, end] = [0, 0];
  if (tokens?.ids)
    for (const { span, tokens: numbers } of tokenSpans(rollout.text, tokens.pieces)) {
      // Special tokens in between, which the text leaves out, are not passed over.
      if (numbers[0] !== keep || !given.startsWith(rollout.text.slice(end, span.end), end)) break;
      keep = (numbers.at(-1) as number) + 1;
      end = span.end;
    }
  return { keep, end, typed: given.slice(end) };
}

/** Where in the original its text goes on that the given one leaves out. */
export function restFrom(given: string, original: Pick<Original, 'rollout' | 'tokens'>): number {
  const { text } = original.rollout;
  if (original.tokens?.ids) return cutOf(given, original).end;
  let same = 0;
  while (same < given.length && given[same] === text[same]) same++;
  return same;
}

// ---- the ask ----------------------------------------------------------------------------------------------------------

/** As the contract has it. Numbers that can't be read are left to its check. */
export function askOf(draft: Draft, original: Original): Ask {
  const { question } = original.group;
  const { keep, typed } = cutOf(draft.given, original);
  const number = (text: string) => (text.trim() === '' ? null : Number(text.replace(',', '.')));
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return {
    keep: keep === 0 ? null : keep,
    typed,
    frames: framesAsked(draft.frames, original),
    problem: draft.problem === question.problem ? null : draft.problem,
    options: isSame(draft.options, question.options) ? null : [...draft.options],
    solution: draft.solution,
    template: draft.template.trim() === '' ? null : { file: draft.template.trim() },
    checkpoint: draft.checkpoint,
    also: [...draft.also],
    temperature: number(draft.temperature),
    topP: number(draft.topP),
    maxTokens: number(draft.maxTokens),
    seed: number(draft.seed),
    n: number(draft.n) ?? theSameAgain.n,
  };
}

/** What was asked, to be changed further. @param given text that was given, kept and typed; wording that was no file is the run's own again */
export function draftOf({ ask, given }: Pick<Experiment, 'ask' | 'given'>, original: Pick<Original, 'group'>): Draft {
  const { frames, template } = ask;
  const { problem, options } = original.group.question;
  const text = (value: number | null) => (value === null ? '' : String(value));
  return {
    frames:
      typeof frames === 'string'
        ? { kind: 'named', name: frames }
        : 'order' in frames
          ? { kind: 'own', strip: frames.order.map((frame) => ({ frame, dropped: false })) }
          : { kind: 'count', count: frames.count },
    ...{ given, problem: ask.problem ?? problem, options: ask.options ?? options, solution: ask.solution },
    template: template && 'file' in template ? template.file : '',
    ...{ checkpoint: ask.checkpoint, also: ask.also },
    ...{ temperature: text(ask.temperature), topP: text(ask.topP), maxTokens: text(ask.maxTokens) },
    ...{ seed: text(ask.seed), n: String(ask.n) },
  };
}

export type DraftBlock = 'frames' | 'question' | 'sampling' | 'text';

/** Which blocks say something else than the original. */
export function changedBlocks(ask: Ask): ReadonlySet<DraftBlock> {
  const { frames, problem, options, solution, template, checkpoint, temperature, topP, maxTokens, keep, typed } = ask;
  const changed = new Set<DraftBlock>();
  if (frames !== 'as seen') changed.add('frames');
  if (problem !== null || options !== null || solution !== null || template !== null) changed.add('question');
  if (checkpoint !== null || temperature !== null || topP !== null || maxTokens !== null) changed.add('sampling');
  if (keep !== null || typed !== '') changed.add('text');
  return changed;
}
