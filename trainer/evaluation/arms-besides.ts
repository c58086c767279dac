/** The other arms of an evaluation that a run makes of itself: asked batch by batch beside its groups, and what they say at the end. */
import type { LoadedQuestion, QuestionLoader } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import type { SampledGroup } from '../learning/groups.ts';
import { isCorrect } from '../protocol/correctness.ts';
import type { ArmAnswers, EvaluationArm } from '../protocol/evaluation-arms.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Evaluation, Question, Rollout } from '../protocol/records.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import { score } from '../rewards/score.ts';
import { type DirectPair, directArmOf, type ReversedPair, reversedArmOf } from './arm-results.ts';
import { type ArmAnswer, askDirect, askReversed, canReverse, directByOf } from './ask-arms.ts';

export interface AskedBesides {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly questions: QuestionLoader;
  readonly template: PromptTemplate;
  readonly parameters: ParameterValues;
  readonly seed: number;
  readonly arms?: readonly EvaluationArm[];
  readonly signal: AbortSignal;
}

export class ArmsBesides {
  private readonly of: AskedBesides;
  private readonly arms: readonly EvaluationArm[];
  private readonly direct: DirectPair[] = [];
  private readonly reversed: ReversedPair[] = [];
  private leftOut = 0;

  constructor(of: AskedBesides) {
    this.of = of;
    this.arms = of.arms ?? [];
  }

  /** How many arms there are. */
  get parts(): number {
    return this.arms.length;
  }

  /**
   * @param groups of the questions, which the answers are paired with
   * @returns by question how it was answered besides; null without arms
   * @throws Interrupted when the signal ends it; StudioError as the engine does
   */
  async ask(
    questions: readonly LoadedQuestion[],
    groups: readonly SampledGroup[],
    onShare: (share: number) => void,
  ): Promise<ArmAnswers[] | null> {
    if (this.arms.length === 0) return null;
    const { engine, model, template, parameters: p, seed, signal } = this.of;
    const options = { maxTokens: p.maxNewTokens, temperature: p.evaluationTemperature, topP: p.evaluationTopP };
    const how = (arm: number) => ({
      ...{ engine, model, template, seed, signal, options },
      onShare: (share: number) => onShare((arm + share) / this.arms.length),
    });
    const wants = (arm: EvaluationArm) => this.arms.includes(arm);
    const direct = wants('direct') ? await askDirect(questions, how(0)) : null;
    const solutions = questions.map((loaded) => (wants('reversed') ? this.reversedSolution(loaded) : null));
    const reversible = questions.filter((_, i) => solutions[i] !== null);
    const backwards = await askReversed(reversible, how(this.arms.length - 1));
    this.leftOut += wants('reversed') ? questions.length - reversible.length : 0;
    return questions.map((loaded, i): ArmAnswers => {
      const { question } = loaded;
      const ordered = groups[i]?.group.rollouts.find(({ order }) => order === 'ordered') as Rollout;
      const { problemType: type, family, source } = question;
      const part = { type, family: family ?? source, needsOrder: question.needsOrder === true };
      const given = direct?.[i];
      const answers: ArmAnswers = {};
      if (given) {
        answers.direct = { ...this.scored(given, question), by: directByOf(engine) };
        this.direct.push({ ...part, reasoning: ordered, direct: answers.direct });
      }
      const solution = solutions[i];
      if (solution != null) {
        const answer = backwards[reversible.indexOf(loaded)] as ArmAnswer;
        answers.reversed = { ...this.scored(answer, { ...question, solution }), solution };
        this.reversed.push({ ...part, clip: ordered, reversed: answers.reversed });
      }
      return answers;
    });
  }

  /** Of all that was asked so far. */
  results(): Pick<Evaluation, 'direct' | 'reversed'> {
    const { engine, seed } = this.of;
    const direct = directArmOf(directByOf(engine), this.direct, seed);
    return {
      ...(direct && { direct }),
      ...(this.arms.includes('reversed') && { reversed: reversedArmOf(this.reversed, this.leftOut, seed) }),
    };
  }

  private reversedSolution(loaded: LoadedQuestion): string | null {
    return canReverse(loaded) ? this.of.questions.dataset.reversedSolution(loaded.question.row) : null;
  }

  private scored({ text, completion }: ArmAnswer, question: Pick<Question, 'problemType' | 'solution'>) {
    const { answer, accuracy } = score(text, question, this.of.parameters);
    const correct = isCorrect(accuracy, this.of.parameters.correctThreshold);
    return { text, tokenCount: completion.tokens.length, answer, accuracy, correct };
  }
}
