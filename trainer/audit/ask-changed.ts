/** Asks every question of some datasets as it is and with something taken away, and weighs what order is worth to the right answers. */
import type { LoadedQuestion } from '../data/questions.ts';
import { hash32 } from '../data/random.ts';
import type { Completion, Prompt, SampleRequest } from '../engines/engine.ts';
import { type QuestionWalk, questionFields, walkQuestions } from '../evaluation/question-walk.ts';
import { sampleAll } from '../evaluation/sample-all.ts';
import { orderWorthOf } from '../evidence/deltas.ts';
import type { AnsweredQuestion } from '../evidence/interventions/asked.ts';
import { changedPrompt, seenPrompt } from '../evidence/interventions/changed-prompt.ts';
import { planInterventions, usualShuffles } from '../evidence/interventions/plan.ts';
import { orderWeighing, weigh } from '../evidence/interventions/weigh.ts';
import { Interrupted } from '../learning/training.ts';
import type { AuditCue, AuditedLine, ChangedAnswer } from '../protocol/audit.ts';
import type { DataType } from '../protocol/dataset.ts';
import type { Intervention, InterventionKind } from '../protocol/evidence.ts';
import { parseCompletion } from '../reasoning/completion.ts';
import type { AuditFile } from './audit-file.ts';
import { rightness } from './right.ts';

export interface AuditSampling extends QuestionWalk<AuditedLine> {
  /** How answers are sampled, wording and seed come from its header. */
  readonly kept: AuditFile;
}

const askedKinds: readonly InterventionKind[] = ['no medium', 'blind', 'one frame', 'reversed', 'no question', 'order'];

/** Prompts that a question is asked with at most: a choice about a medium of this kind has all of them. */
export function promptsOf(dataType: DataType): number {
  const { interventions } = planInterventions(
    {
      question: { options: ['A', 'B'], problemType: 'multiple choice' },
      seen: dataType === 'video' ? [0, 1, 2] : null,
    },
    { kinds: askedKinds, shuffles: usualShuffles, seed: 0 },
  );
  return 1 + interventions.filter((one) => cueOf(one) !== null).length;
}

/** What an intervention takes away; null for one that is not asked: of one frame the middle one alone is. */
function cueOf(intervention: Intervention): AuditCue | null {
  switch (intervention.kind) {
    case 'no medium':
      return 'no video';
    case 'order':
      return 'any order';
    case 'one frame':
      return intervention.frame === 'middle' ? 'one frame' : null;
    case 'blind':
    case 'reversed':
    case 'no question':
      return intervention.kind;
    case 'pair':
    case 'options permuted':
    case 'no reasoning':
      return null;
  }
}

/** A prompt of a question: as it is, or with something taken away. */
interface AskedPrompt {
  readonly question: number;
  readonly cue: AuditCue | null;
  readonly prompt: Prompt;
}

/**
 * A line is a function of weights, settings, seed and row, as far as the engine's `seeds` hold: what was asked in the same batch or
 * sitting does not matter where they are exact.
 * @throws Interrupted when the signal ends it; what was finished is in the file. StudioError as the engine does
 */
export function askChanged(a: AuditSampling): Promise<void> {
  return walkQuestions(a, async (dataset, questions, onShare) => {
    const { template, sampling, shuffles } = a.kept.header;
    const seedOf = (row: number) => hash32(sampling.seed, row, 'audit');
    const answered = questions.map(
      ({ question, frames }): AnsweredQuestion => ({
        question,
        frames,
        seen: question.dataType === 'video' ? Array.from({ length: frames.count }, (_, i) => i) : null,
        template,
      }),
    );
    const prompts = answered.flatMap((one, i) => {
      const seed = seedOf(questions[i]?.question.row ?? 0);
      const { interventions } = planInterventions(one, { kinds: askedKinds, shuffles, seed });
      const changed = interventions.flatMap((intervention): AskedPrompt[] => {
        const cue = cueOf(intervention);
        return cue === null ? [] : [{ question: i, cue, prompt: changedPrompt(one, intervention) }];
      });
      return [{ question: i, cue: null, prompt: seenPrompt(one) }, ...changed];
    });
    const completions = await askAll(a, prompts, questions, seedOf, onShare);
    const orders = await worthsOf(a, answered, questions, completions, seedOf);
    return questions.map((loaded, i): AuditedLine => {
      const own = completions.filter(({ asked }) => asked.question === i);
      const answersTo = (cue: AuditCue | null): ChangedAnswer[][] =>
        own.filter(({ asked }) => asked.cue === cue).map(({ given }) => given.map((one) => answerOf(one, loaded)));
      const seen = own.find(({ asked }) => asked.cue === null)?.given ?? [];
      const taken = ['no video', 'blind', 'one frame', 'reversed', 'no question'] as const;
      return {
        outcome: 'audited',
        ...questionFields(dataset, loaded.question),
        options: loaded.question.problemType === 'multiple choice' ? loaded.question.options.length : 0,
        seen: seen.map((completion) => ({
          text: completion.text,
          ...answerOf(completion, loaded),
          order: orders.get(completion) ?? null,
        })),
        changed: Object.fromEntries(taken.flatMap((cue) => answersTo(cue).map((answers) => [cue, answers] as const))),
        shuffled: answersTo('any order'),
      };
    });
  });
}

const answerOf = ({ text }: Completion, { question }: LoadedQuestion): ChangedAnswer => rightness(text, question);

interface Given {
  readonly asked: AskedPrompt;
  readonly given: readonly Completion[];
}

async function askAll(
  a: AuditSampling,
  prompts: readonly AskedPrompt[],
  questions: readonly LoadedQuestion[],
  seedOf: (row: number) => number,
  onShare: (share: number) => void,
): Promise<Given[]> {
  const { sampling, samples } = a.kept.header;
  const first = prompts.map(({ question }, i) => i - prompts.findIndex((other) => other.question === question));
  const requests = prompts.map(
    ({ question, prompt }, i): SampleRequest => ({
      prompt,
      seeds: Array.from({ length: samples }, (_, k) =>
        hash32(seedOf(questions[question]?.question.row ?? 0), first[i] as number, k),
      ),
    }),
  );
  const { maxTokens, temperature, topP } = sampling;
  const { engine, model, signal } = a;
  const all = await sampleAll(requests, { engine, model, signal, onShare, options: { maxTokens, temperature, topP } });
  return prompts.map((asked, i) => ({ asked, given: all[i] as Completion[] }));
}

/** What order is worth to each right answer as seen; those without an order have no entry. */
async function worthsOf(
  a: AuditSampling,
  answered: readonly AnsweredQuestion[],
  questions: readonly LoadedQuestion[],
  completions: readonly Given[],
  seedOf: (row: number) => number,
): Promise<Map<Completion, { worth: number; error: number | null }>> {
  const right = completions.flatMap(({ asked, given }) => {
    const loaded = questions[asked.question] as LoadedQuestion;
    const isWeighed = asked.cue === null && loaded.question.dataType === 'video' && loaded.frames.count > 1;
    return isWeighed
      ? given.filter((one) => answerOf(one, loaded).correct).map((completion) => ({ asked, loaded, completion }))
      : [];
  });
  const orders = await Promise.all(
    right.map(({ asked, loaded, completion }) =>
      orderWeighing(
        a.engine,
        a.model,
        {
          ...(answered[asked.question] as AnsweredQuestion),
          rolloutId: String(loaded.question.row),
          text: completion.text,
          parsed: parseCompletion(completion.text),
          ids: completion.tokens,
          pieces: completion.pieces,
          recorded: Array.from(completion.logprobs),
        },
        {
          kinds: ['order'],
          shuffles: a.kept.header.shuffles,
          seed: seedOf(loaded.question.row),
          commitment: false,
        },
      ),
    ),
  );
  const weighed = orders.length === 0 ? [] : await weigh(a.engine, a.model, orders);
  if (a.signal.aborted) throw new Interrupted();
  return new Map(
    weighed.flatMap((weighing, i) => {
      const order = orderWorthOf(weighing);
      const completion = right[i]?.completion;
      return order === null || completion === undefined
        ? []
        : [[completion, { worth: order.worth, error: order.error }] as const];
    }),
  );
}
