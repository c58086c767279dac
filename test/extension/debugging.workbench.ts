/**
 * Training as it is debugged in VS Code by a new user: a run from the palette, a breakpoint that is hit, an answer left out of the open
 * update, another learning rate, on from there, a fork, and both runs in one chart. Each test goes on where the one before it ended.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { Workbench } from './harness/workbench.ts';

const longMs = 300_000;
const run = 'tgrpo-1';

describe('debugging a run in the window', () => {
  let project: { folder: string; remove(): Promise<void> };
  let window: Workbench;
  let dashboard: DashboardPage;

  beforeAll(async () => {
    project = await sampleProject();
    const trainer = await TrainerProcess.start(project.folder);
    const client = await trainer.connect();
    const learned = { steps: 20, evaluationQuestions: 1, evaluateEvery: 0, probeEvery: 0, checkpointEvery: 0 };
    const sft = await client.create('sft.run.json', learned);
    await client.command(sft, { kind: 'start' });
    await client.until(sft, 'state', (body) => body.run.state === 'completed');
    // Made and not begun: the palette starts it.
    const few = { questionsPerStep: 2, groupSize: 4, shuffledGroupSize: 2, maxNewTokens: 24, imageShare: 0, steps: 8 };
    await client.create('tgrpo.run.json', {
      ...few,
      evaluationQuestions: 1,
      checkpointEvery: 1,
      skipFlatGroups: false,
    });
    client.close();
    await trainer.stop();
    window = await Workbench.open({ folder: project.folder, vsix: process.env.VIDEO_R1_VSIX });
    dashboard = new DashboardPage(window);
  }, longMs);
  afterAll(async () => {
    await window?.close();
    await project?.remove();
  });
  pictureOnFailure(() => window);

  const page = () => window.webview();
  const standing = (text: RegExp) => window.statusBarItem(text).first().waitFor({ timeout: longMs });

  test('a breakpoint is set from the palette, which says what is wrong with a condition', {
    timeout: longMs,
  }, async () => {
    await window.run('Video-R1: Open Dashboard');
    await window.tab('Video-R1 Dashboard').waitFor({ timeout: longMs });
    await standing(/tgrpo-1 created/);
    await dashboard.open(run);
    await window.run('Video-R1: Add Breakpoint…');
    await window.pick(run);
    await window.pick('Type a condition');
    await window.type('any(lenth > 2)');
    await window.inputMessage.filter({ hasText: 'length' }).waitFor();
    await window.enter('any(length > 2)');
    await window.pick('before-update');
    await window.pick('Pause the run');
    await window.openView();
    await window.treeRow(/any\(length > 2\)/).waitFor({ timeout: longMs });
  });

  test('the run is started from the palette, hits it, and says where', { timeout: longMs }, async () => {
    await window.run('Video-R1: Start Created or Queued Run');
    await standing(/tgrpo-1 paused/);
    await dashboard.open(run);
    const notice = page().getByText(/hit at before-update, step 1/);
    await notice.waitFor({ timeout: longMs });
    /* Said once, where one looks. */
    expect(await window.notification(/hit at before-update/).count()).toBe(0);
    await page()
      .getByRole('button', { name: /^Open the group/ })
      .click();
    /* At this width the group is a row of chips, from which the open update is opened. */
    const chips = page().locator('[data-part=group-chips]');
    await chips.getByText('Open update').waitFor({ timeout: longMs });
    await chips.getByText('Open update').click();
    await page().locator('[data-part=open-group]').waitFor({ timeout: longMs });
  });

  test('an answer is left out of the update, with a reason', { timeout: longMs }, async () => {
    await new RolloutsPage(window).leaveAnswerOut('the label of this row is wrong');
    expect(await page().locator('[data-part=left-out]').textContent()).toContain('the label of this row is wrong');
  });

  test('a parameter that is set meanwhile waits for the next step, which goes on with it', {
    timeout: longMs,
  }, async () => {
    await window.run('Video-R1: Set Parameter…');
    await window.pick(run).catch(() => {});
    await window.pick(/^learning rate/);
    await window.enter('0.00005');
    await dashboard.open(run);
    await dashboard.command('set learning rate').filter({ hasText: 'scheduled' }).waitFor({ timeout: longMs });
    await window.run('Video-R1: One Step, Then Pause');
    await dashboard.command('set learning rate').filter({ hasText: 'applied' }).waitFor({ timeout: longMs });
    await dashboard.waitForCurve('Learning rate', 1);
    await window.run('Video-R1: Remove Breakpoint');
    await standing(/tgrpo-1 paused/);
  });

  test('a fork goes on from a checkpoint, and both runs stand in one chart', { timeout: longMs }, async () => {
    await window.run('Video-R1: Resume');
    await standing(/tgrpo-1 completed/);
    await window.run('Video-R1: Fork Run from Checkpoint…');
    await window.pick(run);
    await window.rows().first().click();
    await window.enter('forked');
    await standing(/forked-1 (running|completed)/);
    await dashboard.open('forked-1');
    await page().getByRole('button', { name: 'Overlay another run' }).click();
    await page()
      .getByRole('menuitemcheckbox', { name: new RegExp(run) })
      .click();
    const curves = page().getByRole('region', { name: 'Curves' });
    await window.until(async () => (await curves.textContent())?.includes(run) === true, 'the other run in the charts');
  });
});
