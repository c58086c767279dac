/** What a page asks of the editor, and that opening one asks for a trainer: in the stand-in for the editor. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type * as vscode from 'vscode';
import { openRollouts } from '../../../extension/commands/pages.ts';
import { PagePanel } from '../../../extension/panels/page-panel.ts';
import { pagePanels } from '../../../extension/panels/page-panels.ts';
import type { Studio } from '../../../extension/studio.ts';
import type { HostToPage, PageToHostInput } from '../../../trainer/protocol/webview-messages.ts';
import { hostileCompletions } from '../../fixtures/hostile-completions.ts';
import { EventEmitter, editor, TabInputWebview, Uri } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { runOf } from '../trainer/fake-trainer.ts';

type Status = Extract<HostToPage, { type: 'status' }>;

/** A panel whose page the test plays. */
function openPage(studio: Studio) {
  const fromPage = new EventEmitter<unknown>();
  const statuses: Status[] = [];
  const answers: HostToPage[] = [];
  const shown: unknown[] = [];
  const posted = new EventEmitter<void>();
  const webview = {
    html: '',
    cspSource: '',
    asWebviewUri: (uri: Uri) => uri,
    onDidReceiveMessage: fromPage.event,
    postMessage: async (message: HostToPage) => {
      if (message.type === 'status') statuses.push(message);
      else answers.push(message);
      posted.fire();
      return true;
    },
  };
  const changed = new EventEmitter<unknown>();
  const panel = { webview, visible: true, onDidChangeViewState: changed.event };
  const see = (visible: boolean) => {
    panel.visible = visible;
    changed.fire(undefined);
  };
  const content = new PagePanel(
    studio,
    'dashboard',
    panel as unknown as vscode.WebviewPanel,
    Uri.file(assets()) as unknown as vscode.Uri,
    (place) => void shown.push(place),
  );
  onTestFinished(() => content.dispose());
  const send = (message: PageToHostInput) => fromPage.fire(message);
  const until = async (holds: () => boolean) => {
    while (!holds())
      await new Promise<void>((resolve) => {
        const waiting = posted.event(() => {
          waiting.dispose();
          resolve();
        });
      });
  };
  send({ type: 'ready' });
  return { content, see, statuses, answers, shown, send, until, last: () => statuses.at(-1) };
}

function emptyFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with what a page is built to. */
function assets(): string {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, 'page.html'), '<!doctype html><html><head></head><body></body></html>');
  return folder;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('opening a page', () => {
  test('takes the place of its own tab that a reload of the window has left unread behind others', () => {
    const studio = studioOn(emptyFolder());
    const tab = (page: string) => ({
      input: new TabInputWebview(`mainThreadWebview-videoR1.${page}`),
      group: { viewColumn: 2 },
    });
    const [dashboard, rollouts] = [tab('dashboard'), tab('rollouts')];
    editor.tabs = [dashboard, rollouts, { input: undefined, group: { viewColumn: 1 } }];
    pagePanels(studio).show({ page: 'dashboard' });
    expect(editor.panels).toEqual([2]);
    expect(editor.tabs).toHaveLength(2);
    expect(editor.tabs).not.toContain(dashboard);
    pagePanels(studio).show({ page: 'dashboard' });
    expect(editor.panels).toEqual([2]);
  });
});

test('a run is in sight where a page that can be seen says that it shows it', () => {
  const { content, see, send } = openPage(studioOn(emptyFolder()));
  expect(content.hasInSight('r1')).toBe(false);
  send({ type: 'shows', runId: 'r1' });
  expect([content.hasInSight('r1'), content.hasInSight('r2')]).toEqual([true, false]);
  see(false);
  expect(content.hasInSight('r1')).toBe(false);
  // The page is made anew, and says what it shows once that is there.
  see(true);
  expect(content.hasInSight('r1')).toBe(false);
  send({ type: 'shows', runId: 'r2' });
  expect(content.hasInSight('r2')).toBe(true);
});

describe('a page that asks for another page', () => {
  test('about a run that is over has that run shown, not the one that trains', async () => {
    const trainer = await fakeTrainer();
    trainer.runs = [runOf({ id: 'over', standing: { state: 'completed' } }), runOf({ id: 'trains' })];
    const studio = studioOn(trainer.project);
    const page = openPage(studio);
    await page.until(() => page.last()?.state === 'open');
    page.send({ type: 'run-command', command: 'open-rollouts', runId: 'over' });
    await settled();
    expect(editor.executed).toEqual([['videoR1.openRollouts', { runId: 'over' }]]);

    // What that command makes of its argument.
    const shown: unknown[] = [];
    pagePanels(studio).show = (show) => void shown.push(show);
    await openRollouts(studio, editor.executed[0]?.[1]);
    await openRollouts(studio);
    expect(shown).toEqual([
      { page: 'rollouts', runId: 'over' },
      { page: 'rollouts', runId: 'trains' },
    ]);
  });

  test('has each of its commands done by one of ours', async () => {
    const trainer = await fakeTrainer();
    const page = openPage(studioOn(trainer.project));
    page.send({ type: 'run-command', command: 'open-dashboard' });
    page.send({ type: 'run-command', command: 'show-log' });
    page.send({ type: 'run-command', command: 'show-problems' });
    page.send({ type: 'run-command', command: 'start-run' });
    await settled();
    expect(editor.executed).toEqual([
      ['videoR1.openDashboard'],
      ['videoR1.showLog'],
      ['videoR1.showLog'],
      ['videoR1.startRun'],
    ]);
  });
});

describe('a page that gives something away', () => {
  test('is told that it was copied, or why not', async () => {
    const page = openPage(studioOn(emptyFolder()));
    page.send({ type: 'copy', text: 'a' });
    await page.until(() => page.answers.length === 1);
    expect(editor.copied).toBe('a');
    editor.clipboardFault = new Error('no clipboard');
    page.send({ type: 'copy', text: 'b' });
    await page.until(() => page.answers.length === 2);
    expect(page.answers).toEqual([{ type: 'copied' }, { type: 'copied', fault: 'no clipboard' }]);
  });

  test('has a text opened as plain text: hostile text stays text, and names no file', async () => {
    const page = openPage(studioOn(emptyFolder()));
    for (const { text } of hostileCompletions) page.send({ type: 'open-document', title: text, text });
    while (editor.documents.length < hostileCompletions.length) await settled();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
    const concealed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;
    for (const [i, { name, language, text }] of editor.documents.entries()) {
      expect(language).toBe('plaintext');
      expect(name).toMatch(/^\/\d+\/[\p{L}\p{N} -]+$/u);
      expect(text, hostileCompletions[i]?.tries).not.toMatch(concealed);
    }
    expect(editor.documents[0]?.text).toBe('<script>document.title="hacked"</script>');
    expect(editor.documents.find(({ text }) => text.includes('si ti'))?.text).toBe(
      'The answer is \\u202eB ton si ti\\u202c, surely.',
    );
  });

  test('has another panel show a place', async () => {
    const page = openPage(studioOn(emptyFolder()));
    const place = { page: 'rollouts', runId: 'r-1', rolloutId: 's1-g0-o0' } as const;
    page.send({ type: 'run-command', command: 'open-place', place, by: 'ada' });
    await settled();
    expect(page.shown).toEqual([{ ...place, by: 'ada' }]);
  });
});

describe('opening a page', () => {
  test('attaches to the trainer that is at work, so that runs can be read', async () => {
    const trainer = await fakeTrainer();
    const studio = studioOn(trainer.project);
    const page = openPage(studio);
    await page.until(() => page.last()?.state === 'open');
    expect(studio.trainerState).toBe('connected');
  });

  test('starts one where none is, and says why when that fails', async () => {
    const page = openPage(studioOn(emptyFolder()));
    expect(page.statuses[0]?.state).toBe('starting');
    await page.until(() => page.last()?.state === 'gone');
    // The stand-in's extension has no program.
    expect(page.last()?.reason).toContain('lacks its trainer program');
    expect(editor.messages).toEqual([]);
  });

  test('starts nothing in a folder that is not trusted, says so with what to do, and goes on once it is', async () => {
    const trainer = await fakeTrainer();
    const studio = studioOn(trainer.project);
    editor.trusted = false;
    const page = openPage(studio);
    expect(page.last()).toMatchObject({ state: 'gone', reason: expect.stringMatching(/not trusted.*Trust it/) });
    await settled();
    expect(trainer.accepted).toBe(0);
    editor.trusted = true;
    editor.trustGranted.fire();
    await page.until(() => page.last()?.state === 'open');
  });

  test('without a folder says to open one', () => {
    const page = openPage(studioOn(undefined));
    expect(page.last()).toMatchObject({ state: 'gone', reason: expect.stringContaining('No folder is open') });
  });

  test('says that the start was cancelled, and starts again when the page asks', async () => {
    const trainer = await fakeTrainer();
    const { project } = trainer;
    await trainer.end();
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    const studio = studioOn(project);
    const script = path.join(emptyFolder(), 'never-listens.cjs');
    writeFileSync(script, 'setInterval(() => {}, 1000)');
    studio.program = async () => ({
      node: process.execPath,
      script,
      environment: process.env,
      options: [],
      serving: [],
    });
    let cancel = () => {};
    const offered = new Promise<void>((resolve) => {
      editor.onProgress = (act) => {
        cancel = act;
        resolve();
      };
    });
    const page = openPage(studio);
    await offered;
    cancel();
    await page.until(() => page.last()?.state === 'gone');
    expect(page.last()?.reason).toBe('The start of the trainer was cancelled.');
    await trainer.listen();
    page.send({ type: 'run-command', command: 'start-trainer' });
    await page.until(() => page.last()?.state === 'open');
  });
});
