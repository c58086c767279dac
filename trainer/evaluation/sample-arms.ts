/** Asks the other arms of an evaluation what has no line yet. */
import type { LoadedQuestion } from '../data/questions.ts';
import { StudioError } from '../protocol/errors.ts';
import { directByWords } from '../protocol/evaluation-arms.ts';
import { score } from '../rewards/score.ts';
import type { GivenAnswer } from './answers-file.ts';
import type { DirectFile, DirectLine, ReversedFile, ReversedLine } from './arm-files.ts';
import { type ArmAnswer, type ArmAsking, askDirect, askReversed, canReverse, directByOf } from './ask-arms.ts';
import { givenAnswer } from './given-answer.ts';
import { type NamedDataset, type QuestionWalk, questionFields, walkQuestions } from './question-walk.ts';

type ArmWalk<L extends DirectLine | ReversedLine, F> = Omit<QuestionWalk<L>, 'kept'> & { readonly kept: F };

/**
 * As `sampleBenchmarks`, without reasoning.
 * @throws StudioError `conflict` where the lines that are kept were asked in the other way
 */
export function sampleDirect(a: ArmWalk<DirectLine, DirectFile>): Promise<void> {
  const by = directByOf(a.engine);
  const other = a.kept.lines.find((line) => line.outcome === 'answered' && line.by !== by);
  if (other)
    throw new StudioError(
      'conflict',
      `The answers there were kept from reasoning in another way than this engine does it: here ${directByWords[by]}.`,
      { place: a.kept.file, remedy: 'Take the engine of then, choose another --out, or begin anew with --fresh.' },
    );
  return walkQuestions(a, async (dataset, questions, onShare) => {
    const answers = await askDirect(questions, asking(a, onShare));
    return questions.map(
      ({ question }, i): DirectLine => ({
        outcome: 'answered',
        ...questionFields(dataset, question),
        by,
        direct: scored(a, answers[i] as ArmAnswer, question),
      }),
    );
  });
}

/** As `sampleBenchmarks`, the videos backwards of which the dataset says what is right then. */
export function sampleReversed(a: ArmWalk<ReversedLine, ReversedFile>): Promise<void> {
  return walkQuestions({ ...a, isAsked: saysReversed }, async (name, questions, onShare) => {
    const { dataset } = a.datasets.find((one) => one.name === name) as NamedDataset;
    const reversible = questions.filter(canReverse);
    const answers = await askReversed(reversible, asking(a, onShare));
    return questions.map((loaded): ReversedLine => {
      const { question } = loaded;
      const answer = answers[reversible.indexOf(loaded)];
      const fields = questionFields(name, question);
      const message = 'The model is shown one frame of it, which is the same backwards.';
      if (answer === undefined) return { outcome: 'skipped', ...fields, message };
      const reversedSolution = dataset.reversedSolution(question.row) ?? '';
      return {
        ...{ outcome: 'answered', ...fields, reversedSolution },
        reversed: scored(a, answer, { ...question, solution: reversedSolution }),
      };
    });
  });
}

/** Rows that the reversed arm asks. */
export const saysReversed = ({ dataset }: NamedDataset, row: number): boolean => dataset.hasReversed(row);

/** @throws StudioError `bad-dataset` where none of a dataset's rows says what is right backwards */
export function requireReversed(datasets: readonly NamedDataset[]): void {
  for (const { dataset } of datasets) requireReversedOf(dataset);
}

export function requireReversedOf(dataset: NamedDataset['dataset']): void {
  for (let row = 0; row < dataset.count; row++) if (dataset.hasReversed(row)) return;
  throw new StudioError('bad-dataset', 'No row says what is right when its video is shown backwards.', {
    place: dataset.file,
    remedy:
      'Give the videos whose answer changes then a reversed_solution, as <answer>…</answer>, or evaluate without reversed videos.',
  });
}

function asking(
  a: Pick<QuestionWalk<never>, 'engine' | 'model' | 'signal'> & { readonly kept: DirectFile | ReversedFile },
  onShare: (share: number) => void,
): ArmAsking {
  const { sampling, template } = a.kept.header;
  const { maxTokens, temperature, topP, seed } = sampling;
  const { engine, model, signal } = a;
  return { engine, model, signal, onShare, template, seed, options: { maxTokens, temperature, topP } };
}

function scored(
  a: { readonly kept: DirectFile | ReversedFile },
  { text, completion }: ArmAnswer,
  question: LoadedQuestion['question'],
): GivenAnswer {
  const { nanRegressionPays } = a.kept.header;
  const reward = score(text, question, { nanRegressionPays }).accuracy;
  return givenAnswer({ text, tokens: completion.tokens.length, stop: completion.stopReason, reward }, question);
}
