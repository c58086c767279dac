/** Accuracy on the questions of another dataset than is trained on, with ordered frames and, for videos, with shuffled ones. */
import type { Leak } from '../data/leak.ts';
import type { QuestionLoader } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import type { SampledGroup } from '../learning/groups.ts';
import { alternativesOf, sampleGroups } from '../learning/sampling.ts';
import { emptyMetrics, mean } from '../learning/training.ts';
import type { EvaluationArm } from '../protocol/evaluation-arms.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Evaluation, EvaluationSlice } from '../protocol/records.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import { ArmsBesides } from './arms-besides.ts';

export interface RunEvaluation {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly questions: QuestionLoader;
  readonly template: PromptTemplate;
  readonly parameters: ParameterValues;
  /** Fixes the shuffles; the same for every evaluation of a run, so that they compare. */
  readonly seed: number;
  readonly step: number;
  readonly id: string;
  /** What the questions share with those that are trained on. */
  readonly leak: Leak | null;
  /** What is asked besides; absent for nothing. */
  readonly arms?: readonly EvaluationArm[];
  readonly signal: AbortSignal;
  onGroups(groups: readonly SampledGroup[]): Promise<void>;
  /** Between two batches; returns the milliseconds that it took, which are none of the evaluation's. @throws Interrupted */
  between(): Promise<number>;
  onProgress(progress: EvaluationProgress): void;
}

export interface EvaluationProgress {
  /** Questions; a fraction while a batch is being answered. */
  readonly done: number;
  readonly total: number;
  /** Without what was held. */
  readonly elapsedMs: number;
  /** What is under way besides answering. */
  readonly part: 'decoding' | null;
}

const batchQuestions = 32;

/** Rows of an evaluation: all, or `wanted` of them spread evenly over the file. */
function evaluationRows(count: number, wanted: number): number[] {
  if (wanted === 0 || wanted >= count) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: wanted }, (_, i) => Math.floor((i * count) / wanted));
}

/** @throws Interrupted when the signal ends it. */
export async function evaluate(e: RunEvaluation): Promise<Evaluation> {
  const started = performance.now();
  let heldMs = 0;
  const p = e.parameters;
  const rows = evaluationRows(e.questions.dataset.count, p.evaluationQuestions);
  const answers: Answer[] = [];
  const besides = new ArmsBesides(e);
  let skipped = 0;
  for (let from = 0; from < rows.length; from += batchQuestions) {
    const batch = rows.slice(from, from + batchQuestions);
    if (from > 0) heldMs += await e.between();
    const tell = (done: number, part: EvaluationProgress['part']) =>
      e.onProgress({ done: from + done, total: rows.length, elapsedMs: performance.now() - started - heldMs, part });
    tell(0, 'decoding');
    const readable = await e.questions.loadReadable(batch);
    skipped += batch.length - readable.length;
    if (readable.length === 0) continue;
    const groups = await sampleGroups(
      readable,
      {
        engine: e.engine,
        model: e.model,
        template: e.template,
        parameters: p,
        seed: e.seed,
        step: from,
        purpose: 'evaluation',
        prefix: `${e.id}-${from}`,
        ordered: 1,
        shuffled: 1,
        sampling: {
          maxTokens: p.maxNewTokens,
          temperature: p.evaluationTemperature,
          topP: p.evaluationTopP,
          alternatives: alternativesOf(e.engine, p),
        },
        signal: e.signal,
        onSampling: ({ done, total }) => tell((batch.length * done) / total / (1 + besides.parts), null),
      },
      emptyMetrics(e.step, 0).durations,
    );
    const arms = await besides.ask(readable, groups, (share) =>
      tell((batch.length * (1 + share * besides.parts)) / (1 + besides.parts), null),
    );
    const labelled = groups.map((sampled, i) => {
      const group = atStep(sampled.group, e.step);
      return { ...sampled, group: arms === null ? group : { ...group, arms: arms[i] ?? {} } };
    });
    await e.onGroups(labelled);
    answers.push(...labelled.map(answerOf));
  }
  const needsOrder = answers.filter((answer) => answer.needsOrder);
  return {
    id: e.id,
    step: e.step,
    at: Date.now(),
    dataset: e.questions.datasetName,
    all: slice('all', answers),
    needsOrder: needsOrder.length > 0 ? slice('needs the order of frames', needsOrder) : null,
    byType: slices(answers, (answer) => answer.type),
    byFamily: slices(answers, (answer) => answer.family),
    skipped,
    ...(e.leak && { trainedOn: { count: e.leak.rows, media: e.leak.sameMedium, questions: e.leak.sameQuestion } }),
    ...besides.results(),
    durationMs: performance.now() - started - heldMs,
  };
}

interface Answer {
  readonly type: string;
  readonly family: string;
  readonly needsOrder: boolean;
  readonly ordered: number;
  readonly shuffled: number | null;
}

/** Shuffles are drawn by place in the file, so that every evaluation shows the same ones; the groups belong to this step. */
function atStep(group: SampledGroup['group'], step: number): SampledGroup['group'] {
  return { ...group, step, rollouts: group.rollouts.map((rollout) => ({ ...rollout, step })) };
}

function answerOf({ group }: SampledGroup): Answer {
  const accuracy = (order: string) =>
    mean(group.rollouts.filter((rollout) => rollout.order === order).map((rollout) => rollout.accuracy));
  return {
    type: group.question.problemType,
    family: group.question.family ?? group.question.source,
    needsOrder: group.question.needsOrder === true,
    ordered: accuracy('ordered') ?? 0,
    shuffled: accuracy('shuffled'),
  };
}

function slice(name: string, answers: readonly Answer[]): EvaluationSlice {
  const both = answers.filter(({ shuffled }) => shuffled !== null);
  const ordered = mean(both.map((answer) => answer.ordered));
  return {
    name,
    count: answers.length,
    ordered: mean(answers.map((answer) => answer.ordered)) ?? 0,
    shuffled: mean(both.map((answer) => answer.shuffled ?? 0)),
    alsoShuffled: ordered === null ? null : { count: both.length, ordered },
  };
}

function slices(answers: readonly Answer[], nameOf: (answer: Answer) => string): EvaluationSlice[] {
  const names = [...new Set(answers.map(nameOf))].sort();
  return names.map((name) =>
    slice(
      name,
      answers.filter((answer) => nameOf(answer) === name),
    ),
  );
}
