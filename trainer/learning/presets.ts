/**
 * The presets: every parameter's value as the paper has it, as the released code (`upstream`) has it, and scaled to the
 * small embedded model (`sample`). A preset is data; no code asks which one is in force.
 */
import { type ErrorKind, StudioError } from '../protocol/errors.ts';
import { inPresentNames } from '../protocol/former-names.ts';
import { faultsOf } from '../protocol/issues.ts';
import {
  isParameterName,
  type Method,
  noParameter,
  type ParameterValues,
  parameters,
  parameterValues,
  rangeFault,
} from '../protocol/parameters.ts';
import type { PresetName } from '../protocol/runfile.ts';

const upstream: ParameterValues = {
  learningRate: 1e-6,
  schedule: 'cosine',
  scheduleFloor: 0,
  warmupSteps: 0,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  gradClipNorm: 5,
  steps: 1000,
  questionsPerStep: 8,
  checkpointEvery: 100,
  checkpointsKept: 3,
  keepBest: 'none',
  probeEvery: 0,
  probeQuestions: 4,
  evaluateEvery: 0,
  imageShare: null,
  trainPromptTokens: true,
  trainTurnNewline: true,
  obeyLabels: true,
  evidenceShare: 0,
  receiptShare: 0,
  leaveOutDropped: false,
  maxPromptTokens: 16384,
  framesPerSecond: 2,
  minFrames: 4,
  maxFrames: 16,
  frameRounding: 'down',
  minPixels: 128 * 28 * 28,
  maxPixels: 128 * 28 * 28,
  imageMinPixels: 4 * 28 * 28,
  imageMaxPixels: 256 * 28 * 28,
  groupSize: 8,
  shuffledGroupSize: 4,
  temperature: 1,
  topP: 0.95,
  topK: 0,
  maxNewTokens: 768,
  alternatives: 5,
  formatWeight: 1,
  alpha: 0.3,
  mu: 0.8,
  temporalTest: '>=',
  temporalShare: 'accuracy',
  temporalCredit: 'group',
  creditShuffles: 1,
  creditLow: 1,
  creditHigh: 1,
  creditWeight: 0.3,
  correctThreshold: 0.1,
  omega: 0.2,
  flagPenalty: 0,
  maskFlagged: false,
  overlongPenalty: 0,
  // A fifth of the longest answer, as 4096 of 20480 in DAPO.
  overlongCache: 154,
  lengthMin: 320,
  lengthMax: 512,
  lengthNeedsMoreThanOne: true,
  lengthAdaptation: 0,
  nanRegressionPays: true,
  stdDegrees: 'n-1',
  stdEpsilon: 1e-4,
  advantageScale: 'group',
  beta: 0.04,
  clipLow: 0.2,
  clipHigh: 0.2,
  ratio: 'token',
  importanceCap: 0,
  updatesPerSampling: 1,
  lossMean: 'answer',
  klEstimator: 'k3',
  skipFlatGroups: false,
  fillFlatGroups: false,
  maxSamplingRounds: 10,
  evaluationTemperature: 0.1,
  evaluationTopP: 0.001,
  evaluationQuestions: 0,
  evaluationDirect: false,
  evaluationReversed: false,
};

const paper: ParameterValues = {
  ...upstream,
  trainPromptTokens: false,
  trainTurnNewline: false,
  frameRounding: 'half-even',
  shuffledGroupSize: 8,
  formatWeight: 0,
  temporalTest: '>',
  temporalShare: 'correct',
  omega: 0.1,
  lengthNeedsMoreThanOne: false,
  nanRegressionPays: false,
  stdEpsilon: 0,
  evaluationTemperature: 0.01,
};

const sample: ParameterValues = {
  ...paper,
  shuffledGroupSize: 4,
  formatWeight: 1,
  stdEpsilon: 1e-4,
  learningRate: 1.5e-3,
  scheduleFloor: 0.1,
  warmupSteps: 20,
  beta2: 0.95,
  gradClipNorm: 1,
  steps: 300,
  questionsPerStep: 24,
  checkpointEvery: 50,
  probeEvery: 20,
  probeQuestions: 4,
  minPixels: 4 * 28 * 28,
  maxPixels: 4 * 28 * 28,
  imageMinPixels: 4 * 28 * 28,
  imageMaxPixels: 4 * 28 * 28,
  maxFrames: 8,
  maxNewTokens: 64,
  lengthMin: 8,
  lengthMax: 48,
  overlongCache: 13,
  skipFlatGroups: true,
  evaluationTemperature: 0,
  evaluationTopP: 1,
  evaluationQuestions: 160,
};

const presets: Record<PresetName, ParameterValues> = { paper, upstream, sample };

/** What differs by method inside the sample preset: reinforcement learning takes smaller and fewer steps than SFT. */
const sampleReinforcement: Partial<ParameterValues> = {
  learningRate: 1e-4,
  warmupSteps: 0,
  schedule: 'constant',
  steps: 100,
  questionsPerStep: 12,
  checkpointEvery: 25,
  beta: 0.01,
};

/** A preset's values for a method. */
export function presetParameters(name: PresetName, method: Method): ParameterValues {
  const values = presets[name];
  return name === 'sample' && method !== 'sft' ? { ...values, ...sampleReinforcement } : { ...values };
}

/** What benchmarks are answered with where it is not what training uses: larger frames and longer answers. */
const benchmarkValues: Readonly<Record<PresetName, Partial<ParameterValues>>> = {
  paper: { maxPixels: 256 * 28 * 28, maxNewTokens: 1024 },
  upstream: { maxPixels: 256 * 28 * 28, maxNewTokens: 1024 },
  sample: {},
};

/** Values for answering benchmarks: those of a preset or of a run of that preset, with what the preset says of evaluation. */
export function benchmarkParameters(preset: PresetName, values: ParameterValues): ParameterValues {
  return { ...values, ...benchmarkValues[preset] };
}

/** What keeps settings from being parameters, each by itself: names that are not there and values that do not fit. */
export function settingFaults(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (!isParameterName(name)) return [noParameter(name)];
    const checked = parameters[name].schema.safeParse(value);
    return checked.success ? [] : faultsOf(parameters[name].schema, value, checked.error, name);
  });
}

/** Values with some of them set anew. @throws StudioError of the given kind, naming each parameter that does not fit */
export function withOverrides(
  values: ParameterValues,
  given: Readonly<Record<string, unknown>>,
  kind: ErrorKind,
  place: string,
): ParameterValues {
  const { settings, faults } = inPresentNames(given);
  const problems = [...faults, ...settingFaults(settings)];
  if (problems.length > 0) throw new StudioError(kind, problems.join('\n'), { place });
  const set = parameterValues.parse({ ...values, ...settings });
  const fault = rangeFault(set);
  if (fault !== null) throw new StudioError(kind, `${fault}.`, { place });
  return set;
}
