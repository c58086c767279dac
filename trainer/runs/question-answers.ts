/** Answers what is asked of questions, in one run or in two: the store's thread reads, `compare-runs.ts` computes. */
import { StudioError } from '../protocol/errors.ts';
import type { ComparedEvaluations, QuestionHistory, SharedQuestions } from '../protocol/questions.ts';
import type { QuestionsAsked, QuestionsPage, WhichQuestion } from '../store/question-history.ts';
import type { SharedAsked } from '../store/question-pairs.ts';
import type { RolloutReader } from '../store/rollout-reader.ts';
import type { RunStore } from '../store/run-store.ts';
import { comparedEvaluationsOf, differencesOf, sharedQuestionsOf } from './compare-runs.ts';
import type { RunPlan } from './plan.ts';
import type { EvaluationOfRun, QuestionService } from './service.ts';

interface AskedRun {
  readonly folder: string;
  readonly plan: RunPlan;
  readonly store: RunStore;
}

export class QuestionAnswers implements QuestionService {
  private readonly reader: RolloutReader;
  private readonly run: (runId: string) => AskedRun;

  /** @param run gives a run by its id. @throws StudioError `not-found` */
  constructor(reader: RolloutReader, run: (runId: string) => AskedRun) {
    this.reader = reader;
    this.run = run;
  }

  list(runId: string, asked: QuestionsAsked): Promise<QuestionsPage> {
    return this.reader.questions(this.run(runId).folder, asked);
  }

  history(runId: string, which: WhichQuestion): Promise<QuestionHistory> {
    return this.reader.history(this.run(runId).folder, which);
  }

  async shared(runIds: readonly [string, string], asked: SharedAsked): Promise<SharedQuestions> {
    return sharedQuestionsOf(await this.reader.sharedQuestions(this.foldersOf(runIds), asked));
  }

  differences([first, second]: readonly [string, string]): ReturnType<typeof differencesOf> {
    const of = (runId: string) => {
      const { plan, store } = this.run(runId);
      return { plan, parameters: store.summary().parameters };
    };
    return differencesOf(of(first), of(second));
  }

  /** @throws StudioError `not-found` for an evaluation that the run does not have */
  async evaluations(first: EvaluationOfRun, second: EvaluationOfRun): Promise<ComparedEvaluations> {
    for (const { runId, evaluationId } of [first, second])
      if (
        !this.run(runId)
          .store.evaluations()
          .some(({ id }) => id === evaluationId)
      )
        throw new StudioError('not-found', `${runId} has no evaluation ${evaluationId}.`, {
          remedy: 'Choose one of its evaluations.',
        });
    const pairs = await this.reader.evaluationPairs(this.foldersOf([first.runId, second.runId]), [
      first.evaluationId,
      second.evaluationId,
    ]);
    return comparedEvaluationsOf(pairs);
  }

  private foldersOf([first, second]: readonly [string, string]): [string, string] {
    return [this.run(first).folder, this.run(second).folder];
  }
}
