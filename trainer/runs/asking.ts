/**
 * Asks questions of a run again with something changed, of the weights at hand, and keeps what comes of it. What ends an ask keeps the
 * answers that are whole. Nothing of it is an event: no group, curve, list, evaluation or export changes by it.
 */
import { hash32 } from '../data/random.ts';
import type { Frames } from '../engines/engine.ts';
import { shorten, tooLong } from '../learning/long-prompt.ts';
import {
  type Ask,
  type AskAbout,
  type AskCost,
  type AskedOf,
  askVersion,
  type Experiment,
  type ExperimentAnswer,
  type ExperimentPart,
  type ExperimentTokens,
  type RightWith,
  type WeightsNamed,
} from '../protocol/ask.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { answeredBy } from '../protocol/evidence.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { GroupWithRollouts, RolloutTokens } from '../protocol/records.ts';
import { isComputing } from '../protocol/run-state.ts';
import type { RunStore } from '../store/run-store.ts';
import type { MediaLoader } from '../video/load.ts';
import { AskUnderWay } from './ask-under-way.ts';
import { type AskedAbout, type AskedPrompt, type AskSources, askedPrompt, askFault, mostKept } from './asked-prompt.ts';
import { experimentAnswer, tokensOf } from './experiment-answer.ts';
import { worthOfAnswers } from './experiment-worth.ts';
import { orAborted } from './or-aborted.ts';
import { rightWithAsks, rightWithOf } from './right-with.ts';
import type { AskListener, AskOrder, AskService } from './service.ts';
import type { ChosenWeights, LendingRun, WeightsAtHand, WeightsDesk } from './weights-at-hand.ts';

/** A run whose questions are asked again. */
export interface AskedRun extends LendingRun {
  readonly store: RunStore;
}

export interface AskingSurroundings {
  readonly desk: WeightsDesk;
  /** @throws StudioError `not-found` */
  run(id: string): AskedRun;
  media(): Promise<MediaLoader>;
  frames(runId: string, key: string): Promise<Frames>;
}

/** Answers that are sampled together: of a run that goes on fewer, so that it soon has its turn. */
const answersPerPiece = { resting: 16, computing: 4 };

type Sampling = Experiment['sampling'] & { readonly topK: number };

interface WholeAnswer {
  readonly answer: ExperimentAnswer;
  readonly tokens: RolloutTokens;
}

interface Chosen {
  readonly run: AskedRun;
  readonly weights: ChosenWeights;
}

export class Asking implements AskService {
  private readonly around: AskingSurroundings;
  /** Milliseconds an answer, by runs, as the last ones went. */
  private readonly paces = new Map<string, number>();
  /** Whether engines go on from tokens, by the runs that started them last. */
  private readonly prefix = new Map<string, boolean>();

  constructor(around: AskingSurroundings) {
    this.around = around;
  }

  async cost(runId: string, about: AskAbout, ask: Ask): Promise<AskCost> {
    const run = this.around.run(runId);
    const asked = aboutOf(run.store, about);
    const lent = run.lend();
    const prefix = lent?.engine.capabilities.prefix ?? this.prefix.get(runId) ?? null;
    const most = asked.original && mostKept(asked.original.rollout, asked.original.tokens);
    const found = await Promise.allSettled(weightsOf(ask).map((named) => this.choose(run, asked.group, named)));
    const weights = found.map((one) => (one.status === 'fulfilled' ? ofChosen(one.value, run, asked.group) : null));
    const [first] = found;
    const refused = first?.status === 'rejected' ? asStudioError(first.reason) : null;
    const fault = refused ?? askFault(asked, ask) ?? (goesOn(ask) && prefix === false ? noPrefix() : null);
    const answers = ask.n * weights.length;
    const pace = this.paces.get(runId);
    return {
      ...{ weights, answers, prefix },
      ms: pace === undefined ? null : Math.round(pace * answers),
      waits: first?.status === 'fulfilled' && first.value.weights.kind === 'own' && isComputing(run.summary().state),
      cut: typeof most === 'string' ? most : null,
      refusal: fault?.toString() ?? null,
    };
  }

  async start(
    runId: string,
    { id, about, ask }: AskOrder,
    signal: AbortSignal,
    listener: AskListener,
  ): Promise<Experiment> {
    const run = this.around.run(runId);
    // What comes again under its id is answered with what became of it.
    const kept = run.store.heldExperiment(id);
    if (kept) return kept;
    const begun = { at: Date.now(), ms: performance.now() };
    const asked = aboutOf(run.store, about);
    const { parameters } = run.summary();
    const named = weightsOf(ask);
    // What the first can't be asked is not asked of the others.
    const first = await this.choose(run, asked.group, named[0] as WeightsNamed | null);
    const seed = ask.seed ?? hash32('ask', id);
    const prompt = await askedPrompt(asked, ask, seed, this.sources(run));
    const sampling = samplingOf(ask, asked.group, parameters);
    const work = new AskUnderWay(ask.n, named.length, this.paces.get(runId) ?? null, listener);
    const how = { prompt, sampling, seed, parameters, ask, group: asked.group, of: runId, work };
    const parts: (ExperimentPart & { tokens: RolloutTokens[] })[] = [];
    for (const [i, weights] of named.entries()) {
      if (signal.aborted) break;
      try {
        const chosen = i === 0 ? first : await this.choose(run, asked.group, weights);
        parts.push(await this.part(chosen, i, how, signal));
      } catch (thrown) {
        const fault = asStudioError(thrown);
        if (i === 0 || weights === null) throw fault;
        parts.push({ weights: { ...weights, same: false }, answers: [], without: fault.toString(), tokens: [] });
      }
    }
    if (parts.every(({ answers }) => answers.length === 0))
      throw new StudioError('cancelled', 'It was stopped before any answer was whole; nothing is kept.');
    const { rollout } = asked.original ?? {};
    return run.store.keepExperiment(
      {
        ...{ id, version: askVersion, at: begun.at, durationMs: Math.round(performance.now() - begun.ms), runId },
        ...{ groupId: asked.group.id, rolloutId: rollout?.id ?? null, ask, seed },
        ...{ question: prompt.question, shown: prompt.shown, given: prompt.given },
        sampling: { temperature: sampling.temperature, topP: sampling.topP, maxTokens: sampling.maxTokens },
        original: rollout ? { text: rollout.text, answer: rollout.answer, correct: rollout.correct } : null,
        parts: parts.map(({ tokens: _, ...part }) => part),
      },
      parts.map(({ tokens }) => tokens) satisfies ExperimentTokens,
    );
  }

  async weigh(runId: string, id: string, signal: AbortSignal): Promise<Experiment> {
    const run = this.around.run(runId);
    const { experiment, tokens } = run.store.experiment(id);
    const asked = stillThere(run.store, experiment);
    const sources = this.sources(run);
    const parts: ExperimentPart[] = [];
    for (const [i, part] of experiment.parts.entries()) {
      // Weights that gave none may not even be there.
      if (part.answers.length === 0) {
        parts.push(part);
        continue;
      }
      const { run: of, step } = part.weights;
      const own = this.around.run(of);
      const chosen = await this.around.desk.choose(own, step, true);
      const worths = await this.around.desk.use(own, chosen, signal, (at, gone) =>
        orAborted(
          gone,
          worthOfAnswers({ asked, experiment, answers: part.answers, tokens: tokens[i] ?? [], sources, at }),
        ),
      );
      const answers = part.answers.map((answer, k) => ({ ...answer, order: worths[k] ?? null }));
      parts.push({ ...part, answers });
    }
    const weighed = { ...experiment, parts };
    run.store.replaceExperiment(weighed);
    return weighed;
  }

  private sources(run: AskedRun): AskSources {
    const { id, parameters } = run.summary();
    return {
      ...{ plan: run.plan, parameters, media: this.around.media },
      frames: (key) => this.around.frames(id, key),
    };
  }

  rightWith(runId: string, groupId: string): RightWith {
    return rightWithOf(this.around.run(runId).store, groupId);
  }

  /** One after the other; what was asked before one fails is kept. */
  async startRightWith(runId: string, groupId: string, signal: AbortSignal, listener: AskListener): Promise<RightWith> {
    const { store } = this.around.run(runId);
    const asks = rightWithAsks(store.group(groupId));
    for (const [i, { id, ask }] of asks.entries()) {
      if (signal.aborted) break;
      await this.start(runId, { id, about: { groupId }, ask }, signal, {
        onAnswered: (_, answer) => listener.onAnswered(i, answer),
        onProgress: ({ done, total, leftMs, writing, doing }) =>
          listener.onProgress({
            ...{ doing, done: i * total + done, total: asks.length * total },
            leftMs:
              leftMs === null || done === 0
                ? null
                : leftMs + ((asks.length - 1 - i) * leftMs * total) / Math.max(1, total - done),
            writing: writing.map((one) => ({ ...one, part: i })),
          }),
      });
    }
    return rightWithOf(store, groupId);
  }

  remove(runId: string, id: string): void {
    this.around.run(runId).store.removeExperiment(id);
  }

  private async part(
    { run, weights: chosen }: Chosen,
    part: number,
    how: AskHow,
    signal: AbortSignal,
  ): Promise<ExperimentPart & { tokens: RolloutTokens[] }> {
    const { work, ask } = how;
    const computes = chosen.kind === 'own' && isComputing(run.summary().state);
    const together = computes ? answersPerPiece.computing : answersPerPiece.resting;
    const held = new Map<number, WholeAnswer>();
    const asker = this.around.run(how.of);
    let weights: AskedOf = ofChosen({ run, weights: chosen }, asker, how.group);
    let without: string | null = null;
    try {
      await this.around.desk.use(
        run,
        chosen,
        signal,
        async (at, gone) => {
          for (let from = 0; from < ask.n && !gone.aborted; from += together) {
            if (computes) work.doing(`waiting for a safe point of ${chosen.run}`);
            const indices = Array.from({ length: Math.min(together, ask.n - from) }, (_, i) => from + i);
            const keep = (index: number, whole: WholeAnswer) => void held.set(index, whole);
            await orAborted(gone, this.piece(at, part, indices, how, gone, keep));
            weights = { ...weights, step: at.step() };
          }
          gone.throwIfAborted();
        },
        (doing) => work.doing(doing),
      );
    } catch (thrown) {
      if (!signal.aborted && held.size === 0) throw thrown;
      without = signal.aborted ? 'It was stopped.' : asStudioError(thrown).toString();
    }
    const inOrder = [...held].sort(([a], [b]) => a - b).map(([, whole]) => whole);
    return {
      weights: { ...weights, same: weights.run === how.of && asker.store.hasAnswered(how.group, weights.step) },
      answers: inOrder.map(({ answer }) => answer),
      without,
      tokens: inOrder.map(({ tokens }) => tokens),
    };
  }

  private async piece(
    at: WeightsAtHand,
    part: number,
    indices: readonly number[],
    how: AskHow,
    gone: AbortSignal,
    keep: (index: number, whole: WholeAnswer) => void,
  ): Promise<void> {
    const { prompt, sampling, seed, work } = how;
    await at.piece(async ({ engine, model }) => {
      // It waited for its turn, and nobody waits for it any more.
      if (gone.aborted) return;
      const { prefix } = engine.capabilities;
      this.prefix.set(at.run, prefix);
      if (goesOn(how.ask) && !prefix) throw noPrefix();
      const long = await tooLong(engine, model, prompt.prompt, how.parameters.maxPromptTokens);
      if (long !== null) throw new StudioError('bad-request', long, { remedy: shorten });
      work.doing(null);
      const startedMs = performance.now();
      const request = { prompt: prompt.prompt, seeds: indices.map((index) => hash32(seed, index)) };
      const { temperature, topP, topK } = sampling;
      const options = { temperature, topP, topK, maxTokens: Math.max(1, sampling.maxTokens - prompt.keptTokens) };
      for await (const event of engine.sample(model, [request], options, gone)) {
        if (event.kind === 'progress') continue;
        const index = indices[event.index] as number;
        if (event.kind === 'delta') {
          work.wrote(part, index, event.text);
          continue;
        }
        if (gone.aborted || event.completion.stopReason === 'aborted') continue;
        const whole = { answer: experimentAnswer(index, event.completion, how), tokens: tokensOf(event.completion) };
        keep(index, whole);
        work.answered(part, whole.answer);
      }
      if (!gone.aborted) this.paces.set(how.of, (performance.now() - startedMs) / indices.length);
    });
  }

  private async choose(of: AskedRun, group: GroupWithRollouts, named: WeightsNamed | null): Promise<Chosen> {
    const run = named === null ? of : this.around.run(named.run);
    const step = named?.step ?? answeredBy(group);
    return { run, weights: await this.around.desk.choose(run, step, named !== null) };
  }
}

interface AskHow {
  readonly prompt: AskedPrompt;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly parameters: ParameterValues;
  readonly ask: Ask;
  readonly group: GroupWithRollouts;
  /** Id of the run that is asked about. */
  readonly of: string;
  readonly work: AskUnderWay;
}

/** Weights in the order in which they are asked; null for those that answered, or the nearest. */
const weightsOf = ({ checkpoint, also }: Ask): (WeightsNamed | null)[] => [checkpoint, ...also];

const goesOn = ({ keep, typed }: Ask): boolean => (keep ?? 0) > 0 || typed !== '';

function noPrefix(): StudioError {
  return new StudioError('bad-request', 'This engine takes no prefix: it can ask anew, not go on from a token.', {
    remedy: 'Change frames, question or sampling, and ask from the start.',
  });
}

/** @throws StudioError `not-found` */
export function aboutOf(store: RunStore, about: AskAbout): AskedAbout {
  if ('groupId' in about) return { group: store.group(about.groupId), original: null };
  const { rolloutId } = about;
  const { groupId } = store.findPlace({ rolloutId });
  const group = groupId === null ? null : store.group(groupId);
  const rollout = group?.rollouts.find(({ id }) => id === rolloutId);
  if (!group || !rollout) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
  return { group, original: { rollout, tokens: store.heldTokens(rolloutId) } };
}

/** The answer that an experiment was asked beside. @throws StudioError `conflict` where the run went back over it */
function stillThere(store: RunStore, { rolloutId, groupId, original }: Experiment): AskedAbout {
  const asked = aboutOf(store, rolloutId === null ? { groupId } : { rolloutId });
  if (original !== null && asked.original?.rollout.text !== original.text)
    throw new StudioError('conflict', 'It was asked beside an earlier answer, which the run went back over.', {
      remedy: 'Ask again beside the present one.',
    });
  return asked;
}

/** @param asker the run whose question it is */
function ofChosen({ weights: { run, step } }: Chosen, asker: AskedRun, group: GroupWithRollouts): AskedOf {
  return { run, step, same: run === asker.summary().id && asker.store.hasAnswered(group, step) };
}

/** As the run samples now, for questions of its evaluations as it evaluates, with what the ask says. */
function samplingOf(ask: Ask, { purpose }: GroupWithRollouts, p: ParameterValues): Sampling {
  const [temperature, topP] =
    purpose === 'evaluation' ? [p.evaluationTemperature, p.evaluationTopP] : [p.temperature, p.topP];
  return {
    temperature: ask.temperature ?? temperature,
    topP: ask.topP ?? topP,
    topK: purpose === 'evaluation' ? 0 : p.topK,
    maxTokens: ask.maxTokens ?? p.maxNewTokens,
  };
}
