/** The form of a command of `video-r1`, and what its end means to a shell. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { presetParameters, settingFaults, withOverrides } from '../../learning/presets.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import { formerMeant, inPresentNames } from '../../protocol/former-names.ts';
import { nearby, nearestClause } from '../../protocol/nearest.ts';
import { type Method, type ParameterValues, parameterMeant } from '../../protocol/parameters.ts';
import { type PresetName, presetName, presetNames } from '../../protocol/runfile.ts';
import { callable } from './callable.ts';

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Shown by `--help`, with examples. */
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

/** Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 130 ended by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143, hungUp: 129 } as const;

/**
 * @param most arguments beside the options that the command takes
 * @throws StudioError `bad-request` for an unknown option, an option without its value, or an argument too many
 */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  most: number,
) {
  const read = () => {
    try {
      return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    } catch (cause) {
      throw optionFault(args, options) ?? usage((cause as Error).message);
    }
  };
  const parsed = read();
  const over = parsed.positionals[most];
  if (over !== undefined) throw usage(`The argument ${JSON.stringify(over)} is one too many.`);
  return parsed;
}

/** What is wrong with the first option that does not fit; null where all do. */
function optionFault(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>): StudioError | null {
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = options[name];
    if (option === undefined)
      return usage(`There is no option ${rawName}${nearestClause(name, Object.keys(options), (near) => `--${near}`)}.`);
    if (option.type === 'boolean' && value !== undefined) return usage(`${rawName} takes no value.`);
    const isOption = value !== undefined && !inlineValue && value.replace(/^--/, '') in options;
    if (option.type === 'string' && (value === undefined || isOption)) return usage(`${rawName} needs a value.`);
    if (option.type === 'string' && !inlineValue && /^-./.test(value ?? ''))
      return new StudioError('bad-request', `${rawName} needs a value, and ${value} begins as an option does.`, {
        remedy: `If it is meant as the value, write ${rawName}=${value}.`,
      });
  }
  return null;
}

export function printFault(thrown: unknown): number {
  const fault = asStudioError(thrown);
  process.stderr.write(`video-r1: ${callable(String(fault))}\n`);
  if (fault.kind === 'internal' && fault.stack) process.stderr.write(`${fault.stack}\n`);
  return exitCodeOf(fault);
}

/** What the end by an error means to a shell. */
export function exitCodeOf({ kind }: Pick<StudioError, 'kind'>): number {
  return kind === 'bad-request' ? exitCodes.usage : exitCodes.failed;
}

/** The error of a command line that is wrong. */
export function usage(message: string): StudioError {
  return new StudioError('bad-request', message, { remedy: 'See --help.' });
}

/** @throws StudioError `bad-request` naming the nearest */
export function oneOf<T extends string>(name: string, given: string, known: readonly T[]): T {
  const found = known.find((one) => one === given);
  if (found !== undefined) return found;
  throw usage(`${name} is ${known.join(', ')}, not ${given}${nearestClause(given, known)}.`);
}

/** @param name of an option, or in capitals of a word. @throws StudioError `bad-request` for anything but digits, or a number out of range */
export function wholeNumber(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw usage(
      `${name === name.toUpperCase() ? '' : '--'}${name} is a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}, not ${text}.`,
    );
  return value;
}

export const seedOption = (text: string): number => wholeNumber('seed', text, 0, 0xffffffff);

/** The step of a checkpoint; undefined takes the newest. */
export const fromOption = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : wholeNumber('from', text, 0);

/** Undefined lets the system choose a free one. */
export const portOption = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : wholeNumber('port', text, 0, 65535);

/** `--allow-root DIR`, which may come more than once. */
export const rootOptions = { 'allow-root': { type: 'string', multiple: true, default: [] as string[] } } as const;

/** The folders of `--allow-root`, absolute. @throws StudioError `bad-request` for one that is not there */
export function allowedRoots(options: { readonly 'allow-root': readonly string[] }): string[] {
  return options['allow-root'].map((root) => {
    if (existsSync(root)) return path.resolve(root);
    throw new StudioError('bad-request', `--allow-root ${root} is not there.`, {
      remedy: 'Name a folder that links among videos and images may lead into.',
    });
  });
}

/** A value on the command line: numbers, booleans and null as in JSON; anything else is a word. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `NAME=VALUE` pairs of parameters; names also as `max_frames` or by symbol. @throws StudioError `bad-request` */
export function readSettings(pairs: readonly string[]): Record<string, unknown> {
  const given = Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new StudioError('bad-request', `--set ${pair} is not NAME=VALUE.`, { remedy: 'See --help.' });
      const name = pair.slice(0, at);
      return [parameterMeant(name) ?? formerMeant(name) ?? name, readValue(pair.slice(at + 1))];
    }),
  );
  const { settings, faults: ofNames } = inPresentNames(given);
  const faults = [...ofNames, ...settingFaults(settings)];
  if (faults.length > 0) throw new StudioError('bad-request', faults.join('\n'), { place: '--set' });
  return settings;
}

/** Settings of engines that are texts, whatever they look like: 4.49 is no number. */
const engineTexts: readonly string[] = ['mropePositions', 'python', 'ray'];

/** A name alone is the engine's; `KEY=VALUE` one of its settings. What they may be is checked where they are used. @throws StudioError `bad-request` */
export function readEngine(given: readonly string[]): Record<string, unknown> | undefined {
  if (given.length === 0) return undefined;
  return Object.fromEntries(
    given.map((one) => {
      const at = one.indexOf('=');
      if (at === 0) throw usage(`--engine ${one} is neither a NAME nor KEY=VALUE.`);
      if (at < 0) return ['name', one];
      const [key, value] = [one.slice(0, at), one.slice(at + 1)];
      return [key, engineTexts.includes(key) ? value : readValue(value)];
    }),
  );
}

/** Options of the commands that compute with a preset's parameters. */
export const presetOptions = {
  preset: { type: 'string', default: 'paper' },
  set: { type: 'string', multiple: true, default: [] as string[] },
} as const;

/** @throws StudioError `bad-request` naming the nearest preset */
export function readPreset(name: string): PresetName {
  const preset = presetName.safeParse(name);
  if (preset.success) return preset.data;
  const near = nearby(name, presetNames);
  throw new StudioError('bad-request', `There is no preset ${name}.`, {
    remedy: `${near === null ? '' : `Did you mean ${near}? `}There are ${presetNames.join(', ')}.`,
  });
}

/** What `--preset` and `--set` say. @throws StudioError `bad-request` */
export function readParameters(
  options: { readonly preset: string; readonly set: readonly string[] },
  method: Method,
): ParameterValues {
  const values = presetParameters(readPreset(options.preset), method);
  return withOverrides(values, readSettings(options.set), 'bad-request', '--set');
}
