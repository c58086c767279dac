/** How this command line is called from where it was called: hints say `video-r1 …`, which stands in no PATH. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { shellWord } from '../../protocol/shell-word.ts';

/** A path as a word of a command line that can be copied into a shell. */
export const quoted = (file: string): string => shellWord(file, path.sep);

/** Set by the program that the extension puts on a terminal's path (`extension/trainer/command-line.ts`). */
const calledAs = 'VIDEO_R1_CALLED_AS';

/**
 * @param modules folder of this file: in a source tree two below the program, in the packaged extension beside it
 * @param cwd where the person is; npx finds the tree's own program from inside it only, and asks the registry elsewhere
 */
export function programCall(modules: string, cwd: string, environment: NodeJS.ProcessEnv = {}): string {
  if (environment[calledAs]) return environment[calledAs];
  const inTree = path.resolve(modules, '../../video-r1.mjs');
  if (!existsSync(inTree)) {
    // VS Code's own executable is Node.js only when it is told to be.
    const asNode = process.versions.electron ? 'ELECTRON_RUN_AS_NODE=1 ' : '';
    return `${asNode}${quoted(process.execPath)} ${quoted(path.join(modules, 'main.js'))}`;
  }
  const below = path.relative(path.resolve(inTree, '../..'), cwd);
  const inside = below !== '..' && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below);
  return inside ? 'npx video-r1' : `node ${quoted(inTree)}`;
}

/** How the program is called in this terminal. */
export function callHere(): string {
  return programCall(import.meta.dirname, process.cwd(), process.env);
}

/** A text in which each `video-r1 COMMAND` is written so that it can be called here, but where it names the program alone. */
export function callable(text: string): string {
  const call = callHere();
  return text.replace(/(?<![\w/.\\-])(?<!(?:npx|of|Another) )video-r1 (?=[a-z-])/g, () => `${call} `);
}
