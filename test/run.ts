/**
 * `npm test`: types, lint, unit with the check of who may import whom, integration, the pages in a browser, and the extension
 * in VS Code, one after the other. Ends with one line: `N passed, N failed`. Names on the command line pick stages.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules', '.bin');

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One line for each failed test; said again at the end, where a long log is read first. */
  readonly failures: readonly string[];
  /** The same for tests that passed only at the second try: their files are run once more, and they are said to have done so. */
  readonly unsteady: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly what: string;
  run(scratch: string): Promise<Counts>;
}

function execute(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  out: number | 'inherit' = 'inherit',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', out, out],
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`, ...env },
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** A check that passes or fails as a whole. */
async function check(command: string, args: readonly string[]): Promise<Counts> {
  const code = await execute(path.join(bin, command), args);
  return code === 0
    ? { passed: 1, failed: 0, skipped: 0, failures: [], unsteady: [] }
    : { passed: 0, failed: 1, skipped: 0, failures: [`${command} ended with code ${code}`], unsteady: [] };
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

interface Failure {
  readonly test: string;
  readonly message: string;
}

const lineOf = ({ test, message }: Failure): string => `${test}: ${message}`;

interface Outcome extends Pick<Counts, 'passed' | 'failed' | 'skipped'> {
  readonly failures: readonly Failure[];
  /** Files that hold a failed test; null when vitest left no report of them. */
  readonly failedFiles: readonly string[] | null;
}

const roomInMemory = 6e9;

/**
 * A folder for what tests write, in memory where there is room: every step of a run is synchronised to the disk, and a disk that
 * others use takes many milliseconds for it.
 */
async function memoryFolder(): Promise<string | null> {
  const shared = '/dev/shm';
  const room = await statfs(shared).catch(() => null);
  if (process.platform !== 'linux' || room === null || room.bavail * room.bsize < roomInMemory) return null;
  const folder = await mkdtemp(path.join(shared, 'video-r1-test-')).catch(() => null);
  // Other users reach what lies below, as under the system's own folder: tests of their rights run as one.
  if (folder !== null) await chmod(folder, 0o755);
  return folder;
}

/** Runs a vitest project, or some of its files; a run that ends without a report, or with no test in it, is a failure. */
async function vitestOnce(project: string, report: string, files: readonly string[]): Promise<Outcome> {
  const code = await execute(
    path.join(bin, 'vitest'),
    [
      ...['run', '--config', 'test/vitest.config.ts', '--project', project],
      ...['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${report}`, ...files],
    ],
    {
      // The program is started many hundred times: what Node makes of its files is kept.
      NODE_COMPILE_CACHE: path.join(inMemory ?? path.dirname(report), 'compiled'),
      ...(inMemory !== null && { TMPDIR: inMemory }),
    },
  );
  const text = await readFile(report, 'utf8').catch(() => null);
  if (text === null)
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [{ test: project, message: 'vitest left no report' }],
      failedFiles: null,
    };
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(text) as Report;
  const firstLine = (text: string | undefined, otherwise: string): string => text?.split('\n')[0] ?? otherwise;
  const failures = testResults.flatMap((file): Failure[] => {
    const name = path.relative(root, file.name);
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    // A file can fail outside its tests, such as at an import.
    if (file.status === 'failed' && failed.length === 0)
      return [{ test: name, message: firstLine(file.message, 'it failed') }];
    return failed.map((test) => ({
      test: `${name}: ${test.fullName}`,
      message: firstLine(test.failureMessages?.[0], ''),
    }));
  });
  if (failures.length === 0 && code !== 0) failures.push({ test: project, message: `vitest ended with code ${code}` });
  if (failures.length === 0 && numPassedTests === 0) failures.push({ test: project, message: 'there was no test' });
  return {
    passed: numPassedTests,
    failed: Math.max(numFailedTests, failures.length),
    skipped: numPendingTests,
    failures,
    failedFiles: testResults.filter(({ status }) => status === 'failed').map(({ name }) => name),
  };
}

/** More failed files than this are no accident of timing. */
const mostFilesTriedAgain = 2;

/**
 * A vitest project. Tests that drive processes, sockets and browsers on a busy machine can fail once in hundreds of runs;
 * the files of such a failure are run a second time. What fails twice has failed; what passes then is named all the same.
 */
async function vitest(project: string, scratch: string): Promise<Counts> {
  const first = await vitestOnce(project, path.join(scratch, `${project}.json`), []);
  const files = first.failedFiles ?? [];
  if (first.failed === 0 || files.length === 0 || files.length > mostFilesTriedAgain)
    return { ...first, failures: first.failures.map(lineOf), unsteady: [] };
  process.stdout.write(
    `\n${first.failed} failed; ${files.length === 1 ? 'the file is' : 'the files are'} run again.\n`,
  );
  const second = await vitestOnce(project, path.join(scratch, `${project}-again.json`), files);
  const failedAgain = new Set(second.failures.map(({ test }) => test));
  const unsteady =
    second.failedFiles === null ? [] : first.failures.filter(({ test }) => !failedAgain.has(test)).map(lineOf);
  const mended = Math.max(0, first.failed - second.failed);
  return {
    passed: first.passed + mended,
    failed: first.failed - mended,
    skipped: first.skipped,
    failures: second.failures.map(lineOf),
    unsteady,
  };
}

/** On CI the engines are held to transformers and to verl; where they can't be installed the tests skip and say why. */
async function preparePythons(scratch: string): Promise<void> {
  for (const name of ['python', 'verl']) {
    const log = path.join(scratch, `${name}.log`);
    const out = openSync(log, 'a');
    const code = await execute(process.execPath, [path.join(import.meta.dirname, 'fidelity', `${name}.ts`)], {}, out);
    closeSync(out);
    if (code !== 0) process.stdout.write(`\nIt can't be installed here: ${await readFile(log, 'utf8')}\n`);
  }
}

const stages: readonly Stage[] = [
  { name: 'types', what: 'tsc, strict', run: () => check('tsc', ['-p', '.']) },
  {
    name: 'lint',
    what: 'biome: lint and format',
    run: () => check('biome', ['check', '--error-on-warnings', '.']),
  },
  { name: 'unit', what: 'the parts by themselves, and who imports whom', run: (scratch) => vitest('unit', scratch) },
  {
    name: 'integration',
    what: 'a trainer process over a socket, and checkpoints in transformers',
    run: async (scratch) => {
      await pythons;
      return vitest('integration', scratch);
    },
  },
  { name: 'e2e', what: 'the pages in a browser', run: (scratch) => vitest('e2e', scratch) },
  { name: 'workbench', what: 'the extension in VS Code', run: (scratch) => vitest('workbench', scratch) },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  process.stderr.write(`There is no stage ${unknown.join(', ')}: ${stages.map((stage) => stage.name).join(', ')}.\n`);
  process.exit(2);
}

const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-test-'));
const inMemory = await memoryFolder();
const isWanted = ({ name }: Stage): boolean => wanted.length === 0 || wanted.includes(name);
/** Fetched while the stages before it run. */
const pythons =
  process.env.CI === 'true' && stages.some((stage) => stage.name === 'integration' && isWanted(stage))
    ? preparePythons(scratch)
    : undefined;
const total = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
const failures: string[] = [];
const unsteady: string[] = [];
for (const stage of stages) {
  if (!isWanted(stage)) continue;
  process.stdout.write(`\n=== ${stage.name}: ${stage.what}\n`);
  const started = performance.now();
  const counts = await stage.run(scratch);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  failures.push(...counts.failures.map((line) => `${stage.name}: ${line}`));
  unsteady.push(...counts.unsteady.map((line) => `${stage.name}: ${line}`));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  lines.push(
    `${stage.name.padEnd(12)} ${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''} in ${seconds} s`,
  );
}
for (const folder of [scratch, inMemory]) if (folder !== null) await rm(folder, { recursive: true, force: true });
if (unsteady.length > 0)
  process.stdout.write(`\nPassed at the second try only:\n${unsteady.map((line) => `  ${line}`).join('\n')}\n`);
if (failures.length > 0) process.stdout.write(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}\n`);
process.stdout.write(
  `\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`,
);
process.exitCode = total.failed === 0 ? 0 : 1;
