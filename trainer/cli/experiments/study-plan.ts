/** What a study is of: its worlds, how much of them is done by default and in a quick look, and about how long that takes. */
import type { Cues } from '../../data/sample/families.ts';
import { defaultCues, even, type SampleCounts, type WorldName, worldCounts } from '../../data/sample/worlds.ts';
import { type Arm, arms } from '../../evaluation/arms.ts';

interface StudyWorldData {
  readonly sample: WorldName;
  readonly title: string;
  readonly cues?: Cues;
  /** With more to evaluate on than the sample has: with few questions chance among them alone moves the use of order by several points. */
  readonly evaluated: SampleCounts['eval'];
  /** Of SFT, as the world's run file has it. */
  readonly sftSteps: number;
}

const cued = (count: number) => ({
  cuedDirection: count,
  cuedFirstColour: count,
  cuedInOrOut: count,
  cuedGrowth: count,
});
const often = `cues are right in ${100 * Number(defaultCues.sft)} % of SFT’s questions`;

export const studyWorlds = {
  plain: { sample: 'plain', title: 'The plain world: no cue', evaluated: even(60, 10), sftSteps: 450 },
  shortcut: {
    sample: 'shortcut',
    title: `The shortcut world: ${often} and in ${100 * Number(defaultCues.rl)} % of RL’s`,
    cues: defaultCues,
    evaluated: cued(80),
    sftSteps: 300,
  },
  'always-right': {
    sample: 'shortcut',
    title: `The shortcut world, cue always right in RL: ${often}, in all of RL’s, and by chance in the evaluation’s`,
    cues: { ...defaultCues, rl: 1 },
    evaluated: cued(80),
    sftSteps: 300,
  },
  'held-out': {
    sample: 'held-out',
    title: 'The held-out world: the shortcut world with a fifth family, which no setting was chosen on',
    cues: defaultCues,
    evaluated: { ...cued(60), cuedFirstDigit: 80 },
    sftSteps: 300,
  },
} as const satisfies Readonly<Record<string, StudyWorldData>>;

export type StudyWorld = keyof typeof studyWorlds;
export const studyWorldNames = Object.keys(studyWorlds) as StudyWorld[];

export const worldData = (world: StudyWorld): StudyWorldData => studyWorlds[world];

export const sampleCountsOf = (world: StudyWorld): SampleCounts => ({
  ...worldCounts[studyWorlds[world].sample],
  eval: studyWorlds[world].evaluated,
});

export interface StudyScope {
  readonly worlds: readonly StudyWorld[];
  readonly dataSeeds: readonly number[];
  readonly seeds: readonly number[];
  readonly arms: readonly Arm[];
  /** Of each arm. */
  readonly steps: number;
  /** Evaluation questions; null for all. */
  readonly limit: number | null;
  /** Evaluation videos on which groups are sampled. */
  readonly groups: number;
}

const studied = arms.filter((arm) => !arm.endsWith('-no-images'));

export const wholeStudy: StudyScope = {
  worlds: ['plain', 'shortcut', 'always-right'],
  dataSeeds: [1, 2],
  seeds: [1, 2, 3, 4, 5],
  arms: studied,
  steps: 40,
  limit: null,
  groups: 60,
};

export const quickStudy: StudyScope = {
  worlds: wholeStudy.worlds,
  dataSeeds: [1],
  seeds: [1, 2, 3],
  arms: ['tgrpo-felt', 'grpo', 'credit-1-none'],
  steps: 30,
  limit: 120,
  groups: 24,
};

/** What is looked at once all else is fixed: another world, and data that no setting was chosen on. */
export const heldOut = { worlds: studyWorldNames, dataSeeds: [3] } as const satisfies Partial<StudyScope>;

/** What a scope leaves out of another, a clause each. */
export function leftOutOf(whole: StudyScope, scope: StudyScope): string[] {
  const missing = <T>(name: 'worlds' | 'dataSeeds' | 'seeds' | 'arms', words: string): string[] => {
    const there = new Set<T>(scope[name] as readonly T[]);
    const gone = (whole[name] as readonly T[]).filter((one) => !there.has(one));
    return gone.length === 0 ? [] : [`${words} ${gone.join(', ')}`];
  };
  return [
    ...missing('worlds', 'worlds'),
    ...missing('dataSeeds', 'data seeds'),
    ...missing('seeds', 'seeds'),
    ...missing('arms', 'arms'),
    ...(scope.steps < whole.steps ? [`steps ${scope.steps + 1} to ${whole.steps} of each arm`] : []),
    ...(scope.limit === null ? [] : [`all but ${scope.limit} evaluation questions`]),
    ...(scope.groups < whole.groups ? [`${whole.groups - scope.groups} of ${whole.groups} sampled groups`] : []),
  ];
}

/** What else a scope is than another, a clause each. @param sftSteps of each start; those of the world's run file when absent */
export function changedFrom(
  whole: StudyScope,
  { worlds, steps }: Pick<StudyScope, 'worlds' | 'steps'>,
  settings: Readonly<Record<string, unknown>>,
  sftSteps?: number,
): string[] {
  const isOther = sftSteps !== undefined && worlds.some((world) => worldData(world).sftSteps !== sftSteps);
  return [
    ...(isOther ? [`SFT of ${sftSteps} steps`] : []),
    ...(steps > whole.steps ? [`${steps} steps of each arm in place of ${whole.steps}`] : []),
    ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
  ];
}

/**
 * About the seconds that pieces take on two cores with nothing else to do, from the processor time of `video-r1 ablate` on the shortcut
 * world. They make the first estimate, and are corrected by what this machine takes as soon as a piece was timed.
 */
const firstGuess = {
  sftStep: 0.15,
  rlStep: 0.35,
  /** More for each shuffled answer to a question. */
  shuffledAnswer: 0.018,
  /** More for K scored shuffles. */
  creditShuffle: 0.12,
  /** In order and shuffled. */
  question: 0.01,
  /** With its answers' c. */
  group: 0.08,
  /** Loading and saving. */
  piece: 3,
} as const;

const shuffledAnswers: Readonly<Partial<Record<Arm, number>>> = { tgrpo: 4, 'tgrpo-no-images': 4, 'tgrpo-felt': 8 };

function stepGuess(arm: Arm): number {
  const { rlStep, shuffledAnswer, creditShuffle } = firstGuess;
  const shuffles = arm.startsWith('credit') ? (arm.startsWith('credit-2') ? 2 : 1) : 0;
  return rlStep + shuffledAnswer * (shuffledAnswers[arm] ?? 0) + creditShuffle * shuffles;
}

/** Milliseconds that a piece takes, by the first guess. @param sftSteps of each start; those of the world's run file when absent */
export function guessMs(
  piece: 'SFT' | 'evaluation' | Arm,
  world: StudyWorld,
  scope: Pick<StudyScope, 'steps' | 'limit' | 'groups'>,
  sftSteps?: number,
): number {
  const { evaluated, sftSteps: usual } = worldData(world);
  const asked = Object.values(evaluated).reduce((sum, count) => sum + count, 0);
  const seconds =
    piece === 'SFT'
      ? (sftSteps ?? usual) * firstGuess.sftStep
      : piece === 'evaluation'
        ? Math.min(asked, scope.limit ?? asked) * firstGuess.question + scope.groups * firstGuess.group
        : scope.steps * stepGuess(piece);
  return 1000 * (seconds + firstGuess.piece);
}
