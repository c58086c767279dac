/**
 * Other settings for the engine than a run file or a run has, given one by one: for a new run any; for one that has begun what it is
 * computed on, such as fewer ranks after a node was lost, and not what is trained.
 */
import { type ErrorKind, StudioError } from '../protocol/errors.ts';
import { faultsOf } from '../protocol/issues.ts';
import { type EngineSettings, engineSettings } from '../protocol/runfile.ts';

/** Settings by their names; null takes one away, so that its default holds. */
export type EngineChange = Readonly<Record<string, unknown>>;

/** What stays what it was for as long as a run goes: other values would train, or count, another model. */
const fixed: readonly string[] = ['name', 'lora', 'freezeVision', 'mropePositions'];

/** What a gateway that someone started has settled by itself. */
const besideAttach: readonly string[] = ['name', 'mropePositions'];

/** How the settings that are objects are given. */
const wholes: Readonly<Record<string, string>> = {
  attach: '{"address":"127.0.0.1:29610","tokenFile":"gateway.token"}',
  lora: '{"rank":64,"alpha":128}',
};

/** Where a setting that is an object is given by its parts, or as something else: how it is given; else nothing. */
function wholeOf(given: EngineChange): { remedy?: string } {
  const meant = Object.entries(given).flatMap(([key, value]) => {
    const [name = ''] = key.split('.');
    return Object.hasOwn(wholes, name) && (key !== name || typeof value !== 'object') ? [name] : [];
  });
  const told = [...new Set(meant)].map((name) => `--engine '${name}=${wholes[name]}'`);
  return told.length === 0 ? {} : { remedy: `It is given whole, as JSON: ${told.join(' ')}` };
}

/**
 * @param kind of the error that names each setting that does not fit
 * @throws StudioError of that kind
 */
export function changedEngine(engine: EngineSettings, change: EngineChange, kind: ErrorKind): EngineSettings {
  const { name = engine.name, ...given } = change;
  const isSame = name === engine.name;
  const attaches = given.attach !== undefined && given.attach !== null;
  const kept = Object.entries(engine).filter(([key]) =>
    isSame ? !attaches || besideAttach.includes(key) : key === 'mropePositions',
  );
  const wanted = { ...Object.fromEntries(kept), ...given, name };
  const settings = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null));
  const read = engineSettings.safeParse(settings);
  if (read.success) return read.data;
  throw new StudioError(kind, `${faultsOf(engineSettings, settings, read.error, 'engine').join('\n')}.`, {
    place: '--engine',
    ...wholeOf(given),
  });
}

/**
 * The engine of a run that has begun.
 * @returns with each change for people, `ranks 8 → 4`
 * @throws StudioError `conflict` for what stays as it is; `bad-request` for what does not fit
 */
export function changedEngineOfRun(
  engine: EngineSettings,
  change: EngineChange,
): { engine: EngineSettings; changes: string[] } {
  const now = changedEngine(engine, change, 'bad-request');
  const values = (of: EngineSettings) => of as Readonly<Record<string, unknown>>;
  const [before, after] = [values(engine), values(now)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (value: unknown) =>
    value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const kept = changed.find((name) => fixed.includes(name));
  if (kept !== undefined)
    throw new StudioError('conflict', `engine.${kept} stays ${text(before[kept])} for as long as the run goes.`, {
      place: '--engine',
      remedy: 'Begin another run with it, from a checkpoint of this one: "model": {"checkpoint": …} in its run file.',
    });
  return { engine: now, changes: changed.map((name) => `${name} ${text(before[name])} → ${text(after[name])}`) };
}
