/** The command line `video-r1` of an installed extension: a small program that a terminal finds, and that calls the trainer's. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TrainerProgram } from './program.ts';

/** Tells the program how it is called where it was called, for its hints. `trainer/cli/terminal/callable.ts` reads it. */
const calledAs = 'VIDEO_R1_CALLED_AS=video-r1';

const quoted = (file: string) => `'${file.replaceAll("'", "'\\''")}'`;

/** Writes `video-r1` into a folder, for shells and for Windows; VS Code's own executable runs it as Node.js. */
export function writeCommandLine(folder: string, { node, script }: Pick<TrainerProgram, 'node' | 'script'>): void {
  mkdirSync(folder, { recursive: true });
  const shell = path.join(folder, 'video-r1');
  writeFileSync(shell, `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 ${calledAs} exec ${quoted(node)} ${quoted(script)} "$@"\n`);
  chmodSync(shell, 0o755);
  writeFileSync(
    path.join(folder, 'video-r1.cmd'),
    ['@echo off', 'setlocal', 'set ELECTRON_RUN_AS_NODE=1', `set ${calledAs}`, `"${node}" "${script}" %*`, ''].join(
      '\r\n',
    ),
  );
}

/** The variable that makes a terminal find programs of a folder first, under the name that the system gives it. */
export function pathWith(folder: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const name = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { [name]: [folder, environment[name]].filter(Boolean).join(path.delimiter) };
}
