/**
 * What leaves the pages and leads into them, in VS Code's own window: links copied and opened, exports through its save dialog,
 * texts as documents, two runs side by side. The run is a short one of the sample's, so that answers and frames are real.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shownText } from '../../trainer/protocol/hostile-text.ts';
import { extensionId } from '../../trainer/protocol/place.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { RolloutsPage } from './harness/pages.ts';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { Workbench } from './harness/workbench.ts';

interface Exported {
  readonly id: string;
  readonly text: string;
}

describe('links, exports and documents in the window', () => {
  let project: { folder: string; remove(): Promise<void> };
  let window: Workbench;
  let rollouts: RolloutsPage;
  let link = '';
  let exported: Exported[] = [];

  beforeAll(async () => {
    project = await sampleProject();
    const trainer = await TrainerProcess.start(project.folder);
    const client = await trainer.connect();
    for (const _ of [1, 2]) {
      const runId = await client.create('sft.run.json', { questionsPerStep: 2, evaluationQuestions: 2, steps: 40 });
      await client.command(runId, { kind: 'step', count: 2 });
      await client.until(runId, 'state', ({ run }) => run.state === 'paused' && run.step === 2);
      await client.command(runId, { kind: 'stop', when: 'now' });
    }
    client.close();
    await trainer.stop();
    window = await Workbench.open({ folder: project.folder, vsix: process.env.VIDEO_R1_VSIX });
    rollouts = new RolloutsPage(window);
  }, 300_000);
  afterAll(async () => {
    await window?.close();
    await project?.remove();
  });
  pictureOnFailure(() => window);

  const clipboard = () => window.page.evaluate(() => navigator.clipboard.readText());
  const selected = () => rollouts.rows.and(window.webview().locator('[aria-selected=true]'));
  const selectedId = async () => (await selected().getAttribute('id'))?.slice('row-'.length);

  test('y copies the link of the answer that is read, and says so', async () => {
    await window.run('Video-R1: Open Rollouts');
    await rollouts.open();
    await rollouts.rows.nth(1).click();
    await rollouts.rows.nth(1).and(selected()).waitFor();
    await window.page.keyboard.press('y');
    await window.webview().getByRole('status').filter({ hasText: 'Link copied.' }).waitFor();
    link = await clipboard();
    const [, place] = link.split(`://${extensionId}/`);
    expect(place).toMatch(
      new RegExp(`^${path.basename(project.folder)}/sft-2/rollouts\\?step=\\d+&rollout=${await selectedId()}$`),
    );
  });

  test('a selection is exported as JSON lines through the save dialog, as the list has it', async () => {
    const first = await Promise.all([0, 1, 2].map((at) => rollouts.rows.nth(at).getAttribute('id')));
    const file = await exportAs('JSONL', 'jsonl');
    exported = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Exported);
    expect(exported.map(({ id }) => `row-${id}`)).toEqual(first);
  });

  test('and as a page to read, with its frames', async () => {
    const page = await readFile(await exportAs('Page to read', 'html'), 'utf8');
    for (const { id } of exported) expect(page).toContain(`<code>${id}</code>`);
    expect(page).toContain('src="data:image/png;base64,');
    expect(page).not.toContain('<script');
  });

  /** By key, the first three, to a file of the project. */
  async function exportAs(form: string, ending: string): Promise<string> {
    const file = path.join(project.folder, `chosen.${ending}`);
    await window.tab('Video-R1 Rollouts').click();
    await rollouts.rows.first().click();
    await window.page.keyboard.press('E');
    const menu = window.webview().getByRole('dialog', { name: 'Export' });
    await menu.getByRole('textbox', { name: /How many/ }).fill('3');
    await menu.getByText(form, { exact: true }).click();
    await window.saveAs(file, `sft-2-rollouts.${ending}`);
    await window.statusBarItem(`Rollouts of sft-2 exported to ${file}`).waitFor();
    return file;
  }

  test('an answer opens as a document with its text as it is', async () => {
    await rollouts.rows.first().click();
    const id = await selectedId();
    const text = exported.find((one) => one.id === id)?.text ?? '';
    expect(text).not.toBe('');
    await window.webview().getByRole('button', { name: 'Open the answer as a document' }).click();
    await window.tab(`${id} completion`).waitFor();
    const editor = window.page.locator('.editor-instance .monaco-editor').last();
    await editor.click();
    await window.page.keyboard.press('ControlOrMeta+a');
    await window.page.keyboard.press('ControlOrMeta+c');
    // What would deceive is shown as its code.
    await window.until(
      async () => (await clipboard()) === shownText(text),
      'the text to be that of the answer',
      10_000,
    );
    await window.statusBarItem('Plain Text').waitFor();
  });

  test('a link that is opened shows its place, from wherever one is', async () => {
    await window.run('View: Close All Editors');
    await window.tab('Video-R1 Rollouts').waitFor({ state: 'detached' });
    await openLink(link);
    await rollouts.open();
    const id = /rollout=([^&]+)/.exec(link)?.[1];
    await window.webview().locator(`[id="row-${id}"][aria-selected=true]`).waitFor();

    const other = link.replace(/rollouts\?.*/, 'rollouts?query=half:ordered%20step~3e0');
    await openLink(other.replace('sft-2', 'sft-1'));
    await window.webview().getByRole('heading', { name: 'Rollouts of sft-1' }).waitFor({ state: 'attached' });
    expect(
      await window
        .webview()
        .getByRole('combobox', { name: /^Filter/ })
        .inputValue(),
    ).toBe('half:ordered step>0');

    await openLink(link.replace('sft-2', 'sft-9'));
    await window.notification(/The link leads to the run sft-9, which is not in .* there are sft-2, sft-1/).waitFor();
  });

  /**
   * As the system hands a link to VS Code. A browser hands none to the server, so that the window's own command does, which
   * goes the same way from there: the editor asks, and calls the extension.
   */
  async function openLink(address: string): Promise<void> {
    await window.run('Developer: Open URL');
    await window.enter(address);
    await window.dialog.filter({ hasText: 'to open this URI' }).getByRole('button', { name: 'Open' }).click();
  }

  test('Compare with… of a run in the view opens it beside the other one', async () => {
    await window.openView();
    await window.treeRow(/^\s*sft-1/).click({ button: 'right' });
    // The menu takes no click just after it opened.
    await window.page.getByRole('menuitem', { name: 'Compare with…' }).hover();
    await window.page.keyboard.press('Enter');
    await window.tab('Video-R1 Rollouts').waitFor();
    const compared = window.webview();
    await compared.getByRole('heading', { name: /sft-1/ }).first().waitFor({ state: 'attached' });
    await compared.getByRole('combobox', { name: 'The other run (+)' }).filter({ hasText: 'sft-2' }).waitFor();
  });
});
