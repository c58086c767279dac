/** What a run computes with while it is in memory: questions, engine and models, opened and closed whole. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Dataset, openDataset } from '../data/dataset.ts';
import { isSplit } from '../data/forms/dataset-parts.ts';
import { type Leak, leakBetween } from '../data/leak.ts';
import { QuestionOrder, type SourceWeights } from '../data/mixing.ts';
import { QuestionLoader } from '../data/questions.ts';
import type { CreateEngine, Engine, ModelHandle, ModelOrigin } from '../engines/engine.ts';
import { folderConfig, requireRoom, workOf } from '../engines/memory.ts';
import { requireOfEngine } from '../engines/needs.ts';
import { requireReversedOf } from '../evaluation/sample-arms.ts';
import { longPrompt } from '../learning/long-prompt.ts';
import { StudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Question } from '../protocol/records.ts';
import type { ModelSource } from '../protocol/runfile.ts';
import { questionText, solutionText } from '../reasoning/prompt.ts';
import { type PromptTemplate, readTemplate } from '../reasoning/template.ts';
import { frameLimits } from '../video/choose.ts';
import type { MediaLoader } from '../video/load.ts';
import type { OpenedFiles } from './before-start.ts';
import { checkpointFolder, readWhole, removeLeftovers, type WholeCheckpoint } from './checkpoints.ts';
import type { RunPlan } from './plan.ts';
import { liesOutside } from './project-paths.ts';

export interface WorkbenchOrder {
  readonly plan: RunPlan;
  /** The run's, in which its checkpoints lie. */
  readonly folder: string;
  readonly parameters: ParameterValues;
  /** In place of the plan's; absent where nobody gave others. */
  readonly sourceWeights?: SourceWeights | null | undefined;
  /** The weights to go on from; null begins. */
  readonly checkpoint: WholeCheckpoint | null;
  /** Opened once per trainer; throws `ffmpeg-missing` where there is none. */
  media(): Promise<MediaLoader>;
  readonly createEngine: CreateEngine;
  /** Folder of the checkpoint that a source names. @throws StudioError `not-found` */
  checkpointOf(source: Exclude<ModelSource, { size: unknown }>): Promise<string>;
  /** Folders that links among the media of every run may lead into, beside those of the plan. */
  readonly allowedRoots: readonly string[];
  /** A question whose media can't be read. */
  onSkipped(question: Question, fault: StudioError): void;
  warn(message: string): void;
  /** What has begun, for people; `isSame` for more of what was told last. */
  tell(doing: string, isSame?: boolean): void;
  /** Is shown the run's files before a model is loaded; what it throws ends the opening. */
  beforeModel?(files: OpenedFiles): Promise<void>;
}

export interface Workbench {
  readonly engine: Engine;
  readonly policy: ModelHandle;
  /** Frozen weights of the run's start, for the KL term; null for SFT, which has none. */
  readonly reference: ModelHandle | null;
  readonly template: PromptTemplate;
  readonly questions: QuestionLoader;
  readonly order: QuestionOrder;
  /** The dataset, and those of its rows that are trained on, whatever people say of them. */
  readonly trained: { readonly dataset: Dataset; readonly rows: readonly number[] };
  /** Questions to be evaluated on. */
  readonly unseen: QuestionLoader | null;
  /** What they share with those that are trained on; null without any. Read through once. */
  leak(signal: AbortSignal): Promise<Leak | null>;
  /** Where the checkpoint stands; null where the run begins. */
  readonly reached: { readonly step: number; readonly position: number } | null;
  close(): Promise<void>;
}

/** @throws StudioError of whatever part can't be opened; then nothing stays open */
export async function openWorkbench(order: WorkbenchOrder): Promise<Workbench> {
  const held: { dispose(): unknown }[] = [];
  const close = async (): Promise<void> => {
    for (const resource of held.splice(0).reverse()) await resource.dispose();
  };
  try {
    const parts = await open(order, (resource) => {
      held.push(resource);
      return resource;
    });
    return { ...parts, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** @param hold is told of everything that must be disposed of at the end */
async function open(
  { plan, folder, parameters, checkpoint, ...order }: WorkbenchOrder,
  hold: <T extends { dispose(): unknown }>(resource: T) => T,
): Promise<Omit<Workbench, 'close'>> {
  const media = await order.media();
  const limits = frameLimits(parameters);
  const { paths } = plan;
  const roots = [...plan.allowedRoots, ...order.allowedRoots];
  const opened = async (file: string): Promise<Dataset> => {
    requireThere(plan, file);
    const dataset = hold(await openAndTell(file, roots, order.tell));
    warnOfFaults(dataset, (message) => order.warn(paths.inText(message)));
    return dataset;
  };
  const dataset = await opened(plan.dataset);
  const rows = plan.method === 'sft' ? rowsWithReasoning(dataset, order.warn) : allRows(dataset);
  const unseen = plan.evaluationDataset ? await opened(plan.evaluationDataset) : null;
  if (unseen && parameters.evaluationReversed) requireReversedOf(unseen);
  let found: Leak | null = null;
  const leak = async (signal: AbortSignal) => {
    if (unseen) found ??= await leakBetween(dataset, rows, unseen, signal);
    return found;
  };
  if (plan.promptTemplate !== null) requireThere(plan, plan.promptTemplate);
  const template = await readTemplate(plan.promptTemplate ?? undefined);
  const questionOrder = new QuestionOrder(
    rows.map((row) => ({ row, isImage: dataset.dataType(row) === 'image', source: dataset.source(row) })),
    plan.seed,
    order.sourceWeights === undefined ? plan.sourceWeights : order.sourceWeights,
  );

  await order.beforeModel?.({ dataset, rows, leak });

  await requireMemory(plan, parameters, checkpoint?.folder ?? null, order.checkpointOf);
  order.tell('starting the engine');
  await removeLeftovers(folder);
  const engine = hold(await order.createEngine(plan.engine));
  const shown = [...rows.map((row) => dataset.dataType(row)), ...(unseen?.dataTypes() ?? [])];
  requireOfEngine(engine, { chunks: [...new Set(shown)], training: { method: plan.method, parameters } }, plan.runFile);
  const origin = () => originOf(plan, dataset, template, order.checkpointOf);
  order.tell(checkpoint || !('size' in plan.model) ? 'opening the model' : 'making a new model and its tokenizer');
  const policy = await engine.createModel(
    checkpoint ? { kind: 'folder', folder: checkpoint.folder, optimizer: checkpoint.state.step > 0 } : await origin(),
    'policy',
  );
  const unfit = longPrompt(engine, policy, template, parameters.maxPromptTokens);
  const loaderOf = (of: Dataset) =>
    new QuestionLoader(of, media, limits, order.onSkipped, unfit, paths.record(of.file));
  const reached = checkpoint && { step: checkpoint.state.step, position: checkpoint.state.position };
  return {
    engine,
    policy,
    reference:
      plan.method === 'sft'
        ? null
        : await referenceOf({ engine, policy, folder, origin, warn: order.warn }, reached?.step ?? 0),
    template,
    questions: loaderOf(dataset),
    order: questionOrder,
    trained: { dataset, rows },
    unseen: unseen && loaderOf(unseen),
    leak,
    reached,
  };
}

/** Whether what is large fits, before an engine is started for it. A new model is small. @throws StudioError `engine-failed` */
async function requireMemory(
  { engine: settings, method, model, runFile }: RunPlan,
  parameters: ParameterValues,
  reached: string | null,
  checkpointOf: WorkbenchOrder['checkpointOf'],
): Promise<void> {
  if (settings.name !== 'verl') return;
  const folder = reached ?? ('size' in model ? null : await checkpointOf(model));
  if (folder === null) return;
  const asked = { config: await folderConfig(folder), settings, work: workOf(method, parameters) };
  await requireRoom(asked, runFile, new AbortController().signal);
}

/** @throws StudioError `not-found` with what to do about a file that has moved */
function requireThere({ paths }: RunPlan, file: string): void {
  if (existsSync(file) || isSplit(file)) return;
  const recorded = paths.record(file);
  const where = liesOutside(recorded) ? 'It lies outside the project' : 'It belongs to the project';
  throw new StudioError('not-found', `${where} and is not there.`, {
    place: file,
    remedy: `Put it back, or say where it lies now: video-r1 run --resume RUN --folder ${paths.project} --map ${recorded}=NEW`,
  });
}

function openAndTell(file: string, allowedRoots: readonly string[], tell: WorkbenchOrder['tell']): Promise<Dataset> {
  const count = (rows: number) => Math.round(rows).toLocaleString('en-US');
  const what = `reading the dataset ${path.basename(file)}`;
  tell(what);
  const onProgress = (rows: number, share: number) =>
    tell(`${what}: ${count(rows)}${share < 1 ? ` of about ${count(rows / share)}` : ''} rows`, true);
  return openDataset(file, undefined, { allowedRoots, onProgress });
}

interface ReferenceOf {
  readonly engine: Engine;
  readonly policy: ModelHandle;
  readonly folder: string;
  /** The weights that the run began with. @throws StudioError where they are not there any more */
  origin(): Promise<ModelOrigin>;
  warn(message: string): void;
}

/**
 * The KL reference is the start of the run, also after a resume: its first checkpoint is kept for that. Where that was taken
 * away, the weights are taken once more from where the run took them.
 */
async function referenceOf(
  { engine, policy, folder, origin, warn }: ReferenceOf,
  reached: number,
): Promise<ModelHandle> {
  if (reached === 0) return engine.createModel({ kind: 'copy', of: policy }, 'reference');
  const start = checkpointFolder(folder, 0);
  const read = await readWhole(start, 0);
  if (typeof read !== 'string')
    return engine.createModel({ kind: 'folder', folder: start, optimizer: false }, 'reference');
  const from = await origin();
  warn(
    `The checkpoint of step 0, from which the KL term is reckoned, can't be used: ${read}. The weights are taken again from ${'folder' in from ? from.folder : 'the seed'}; where they are others by now, the KL term is another one.`,
  );
  return engine.createModel(from, 'reference');
}

async function originOf(
  plan: RunPlan,
  dataset: Dataset,
  template: PromptTemplate,
  checkpointOf: WorkbenchOrder['checkpointOf'],
): Promise<ModelOrigin> {
  const source = plan.model;
  if (!('size' in source)) {
    const tokenizer = 'checkpoint' in source ? source.tokenizer : undefined;
    return {
      ...{ kind: 'folder', folder: await checkpointOf(source), optimizer: false },
      ...(tokenizer !== undefined && { tokenizer }),
    };
  }
  // What the model will read and write, so that the words that every prompt has become single tokens.
  const texts: string[] = [];
  for (let row = 0; row < Math.min(dataset.count, 20_000); row++) {
    const question = dataset.question(row);
    const answer = solutionText(dataset.row(row)) ?? dataset.row(row).solution;
    if (template.system !== null) texts.push(`system\n${template.system}`);
    texts.push(`user\n${questionText(question, template)}`, `assistant\n${answer}`);
  }
  return { kind: 'new', size: source.size, seed: plan.seed, texts };
}

function warnOfFaults(dataset: Dataset, warn: (message: string) => void): void {
  const { faults, file } = dataset;
  if (faults.length === 0) return;
  const shown = faults.slice(0, 5).map((fault) => fault.message);
  const more = faults.length - shown.length;
  warn(
    `${faults.length} bad ${faults.length === 1 ? 'row is' : 'rows are'} left out of ${file}:\n${shown.join('\n')}${more > 0 ? `\nand ${more} more; video-r1 check names them all` : ''}`,
  );
}

function allRows(dataset: Dataset): number[] {
  return Array.from({ length: dataset.count }, (_, row) => row);
}

/** SFT learns from rows with a chain of thought; the others are left out, and said so. */
function rowsWithReasoning(dataset: Dataset, warn: (message: string) => void): number[] {
  const rows = allRows(dataset).filter((row) => dataset.hasProcess(row));
  const left = dataset.count - rows.length;
  if (rows.length === 0) {
    throw new StudioError('bad-dataset', 'No row has a chain of thought, which SFT learns from.', {
      place: dataset.file,
      remedy: 'Give rows a "process" with <think>…</think>, or start a T-GRPO run on this file.',
    });
  }
  if (left > 0) warn(`${left} of ${dataset.count} rows have no chain of thought ("process") and are left out of SFT.`);
  return rows;
}
