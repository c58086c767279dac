/** `--engine NAME,KEY=VALUE,…`: the engine of a run file, or another one, with some of its settings. */
import { faultLine } from '../../protocol/issues.ts';
import { parseJson } from '../../protocol/json.ts';
import { type EngineSettings, engineSettings } from '../../protocol/runfile.ts';
import { usage } from './command.ts';

/**
 * Settings that are not named are those of `base` where it is of the same engine, else the defaults. A key inside another is
 * written with a dot: `lora.rank=64`.
 * @throws StudioError `bad-request` naming the key
 */
export function readEngine(text: string, base: EngineSettings | null): EngineSettings {
  const [name = '', ...pairs] = text.split(',');
  const settings: Record<string, unknown> = base?.name === name ? { ...base } : { name };
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw usage(`--engine ${text}: ${pair} is not KEY=VALUE.`);
    put(settings, pair.slice(0, at).split('.'), readValue(pair.slice(at + 1)));
  }
  const read = engineSettings.safeParse(settings);
  if (read.success) return read.data;
  throw usage(`--engine: ${faultLine(engineSettings, settings, read.error, 'the engine')}.`);
}

function put(into: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const inner = typeof into[key] === 'object' && into[key] !== null ? { ...into[key] } : {};
  into[key] = inner;
  put(inner, rest, value);
}

/** A number or a truth value as it is in JSON, any other text as it stands. */
function readValue(text: string): unknown {
  return /^(-?\d|true$|false$)/.test(text) ? (parseJson(text) ?? text) : text;
}
