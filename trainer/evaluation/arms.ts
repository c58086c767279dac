/** The arms of ablations and of the study, as data: what each changes in a T-GRPO run file, and which are held against each other. */
import type { ParameterValues } from '../protocol/parameters.ts';
import type { RunFile } from '../protocol/runfile.ts';

interface ArmData {
  readonly title: string;
  /** Plain GRPO: no shuffled group and no reward for order. */
  readonly method?: 'grpo';
  readonly parameters?: Readonly<Partial<ParameterValues>>;
}

const credit = (creditShuffles: number, more: Partial<ParameterValues> = {}): Partial<ParameterValues> => ({
  temporalCredit: 'answer',
  creditShuffles,
  ...more,
});
const undivided = { advantageScale: 'none' } as const;

/** In the order of the tables. A parameter that is not named is as in the run file. */
const armData = {
  tgrpo: { title: 'T-GRPO' },
  /** Eq. 1 made to be felt: without the division by the standard deviation α does not drop out where rewards are of two sizes. */
  'tgrpo-felt': { title: 'felt T-GRPO', parameters: { alpha: 1, mu: 1, shuffledGroupSize: 8, ...undivided } },
  grpo: { title: 'GRPO', method: 'grpo' },
  credit: { title: 'credit, K = 1', parameters: credit(1) },
  'credit-2': { title: 'credit, K = 2', parameters: credit(2) },
  'credit-none': { title: 'credit, K = 1, undivided', parameters: credit(1, undivided) },
  'credit-2-none': { title: 'credit, K = 2, undivided', parameters: credit(2, undivided) },
  'credit-1-none': {
    title: 'credit, K = 1, γ = 1, undivided',
    parameters: credit(1, { creditWeight: 1, ...undivided }),
  },
  'tgrpo-no-images': { title: 'T-GRPO without images', parameters: { imageShare: 0 } },
  'grpo-no-images': { title: 'GRPO without images', method: 'grpo', parameters: { imageShare: 0 } },
} as const satisfies Readonly<Record<string, ArmData>>;

export type Arm = keyof typeof armData;
export const arms = Object.keys(armData) as Arm[];

/** The arms of the paper's table. */
export const paperArms: readonly Arm[] = ['tgrpo', 'grpo', 'tgrpo-no-images'];

/** Those that pay order by answer. */
export const creditArms: readonly Arm[] = ['credit', 'credit-2', 'credit-none', 'credit-2-none', 'credit-1-none'];

/** What a run file says of credit is of no arm: each is called by how it pays order. */
export function armOf(base: RunFile, arm: Arm): RunFile {
  const { method, parameters }: ArmData = armData[arm];
  const { temporalCredit: _, ...others } = base.parameters;
  return { ...base, ...(method && { method }), parameters: { ...others, ...parameters } };
}

/** An arm, or the checkpoint that the arms of a seed start from. */
export type Stage = Arm | 'start';

export const stageTitle = (stage: Stage): string => (stage === 'start' ? 'the start' : armData[stage].title);

/** First minus second, in the order of the tables. */
export const contrasted: readonly (readonly [Stage, Stage])[] = [
  ['tgrpo', 'grpo'],
  ['tgrpo-felt', 'grpo'],
  ...(['tgrpo-felt', 'tgrpo', 'grpo'] as const).flatMap((other) => creditArms.map((arm) => [arm, other] as const)),
  ['tgrpo-no-images', 'grpo-no-images'],
  ['tgrpo', 'tgrpo-no-images'],
  ['grpo', 'grpo-no-images'],
  ...(['tgrpo', 'tgrpo-felt', 'grpo', ...creditArms] as const).map((arm) => [arm, 'start'] as const),
];
