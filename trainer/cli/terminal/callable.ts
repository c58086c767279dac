/** How this command line is called from where it was called: hints say `video-r1 …`, which stands in no PATH. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const quoted = (file: string) => (/[^\w./:\\-]/.test(file) ? `"${file}"` : file);

/**
 * @param modules folder of this file: in a source tree two below the program, in the packaged extension beside it
 * @param cwd where the person is; npx finds the tree's own program from inside it only, and asks the registry elsewhere
 */
export function programCall(modules: string, cwd: string): string {
  const inTree = path.resolve(modules, '../../video-r1.mjs');
  if (!existsSync(inTree)) return `${quoted(process.execPath)} ${quoted(path.join(modules, 'main.js'))}`;
  const below = path.relative(path.resolve(inTree, '../..'), cwd);
  const inside = below !== '..' && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below);
  return inside ? 'npx video-r1' : `node ${quoted(inTree)}`;
}

/** A text in which each `video-r1 COMMAND` is written so that it can be called here, but where it names the program alone. */
export function callable(text: string): string {
  const call = programCall(import.meta.dirname, process.cwd());
  return text.replace(/(?<![\w/.\\-])(?<!(?:npx|of|Another) )video-r1 (?=[a-z-])/g, () => `${call} `);
}
