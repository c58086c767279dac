/**
 * A run of the verl engine on two ranks in VS Code by a new user: SFT from the palette, T-GRPO from its checkpoint, paused, steered
 * at the open group and read, on the screens of any run. Each test goes on where the one before it ended.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findVerl } from '../fidelity/verl.ts';
import { sampleProject } from '../integration/trainer-process.ts';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { Workbench } from './harness/workbench.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, the verl engine in the window: ${found.reason}.\n`);

const longMs = 240_000;

/** The sample's run files on this engine, with a model so small that their steps take about a second. */
function onTwoRanks(folder: string): void {
  const engine = { name: 'verl', device: 'cpu', ranks: 2, python: found.python };
  const size = {
    ...{ hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1 },
    ...{ intermediate_size: 128, vocab_size: 512, vision_hidden_size: 32, vision_depth: 2, vision_num_heads: 2 },
    vision_intermediate_size: 64,
  };
  const few = { evaluationQuestions: 1, evaluateEvery: 0, probeEvery: 0, checkpointEvery: 0, maxNewTokens: 24 };
  const answers = { questionsPerStep: 2, groupSize: 4, shuffledGroupSize: 2, imageShare: 0, skipFlatGroups: false };
  const changed = [
    ['sft', { model: { size } }, { ...few, steps: 20, questionsPerStep: 4 }],
    ['tgrpo', {}, { ...few, ...answers, steps: 10, warmupSteps: 0, schedule: 'constant' }],
  ] as const;
  for (const [name, settings, parameters] of changed) {
    const file = path.join(folder, `${name}.run.json`);
    const run = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(
      file,
      JSON.stringify({ ...run, ...settings, engine, parameters: { ...run.parameters, ...parameters } }),
    );
  }
}

describe.skipIf(found.python === null)('the verl engine in the window', () => {
  let project: { folder: string; remove(): Promise<void> };
  let window: Workbench;
  let dashboard: DashboardPage;
  let rollouts: RolloutsPage;

  beforeAll(async () => {
    project = await sampleProject();
    onTwoRanks(project.folder);
    window = await Workbench.open({
      ...{ folder: project.folder, vsix: process.env.VIDEO_R1_VSIX },
      environment: { OMP_NUM_THREADS: '1' },
    });
    dashboard = new DashboardPage(window);
    rollouts = new RolloutsPage(window);
  }, longMs);
  afterAll(async () => {
    await window?.close();
    await project?.remove();
  });
  pictureOnFailure(() => window);

  const page = () => window.webview();
  const standing = (text: RegExp) => window.statusBarItem(text).first().waitFor({ timeout: longMs });

  test('SFT is started from the palette and comes to its end', { timeout: longMs }, async () => {
    await window.run('Video-R1: Start SFT Run');
    await standing(/sft-1 running/);
    await dashboard.open('sft-1');
    await standing(/sft-1 completed/);
    await dashboard.waitForCurve('Loss', 20);
  });

  test('T-GRPO is started from its checkpoint, and paused', { timeout: longMs }, async () => {
    await window.run('Video-R1: Start T-GRPO Run');
    await window.rows('tgrpo.run.json').waitFor();
    await window.page.keyboard.press('Enter');
    await window.rows('Newest SFT checkpoint: sft-1').waitFor();
    await window.page.keyboard.press('Enter');
    await standing(/tgrpo-1 running/);
    await window.run('Video-R1: Pause');
    await standing(/tgrpo-1 paused/);
    await dashboard.open('tgrpo-1');
  });

  test('paused, it takes another learning rate, and an answer of the open group is left out', {
    timeout: longMs,
  }, async () => {
    await window.run('Video-R1: Add Breakpoint…');
    await window.pick('tgrpo-1');
    await window.pick('Type a condition');
    await window.enter('any(length > 2)');
    await window.pick('before-update');
    await window.pick('Pause the run');
    await window.run('Video-R1: Set Parameter…');
    await window.pick('tgrpo-1');
    await window.pick(/^learning rate/);
    await window.enter('0.00005');
    await dashboard.command('set learning rate').filter({ hasText: 'scheduled' }).waitFor({ timeout: longMs });
    await window.run('Video-R1: Resume');
    await page()
      .getByText(/hit at before-update/)
      .waitFor({ timeout: longMs });
    await page()
      .getByRole('button', { name: /^Open the group/ })
      .click();
    const chips = page().locator('[data-part=group-chips]');
    await chips.getByText('Open update').click();
    await rollouts.leaveAnswerOut('the label of this row is wrong');
    expect(await page().locator('[data-part=left-out]').textContent()).toContain('the label of this row is wrong');
  });

  test('an answer is read with its frames, its tokens and the sum of its reward', { timeout: longMs }, async () => {
    await rollouts
      .row(/^step \d+, ordered/)
      .first()
      .click();
    await rollouts.framesDrawn();
    expect(await page().locator('body').innerText()).toMatch(/\d+ tokens · log p −\d+\.\d+ · entropy \d+\.\d+/);
    expect(await page().locator('[data-part=reward-line]').innerText()).toMatch(/accuracy[\s\S]*= −?\d+\.\d+/);
  });

  test('it goes on with the new learning rate to its end; the page says which engine computed, on how many ranks', {
    timeout: longMs,
  }, async () => {
    await window.run('Video-R1: Remove Breakpoint');
    await window.run('Video-R1: Resume');
    await standing(/tgrpo-1 completed/);
    await dashboard.open('tgrpo-1');
    await dashboard.command('set learning rate').filter({ hasText: 'applied' }).waitFor({ timeout: longMs });
    await dashboard.waitForCurve('Learning rate', 10);
    expect((await dashboard.lastPoint('Learning rate')).value).toBeCloseTo(0.00005, 8);
    await page()
      .getByText(/verl.*2 ranks/)
      .first()
      .waitFor({ state: 'attached', timeout: longMs });
  });
});
