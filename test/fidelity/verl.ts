/**
 * The Python with verl that the gateway's tests take. Run by itself, this file makes it as a user would, by the program's own set-up:
 * `npm run setup:verl` installs it into `.cache/verl` (1.9 GB). With `CI=true`, `npm test` does so too.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { verlEnvironments } from '../../trainer/engines/verl/setup/environment.ts';
import { makeEnvironment } from '../../trainer/engines/verl/setup/make-environment.ts';
import { progressWords } from '../../trainer/protocol/progress-words.ts';
import { holdFile } from '../../trainer/store/process-lock.ts';
import type { FoundPython } from './python.ts';

const folder = path.resolve(import.meta.dirname, '..', '..', '.cache', 'verl');
const needed =
  "import importlib.util as u; assert all(map(u.find_spec, ('torch', 'verl', 'transformers', 'peft', 'ray')))";

/** `VIDEO_R1_VERL_PYTHON` when it is set, else the environment in `.cache/verl`. */
export function findVerl(): FoundPython {
  const named = process.env.VIDEO_R1_VERL_PYTHON;
  if (named !== undefined) {
    if (spawnSync(named, ['-c', needed], { stdio: 'ignore' }).status === 0) return { python: named };
    return { python: null, reason: `${named} (VIDEO_R1_VERL_PYTHON) has no verl` };
  }
  const [environment] = verlEnvironments(folder);
  if (environment !== undefined) return { python: environment.python };
  return { python: null, reason: 'verl is not in .cache/verl; "npm run setup:verl" installs it there' };
}

/** Makes the environment. @throws StudioError when Python or a download is missing */
async function installVerl(): Promise<void> {
  let said = '';
  const say = (what: string, done: number, total: number) => {
    if (what !== said) process.stdout.write(`${progressWords(what, done, total)}\n`);
    said = what;
  };
  await makeEnvironment({
    kind: 'cpu',
    folder,
    hold: holdFile,
    signal: new AbortController().signal,
    onProgress: say,
  });
}

if (process.argv[1] === import.meta.filename) {
  if (findVerl().python === null) await installVerl();
  const after = findVerl();
  process.stdout.write(after.python === null ? `${after.reason}.\n` : `${after.python} has verl.\n`);
  process.exitCode = after.python === null ? 1 : 0;
}
