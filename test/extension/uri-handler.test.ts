/** Links into the editor, in the stand-in for it: what they name is looked up, and nothing of them is believed. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Pointing } from '../../extension/panels/page-panel.ts';
import { pagePanels } from '../../extension/panels/page-panels.ts';
import { registerUriHandler } from '../../extension/uri-handler.ts';
import { editorLink, type Place, projectName } from '../../trainer/protocol/place.ts';
import { editor } from './fake-vscode.ts';
import { fakeTrainer, studioOn } from './studios.ts';
import { runOf } from './trainer/fake-trainer.ts';

async function window(trusted = true) {
  const trainer = await fakeTrainer();
  trainer.runs = [runOf({ id: 'sft-1' }), runOf({ id: 'tgrpo-1' })];
  const studio = studioOn(trainer.project);
  editor.trusted = trusted;
  registerUriHandler(studio);
  const shown: Pointing[] = [];
  pagePanels(studio).show = (place) => void shown.push(place);
  const name = projectName(trainer.project);
  const open = (link: string) => editor.openLink?.(link) ?? Promise.reject(new Error('no handler'));
  const link = (place: Partial<Place>, project: string = name) =>
    editorLink({ project, place: { page: 'rollouts', ...place } });
  return { trainer, studio, shown, name, open, link };
}

function emptyFolder(name: string): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'video-r1-uri-')), name);
  mkdirSync(folder);
  onTestFinished(() => rmSync(path.dirname(folder), { recursive: true, force: true }));
  return folder;
}

test('a link shows its place, of the trainer that it attaches to', async () => {
  const { shown, open, link, studio } = await window();
  const place = {
    page: 'rollouts',
    runId: 'tgrpo-1',
    rolloutId: 's3-g0-o1',
    query: 'correct:false & "100 %"',
  } as const;
  await open(link(place));
  expect(studio.trainerState).toBe('connected');
  expect(shown).toEqual([place]);
  expect(editor.messages).toEqual([]);
});

test('a project is found among the folders of the workspace by its name, and of two by the run', async () => {
  const { shown, studio, trainer, link, open } = await window();
  editor.otherFolders = [trainer.project];
  editor.folder = emptyFolder('elsewhere');
  await open(link({ runId: 'sft-1' }));
  expect(studio.project).toBe(trainer.project);
  expect(shown).toHaveLength(1);

  const twin = emptyFolder(projectName(trainer.project));
  mkdirSync(path.join(twin, '.video-r1', 'runs', 'only-here'), { recursive: true });
  editor.otherFolders = [trainer.project, twin];
  studio.trainer = () => Promise.reject(new Error('stop here'));
  await open(link({ runId: 'only-here' }));
  expect(studio.project).toBe(twin);
});

test('an unknown project gets a sentence that says what is open, and nothing is attached to', async () => {
  const { shown, open, link, trainer, name, studio } = await window();
  editor.presses = ['Open Folder…'];
  await open(link({ runId: 'sft-1' }, '[x](command:workbench.action.quit)'));
  expect(editor.messages).toEqual([
    [
      `The link leads to the project [x] (command:workbench.action.quit), which is not open in this window: it has ${name}. Open its folder, then the link again.`,
      'Open Folder…',
    ],
  ]);
  expect(editor.executed).toEqual([['workbench.action.files.openFolder']]);
  expect([shown, trainer.accepted, studio.trainerState]).toEqual([[], 0, 'none']);
});

test('an unknown run gets a sentence that says which there are', async () => {
  const { shown, open, link, name } = await window();
  await open(link({ runId: 'tgrpo-2' }));
  expect(editor.messages).toEqual([
    [`The link leads to the run tgrpo-2, which is not in ${name}: there are sft-1, tgrpo-1; the nearest is tgrpo-1.`],
  ]);
  await open(link({ runId: '../../../etc/passwd' }));
  expect(editor.messages.at(-1)?.[0]).toContain('the run ../../../etc/passwd, which is not in');
  expect(shown).toEqual([]);
});

test('in a folder that is not trusted a link asks for trust, starts nothing, and is followed once there is trust', async () => {
  const { shown, open, link, trainer, studio } = await window(false);
  const elsewhere = emptyFolder('elsewhere');
  editor.folder = elsewhere;
  editor.otherFolders = [trainer.project];
  editor.presses = ['Manage Workspace Trust'];
  await open(link({ runId: 'sft-1' }));
  expect(editor.messages.at(-1)).toEqual([expect.stringContaining('not trusted'), 'Manage Workspace Trust']);
  expect(editor.executed).toEqual([['workbench.trust.manage']]);
  expect([shown, trainer.accepted, studio.project]).toEqual([[], 0, elsewhere]);
  editor.trusted = true;
  const attached = trainer.until(() => trainer.accepted > 0);
  editor.trustGranted.fire();
  await attached;
  while (shown.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(shown).toEqual([{ page: 'rollouts', runId: 'sft-1' }]);
});

test.each([
  ['of no page', '/p/r-1/settings', 'names no page'],
  ['with a command', '/p/r-1/rollouts?command=workbench.action.quit', 'knows no part "command"'],
  ['that is overlong', `/p/r-1/rollouts?query=${'a'.repeat(120_000)}`, 'more than the 114000'],
  ['that can not be read', '/p/r-1/rollouts?query=~zz', 'can not be read'],
])('a link %s is refused with what is wrong, before anything is looked for', async (_what, rest, words) => {
  const { shown, open, trainer } = await window();
  await open(`vscode://video-r1-studio.video-r1-studio${rest}`);
  expect(editor.messages).toHaveLength(1);
  expect(editor.messages[0]?.[0]).toContain(words);
  expect([shown, trainer.accepted]).toEqual([[], 0]);
});

test('where no trainer is at work, one is started', async () => {
  const { shown, open, link, studio } = await window();
  let started = 0;
  const real = studio.trainer.bind(studio);
  studio.trainer = () => {
    started += 1;
    return real();
  };
  await open(link({}));
  expect([started, shown]).toEqual([1, [{ page: 'rollouts' }]]);
});
