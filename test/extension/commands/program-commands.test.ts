/** The commands that call the extension's own program: a terminal that finds it, and an export that it writes. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { auditDataset } from '../../../extension/commands/audit-dataset.ts';
import { exportChosen, exportRun } from '../../../extension/commands/export-run.ts';
import { openTerminal } from '../../../extension/commands/open-terminal.ts';
import { setUpVerl } from '../../../extension/commands/set-up-verl.ts';
import { NotTrusted } from '../../../extension/preconditions.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { runOf } from '../trainer/fake-trainer.ts';

const call = promisify(execFile);

/** An installed extension whose program writes its arguments where `--out` says. */
function installedExtension(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-installed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'dist/trainer'), { recursive: true });
  writeFileSync(path.join(folder, 'dist/package.json'), '{"type": "commonjs"}');
  writeFileSync(
    path.join(folder, 'dist/trainer/main.js'),
    `const args = process.argv.slice(2);
     const out = args.indexOf('--out');
     const folder = args.indexOf('--folder');
     if (args[0] === 'audit') {
       require('node:fs').writeFileSync(args[folder + 1] + '/asked.json', JSON.stringify(args));
       console.log(JSON.stringify({ type: 'progress', done: 32, total: 64, what: 'eval' }));
       console.log(JSON.stringify({ type: 'done' }));
     } else if (args[0] === 'setup') {
       require('node:fs').writeFileSync(__dirname + '/asked.json', JSON.stringify(args));
       console.log(JSON.stringify({ type: 'progress', done: 5e6, total: 2e7, what: 'Fetching torch.whl' }));
       console.log(JSON.stringify({ type: 'done' }));
     } else if (out < 0) console.log('called as ' + process.env.VIDEO_R1_CALLED_AS + ' ' + args.join(' '));
     else {
       require('node:fs').writeFileSync(args[out + 1], JSON.stringify(args));
       console.log(JSON.stringify({ type: 'done' }));
     }`,
  );
  return folder;
}

async function studioWithProgram() {
  const trainer = await fakeTrainer();
  trainer.runs = [runOf()];
  const extension = installedExtension();
  const studio = studioOn(trainer.project, extension);
  await studio.attach();
  return { studio, project: trainer.project, extension };
}

test.skipIf(process.platform === 'win32')('the terminal starts in the project and finds video-r1', async () => {
  const { studio, project } = await studioWithProgram();
  await openTerminal(studio);
  const [{ options, sent } = expect.fail('no terminal was opened')] = editor.terminals;
  expect(sent).toEqual(['video-r1 --help']);
  expect(options.cwd).toBe(project);
  const { stdout } = await call('/bin/sh', ['-c', sent[0] ?? ''], { env: { ...process.env, ...options.env } });
  expect(stdout).toBe('called as video-r1 --help\n');
});

test('no terminal is opened, and nothing written, in a folder that is not trusted', async () => {
  const { studio } = await studioWithProgram();
  editor.trusted = false;
  await expect(openTerminal(studio)).rejects.toThrow(NotTrusted);
  expect(editor.terminals).toEqual([]);
});

test('an export has the program write what was picked to the file that was named', async () => {
  const { studio, project } = await studioWithProgram();
  const file = path.join(project, 'out.parquet');
  editor.chosenFile = file;
  await exportRun(studio);
  expect(editor.picks.at(-1)?.[0]?.label).toBe('Rollouts');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
    ...['export', 'r1', 'rollouts', '--folder', project, '--out', file, '--json-progress'],
  ]);
  expect(editor.done).toEqual([`$(check) r1 exported to ${file}`]);
});

test('an export without a file to write to does nothing', async () => {
  const { studio } = await studioWithProgram();
  await exportRun(studio);
  expect(editor.done).toEqual([]);
});

test("what a page's list holds goes to the file that is named, with its filter, order and limit", async () => {
  const { studio, project } = await studioWithProgram();
  const file = path.join(project, 'worst.html');
  const asked = {
    command: 'export-rollouts',
    runId: 'r1',
    selection: { query: '-x "a b"', sort: { by: 'length', descending: true }, limit: 20 },
    form: 'html',
  } as const;
  await exportChosen(studio, asked);
  expect(editor.done).toEqual([]);
  editor.chosenFile = file;
  await exportChosen(studio, asked);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
    ...['export', 'r1', '--query=-x "a b"', '--sort=-length', '--limit', '20'],
    ...['--format', 'html', '--folder', project, '--out', file, '--json-progress'],
  ]);
  expect(editor.done).toEqual([`$(check) Rollouts of r1 exported to ${file}`]);
  await expect(exportChosen(studio, { ...asked, runId: 'gone' })).rejects.toThrow('There is no run gone any more.');
});

test('an audit asks for a dataset, those of runs first, has the program do it, and shows the page', async () => {
  const { studio, project } = await studioWithProgram();
  await auditDataset(studio);
  const labels = editor.picks.at(-1)?.map(({ label }) => label);
  expect(labels).toEqual(['$(table) d', '$(folder-opened) Another file…']);
  expect(JSON.parse(readFileSync(path.join(project, 'asked.json'), 'utf8'))).toEqual([
    ...['audit', path.join(project, 'd'), '--checkpoint', 'r1', '--folder', project, '--json-progress'],
  ]);
  expect(editor.done).toEqual(['$(check) d audited by r1']);
  expect(editor.panels).toHaveLength(1);
});

test('no audit is begun in a folder that is not trusted', async () => {
  const { studio, project } = await studioWithProgram();
  editor.trusted = false;
  await expect(auditDataset(studio)).rejects.toThrow(NotTrusted);
  expect(existsSync(path.join(project, 'asked.json'))).toBe(false);
});

test('the verl engine is set up after it was said what that is, for GPUs first', async () => {
  const { studio, extension } = await studioWithProgram();
  const asked = path.join(extension, 'dist/trainer/asked.json');
  await expect(setUpVerl(studio)).rejects.toThrow();
  expect(existsSync(asked)).toBe(false);
  editor.presses = ['Set Up'];
  await setUpVerl(studio);
  expect(editor.picks.at(-1)?.map(({ label }) => label)).toEqual(['For NVIDIA GPUs', 'For the CPU']);
  expect(JSON.parse(readFileSync(asked, 'utf8'))).toEqual(['setup', 'verl', '--yes', '--json-progress']);
  expect(editor.done).toEqual(['$(check) The verl engine is set up']);
  editor.trusted = false;
  await expect(setUpVerl(studio)).rejects.toThrow(NotTrusted);
});
