/** What the server offers to clients, and `runs` carries out. The server knows nothing behind this. */

import type { Frames } from '../engines/engine.ts';
import type { AgreementShown, ItemHistory } from '../protocol/annotations/agreement.ts';
import type { Category } from '../protocol/annotations/categories.ts';
import type { Ask, AskAbout, AskCost, AskProgress, Experiment, ExperimentAnswer, RightWith } from '../protocol/ask.ts';
import type { AuditEntry, AuditResults } from '../protocol/audit.ts';
import type { CheckpointRemoval, ComparedCheckpoints, ShelfState } from '../protocol/checkpoint-shelf.ts';
import type { CommandRecord, CommandRequest } from '../protocol/commands.ts';
import type { CurvesAnswer, CurvesAsked } from '../protocol/curves.ts';
import type { InterventionKind, WeighingCost } from '../protocol/evidence.ts';
import type { RequestParams, RequestResult, RunFileEntry, TrainerInfo, UnreadableRun } from '../protocol/messages.ts';
import type { Expression } from '../protocol/query/expression.ts';
import type { ComparedEvaluations, QuestionHistory, SharedQuestions } from '../protocol/questions.ts';
import type { Receipt, ReceiptState, TriedUpdate } from '../protocol/receipts.ts';
import type { AnnotationInput, RunEvent } from '../protocol/records.ts';
import type { Resumption } from '../protocol/resumption.ts';
import type {
  Dealt,
  DealtOrder,
  DealtOut,
  DrawnQueue,
  QueueOrder,
  SettlementInput,
  Suggestion,
  SuggestionAnswerInput,
} from '../protocol/review-queue.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import type { ModelSource } from '../protocol/runfile.ts';
import type { QuestionsAsked, WhichQuestion } from '../store/question-history.ts';
import type { SharedAsked } from '../store/question-pairs.ts';
import type { CountAsked, ListAsked, RolloutCount, RolloutPage } from '../store/rollout-list.ts';
import type { Attention } from '../store/rollout-reader.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Analysed } from './analysing.ts';
import type { EngineChange } from './changed-engine.ts';
import type { ExportProgress, RolloutExport } from './export-rollouts.ts';
import type { UpdateAsked } from './session-updates.ts';
import type { WeighingDone, WeighingProgress } from './weighing.ts';

export interface SamplingHint {
  readonly runId: string;
  readonly step: number;
  readonly done: number;
  readonly total: number;
  readonly text: string;
  readonly problem: string;
}

export interface CreateRun {
  /** Path of a run file relative to the project folder. */
  readonly runFile: string;
  readonly model?: ModelSource | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** In place of what the file says of the engine, setting by setting; see `changed-engine.ts`. */
  readonly engine?: EngineChange | undefined;
  /** At once, when its turn comes, or not before somebody starts it. */
  readonly start: boolean | 'queue';
}

export interface ForkRun {
  readonly runId: string;
  /** Step of a checkpoint. */
  readonly from: number;
  /** That of the other run when absent. */
  readonly name?: string | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly start: boolean;
}

/** What is asked of questions, in one run or in two. */
export interface QuestionService {
  list(runId: string, asked: QuestionsAsked): Promise<RequestResult<'questions/list'>>;
  history(runId: string, which: WhichQuestion): Promise<QuestionHistory>;
  shared(runIds: readonly [string, string], asked: SharedAsked): Promise<SharedQuestions>;
  differences(runIds: readonly [string, string]): RequestResult<'runs/differences'>;
  evaluations(first: EvaluationOfRun, second: EvaluationOfRun): Promise<ComparedEvaluations>;
}

/** Audits of datasets that lie in the project. */
export interface AuditService {
  /** The newest first. */
  list(): Promise<AuditEntry[]>;
  /** @throws StudioError `not-found`; `bad-input` for results that can't be read */
  get(name: string): Promise<AuditResults>;
  /** @throws as `get` */
  rows(asked: RequestParams<'audits/rows'>): Promise<RequestResult<'audits/rows'>>;
  /** @throws as `get` */
  question(asked: RequestParams<'audits/question'>): Promise<RequestResult<'audits/question'>>;
  /** @throws StudioError as reading the dataset does */
  cost(runId: string): Promise<RequestResult<'audits/cost'>>;
}

export interface EvaluationOfRun {
  readonly runId: string;
  readonly evaluationId: string;
}

export interface TrainerListener {
  /** After the event is in the store. */
  onEvent(event: RunEvent): void;
  onSampling(hint: SamplingHint): void;
  /** A run was created or changed state (`run`), or was deleted (null). */
  onRunsChanged(run: RunSummary | null): void;
}

/** @throws StudioError `not-found` for an unknown run, `conflict` where its state forbids, else as each part says. */
export interface HistoryAsked {
  readonly rolloutId: string;
  /** To settle what others differ in. */
  readonly settling: boolean;
}

/** What people say of rollouts, in their label files. */
export interface LabelService {
  /**
   * @param author a name, or a name and an e-mail address
   * @returns ids of the new entries
   * @throws StudioError `bad-input` for an author that can sign nothing, `bad-request` for a span that is not in the text
   */
  add(runId: string, annotation: AnnotationInput, author: string): Promise<{ ids: string[] }>;
  /** @throws StudioError `not-found`, `conflict` for what is another's or is taken back already */
  retract(id: string, author: string): Promise<{ id: string }>;
  categories(): Promise<Category[]>;
  /** @returns ids of the new entries. @throws StudioError as `add`; `bad-request` for a text without `fix` */
  settle(runId: string, said: SettlementInput, author: string): Promise<{ ids: string[] }>;
  /** @throws StudioError `not-found`; `bad-input` while the file of categories has a fault */
  history(runId: string, asked: HistoryAsked, author: string): Promise<ItemHistory>;
  /** Of a run's answers. @throws StudioError `bad-input` while the file of categories has a fault */
  agreement(runId: string): Promise<AgreementShown>;
  /** A name as labels have it. @throws StudioError `bad-input` for what is none */
  authorOf(name: string): string;
}

export interface QueueAsked {
  readonly order: QueueOrder;
  readonly expression: Expression;
  readonly seed: number;
  readonly limit: number;
}

export interface DealAsked {
  readonly order: DealtOrder;
  readonly expression: Expression;
  readonly seed: number;
  readonly limit: number;
  readonly annotators: readonly string[];
  /** 0 … 1 */
  readonly overlap: number;
}

/** What people are given to review. */
export interface QueueService {
  /** @param author as `LabelService` has it; what they gave a verdict on is left out */
  draw(runId: string, asked: QueueAsked, author: string, attention: Attention): Promise<DrawnQueue>;
  /** @throws StudioError `bad-input` for a name that can sign nothing */
  deal(runId: string, asked: DealAsked, author: string, attention: Attention): Promise<Dealt>;
  dealt(runId: string, author: string): Promise<DealtOut>;
  takeBack(runId: string, author: string): Promise<{ items: number; ids: string[] }>;
}

/** What detectors would flag. */
export interface SuggestionService {
  /** @throws StudioError `not-found`; `bad-input` while the file of categories has a fault */
  list(runId: string, rolloutId: string, author: string): Promise<Suggestion[]>;
  /** @returns ids of the new entries. @throws StudioError `not-found` also for what the detector does not suggest */
  answer(runId: string, said: SuggestionAnswerInput, author: string): Promise<{ ids: string[] }>;
}

export interface EvidenceAsked {
  readonly of: { readonly rolloutId: string } | { readonly groupId: string } | { readonly expression: Expression };
  readonly kinds?: readonly InterventionKind[] | undefined;
  readonly checkpoint?: number | undefined;
}

/** What answers stood on. */
export interface EvidenceService {
  cost(runId: string, asked: EvidenceAsked, attention: Attention): Promise<WeighingCost>;
  /** @throws StudioError `conflict` where no weights can be had now, with a way on */
  compute(
    runId: string,
    asked: EvidenceAsked,
    signal: AbortSignal,
    onProgress: (progress: WeighingProgress) => void,
  ): Promise<WeighingDone>;
}

/** What updates did to the answers that they were made of. */
export interface UpdateService {
  state(runId: string, step: number): ReceiptState;
  /** Of the step that was made last. @throws StudioError `conflict` where the weights are no longer those after it */
  make(runId: string, step: number): Promise<Receipt>;
  /** Makes an update with something changed, and takes it back. @throws StudioError `conflict` where that can't be now */
  attempt(runId: string, asked: UpdateAsked, signal: AbortSignal, tell: (doing: string) => void): Promise<TriedUpdate>;
}

/** Who follows an ask. */
export interface AskListener {
  onProgress(progress: Omit<AskProgress, 'id'>): void;
  onAnswered(part: number, answer: ExperimentAnswer): void;
}

/** What is asked, and the id of the experiment that comes of it. */
export interface AskOrder {
  readonly id: string;
  readonly about: AskAbout;
  readonly ask: Ask;
}

/** Questions asked again with something changed. */
export interface AskService {
  /** @throws StudioError `not-found` for a rollout or group that is not there */
  cost(runId: string, about: AskAbout, ask: Ask): Promise<AskCost>;
  /**
   * What ends it keeps the answers that are whole.
   * @throws StudioError `conflict` where no weights can be had now; `bad-request`, `bad-media`, `bad-template` as the ask has it;
   *   `cancelled` before any answer was whole; as the engine does
   */
  start(runId: string, order: AskOrder, signal: AbortSignal, listener: AskListener): Promise<Experiment>;
  /**
   * Keeps what the order of the frames is worth to an experiment's answers, by the weights that gave them.
   * @throws StudioError `conflict` where they can't be had, or the original is gone; `bad-request` where no order was shown
   */
  weigh(runId: string, id: string, signal: AbortSignal): Promise<Experiment>;
  rightWith(runId: string, groupId: string): RightWith;
  /** @throws StudioError as `start` */
  startRightWith(runId: string, groupId: string, signal: AbortSignal, listener: AskListener): Promise<RightWith>;
  /** @throws StudioError `not-found` */
  remove(runId: string, id: string): void;
}

/** What can be asked about checkpoints; commands change them. */
export interface ShelfService {
  state(): Promise<ShelfState>;
  /** @throws StudioError `not-found` */
  removal(step: number): Promise<CheckpointRemoval>;
  /** @throws StudioError `not-found`; `bad-model` where what was saved with one can't be read */
  compare(steps: readonly [number, number]): Promise<ComparedCheckpoints>;
}

export interface TrainerService {
  readonly info: TrainerInfo;
  listen(listener: TrainerListener): { dispose(): void };
  runFiles(): Promise<RunFileEntry[]>;
  runs(): RunSummary[];
  /** Runs that are there and can't be opened. */
  unreadable(): UnreadableRun[];
  create(request: CreateRun, by: string): Promise<RunSummary>;
  /** @param id made by who sends it: a command that comes again under it acts once, and is answered with what became of it */
  command(runId: string, id: string, request: CommandRequest, by: string): CommandRecord;
  /** @throws StudioError `bad-request` for what no rule is called */
  muteAdvisory(runId: string, key: string, muted: boolean, by: string): void;
  /** From where a resume would go on, and what that leaves out of the curves. */
  resumption(runId: string, from: number | undefined): Promise<Resumption>;
  /** The checkpoints of a run as they lie on the disk. */
  shelf(runId: string): ShelfService;
  /** Creates a run that goes on from a checkpoint of another one. */
  fork(request: ForkRun, by: string): Promise<RunSummary>;
  delete(runId: string): Promise<void>;
  /** Read access to a run's records; writing is for `runs` alone. */
  store(runId: string): RunStore;
  /** Someone is there who is likely to ask for rollouts. */
  prepareReading(): void;
  /** A page of the rollouts of a run that a query keeps. */
  listRollouts(runId: string, asked: ListAsked, attention: Attention): Promise<RolloutPage>;
  countRollouts(runId: string, asked: CountAsked, attention: Attention): Promise<RolloutCount>;
  /** Numbers of a range of its steps, with no more points than there is room for. */
  curves(runId: string, asked: CurvesAsked): Promise<CurvesAnswer>;
  readonly questions: QuestionService;
  /**
   * Analyses the rollouts anew that rules of an older version read. Where it is under way already, both wait for the same one.
   * @throws StudioError `disk-full`, or `bad-store` for what is damaged
   */
  analyse(runId: string, onProgress: (done: number, total: number) => void): Promise<Analysed>;
  /** Ends it for all who wait for it; what is done is kept. */
  cancelAnalysis(runId: string): void;
  /** Frames of a group's media, from the cache or decoded again. */
  frames(runId: string, key: string): Promise<Frames>;
  /**
   * Writes rollouts of a run to a file, which takes its name when it is whole.
   * @returns how many; rejects with the signal's reason, or `bad-request` for more than a page can hold
   */
  exportRollouts(runId: string, asked: RolloutExport, file: string, progress: ExportProgress): Promise<number>;
  readonly audits: AuditService;
  readonly evidence: EvidenceService;
  readonly updates: UpdateService;
  readonly asking: AskService;
  readonly labels: LabelService;
  readonly review: QueueService;
  readonly suggestions: SuggestionService;
  shutdown(): Promise<void>;
}
