/** The options of `video-r1 cot`, and their values checked. */
import { defaultRules, type FilterRules } from '../../cot/filter.ts';
import { type readOptions, rootOptions, usage } from '../terminal/command.ts';

export const cotOptions = {
  out: { type: 'string' },
  endpoint: { type: 'string' },
  model: { type: 'string' },
  'key-env': { type: 'string', default: 'OPENAI_API_KEY' },
  checkpoint: { type: 'string' },
  folder: { type: 'string' },
  from: { type: 'string' },
  template: { type: 'string' },
  samples: { type: 'string', default: '1' },
  temperature: { type: 'string', default: '1' },
  'top-p': { type: 'string', default: '0.95' },
  'max-tokens': { type: 'string', default: '512' },
  seed: { type: 'string', default: '1' },
  limit: { type: 'string' },
  media: { type: 'string', default: 'frames' },
  'media-base': { type: 'string' },
  preset: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  ffmpeg: { type: 'string' },
  concurrency: { type: 'string' },
  timeout: { type: 'string', default: '180' },
  retries: { type: 'string', default: '5' },
  'max-failures': { type: 'string', default: '10' },
  'retry-failed': { type: 'boolean', default: false },
  fresh: { type: 'boolean', default: false },
  'filter-only': { type: 'boolean', default: false },
  'min-reward': { type: 'string', default: String(defaultRules.minReward) },
  'min-words': { type: 'string', default: String(defaultRules.minWords) },
  'max-words': { type: 'string', default: String(defaultRules.maxWords) },
  'max-repetition': { type: 'string', default: String(defaultRules.maxRepetition) },
  'no-answer-check': { type: 'boolean', default: false },
  keep: { type: 'string', default: 'best' },
  'price-in': { type: 'string' },
  'price-out': { type: 'string' },
  json: { type: 'boolean', default: false },
  ...rootOptions,
} as const;
export type CotValues = ReturnType<typeof readOptions<typeof cotOptions>>['values'];

/** @throws StudioError `bad-request` for anything but a number in the range */
export function number(
  values: CotValues,
  name: keyof CotValues,
  range: { min: number; max?: number; whole?: boolean },
  otherwise?: number,
): number {
  const given = values[name];
  if (given === undefined && otherwise !== undefined) return otherwise;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
  const { min, max = Number.POSITIVE_INFINITY, whole = false } = range;
  if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isSafeInteger(value))) return value;
  const upTo = max === Number.POSITIVE_INFINITY ? ` of at least ${min}` : ` from ${min} to ${max}`;
  throw usage(`--${name} ${String(given)} is not a ${whole ? 'whole number' : 'number'}${upTo}.`);
}

export function filterRules(values: CotValues): FilterRules {
  const { keep } = values;
  if (keep !== 'best' && keep !== 'all') throw usage('--keep is best or all.');
  const rules: FilterRules = {
    minReward: number(values, 'min-reward', { min: 0, max: 1 }),
    minWords: number(values, 'min-words', { min: 0, whole: true }),
    maxWords: number(values, 'max-words', { min: 1, whole: true }),
    maxRepetition: number(values, 'max-repetition', { min: 0, max: 1 }),
    answerInReasoning: !values['no-answer-check'],
    keep,
  };
  if (rules.minWords > rules.maxWords) throw usage('--min-words is above --max-words.');
  return rules;
}
