/**
 * The main job, done as a person does it, in a window that starts empty: sample project, SFT, watching, pausing, changing a
 * value, going on, reloading the window, T-GRPO from the checkpoint, ordered beside shuffled answers. Each test goes on
 * where the one before it ended. `VIDEO_R1_VSIX` names a packaged extension to do it with.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { trainerOf } from './harness/trainer-process.ts';
import { Workbench } from './harness/workbench.ts';

const longMs = 300_000;
const newRate = 0.0004;
/** Steps over which the sample preset warms up the learning rate of SFT. */
const warmupSteps = 20;

describe('the main job', () => {
  let window: Workbench;
  let dashboard: DashboardPage;
  let rollouts: RolloutsPage;
  let pausedAt = 0;
  let changedAt = 0;

  beforeAll(async () => {
    window = await Workbench.open({ vsix: process.env.VIDEO_R1_VSIX });
    dashboard = new DashboardPage(window);
    rollouts = new RolloutsPage(window);
  });
  afterAll(() => window?.close());
  pictureOnFailure(() => window);

  /** Step that the status bar shows for a run. */
  const stepShown = async (run: string): Promise<number> => {
    const text = await window
      .statusBarItem(new RegExp(`^\\s*${run} `))
      .first()
      .textContent();
    return Number(/(\d+)\/\d+/.exec(text ?? '')?.[1]);
  };

  test('creates the sample project from the palette', { timeout: longMs }, async () => {
    await window.run('Video-R1: Create Sample Project…');
    await window.notification('The sample project is ready').waitFor({ timeout: longMs });
    await window.openView();
    await window.treeRow(/tgrpo.*T-GRPO/).waitFor();
    await window.treeRow(/sft.*SFT/).waitFor();
    expect(existsSync(path.join(window.folder, 'sft.run.json'))).toBe(true);
  });

  test('starts SFT: the trainer comes up, the dashboard opens, the run trains', { timeout: longMs }, async () => {
    await window.pressNotificationButton('The sample project is ready', 'Start SFT Run');
    await window.tab('Video-R1 Dashboard').waitFor({ timeout: longMs });
    await dashboard.open('sft-1');
    await window.statusBarItem(/sft-1 running/).waitFor({ timeout: longMs });
    expect(trainerOf(window.folder)).toBeGreaterThan(0);
  });

  test('the curves move', { timeout: longMs }, async () => {
    await dashboard.waitForCurve('Loss', 2);
    const before = await dashboard.lastPoint('Loss');
    await dashboard.waitForCurve('Loss', before.step + 1);
    const after = await dashboard.lastPoint('Loss');
    expect(after.step).toBeGreaterThan(before.step);
    expect(after.value).not.toBe(before.value);
  });

  test('rollouts stream in with the frames that the model saw', { timeout: longMs }, async () => {
    await window.run('Video-R1: Open Rollouts');
    await rollouts.open();
    expect(await rollouts.count()).toBeGreaterThan(0);
    await rollouts
      .row(/^step \d+, (probe|evaluation), ordered/)
      .first()
      .click();
    await rollouts.framesDrawn();
  });

  test('Pause is reported when it was applied, and no step goes on after it', { timeout: longMs }, async () => {
    await window.run('Video-R1: Pause');
    await window
      .statusBarItem(/sft-1 paused/)
      .first()
      .waitFor({ timeout: longMs });
    await dashboard.open('sft-1');
    await dashboard.command('pause').filter({ hasText: 'applied' }).first().waitFor();
    pausedAt = await stepShown('sft-1');
    // Twice what the last step took is long enough for another one to show, and three seconds for the window to say so.
    const seconds = await dashboard.secondsOfLastStep();
    const goesOn = window
      .statusBarItem(new RegExp(`sft-1 \\w+ ${pausedAt + 1}/`))
      .waitFor({ timeout: Math.max(3000, 2000 * seconds) });
    await expect(goesOn).rejects.toThrow('Timeout');
    expect(await stepShown('sft-1')).toBe(pausedAt);
  });

  test('Set Parameter shows the present value, refuses a wrong one, and waits for the safe point', async () => {
    await window.run('Video-R1: Set Parameter…');
    await window.rows(/learning rate.*0\.0015/).waitFor();
    await window.pick(/^learning rate/);
    await window.type('-1');
    await window.inputMessage.filter({ hasText: 'number from 0 to 1' }).waitFor();
    await window.enter(String(newRate));
    await dashboard.command('set learning rate').filter({ hasText: 'scheduled' }).waitFor();
  });

  test('Resume goes on with the new value from the logged step', { timeout: longMs }, async () => {
    await window.run('Video-R1: Resume');
    const applied = dashboard.command('set learning rate').filter({ hasText: 'applied' });
    await applied.waitFor({ timeout: longMs });
    const place = await applied.getByRole('cell', { name: /before-step/ }).textContent();
    changedAt = Number(/before-step (\d+)/.exec(place ?? '')?.[1]);
    expect(changedAt).toBeGreaterThanOrEqual(pausedAt);
    await dashboard.waitForCurve('Learning rate', changedAt + 2);
    const { step, value } = await dashboard.lastPoint('Learning rate');
    expect(value).toBeCloseTo(newRate * Math.min(1, step / warmupSteps), 6);
  });

  test('after a reload of the window everything is there, and the run went on', { timeout: longMs }, async () => {
    const pid = trainerOf(window.folder);
    const before = await stepShown('sft-1');
    await window.reload();
    await window.statusBarItem(/sft-1 running/).waitFor({ timeout: longMs });
    expect(trainerOf(window.folder)).toBe(pid);
    await dashboard.open('sft-1');
    await dashboard.command('set learning rate').filter({ hasText: 'applied' }).waitFor();
    await dashboard.waitForCurve('Loss', before + 1);
    await window.openView();
    await window.treeRow(/^\s*sft-1\s*SFT \d+\/\d+/).waitFor();
    await rollouts.open();
    expect(await rollouts.count()).toBeGreaterThan(0);
  });

  test('a second run asks what becomes of the first, waits in the queue, and is taken off', async () => {
    await window.run('Video-R1: Start SFT Run');
    await window.dialog.filter({ hasText: 'One run computes at a time.' }).waitFor();
    expect(await window.dialog.getByRole('button', { name: /^(Queue|Pause sft-1|Cancel)$/ }).count()).toBe(3);
    await window.dialog.getByRole('button', { name: 'Cancel' }).click();
    await window.dialog.waitFor({ state: 'hidden' });
    await window.openView();
    expect(await window.treeRow(/^\s*sft-2/).count()).toBe(0);

    await window.run('Video-R1: Start SFT Run');
    await window.dialog.getByRole('button', { name: 'Queue' }).click();
    await window.treeRow(/^\s*sft-2\s*SFT 0\/.*queued: 1 of 1, while sft-1 is running/).waitFor();
    await window.run('Video-R1: Take off the Queue');
    await window.treeRow(/^\s*sft-2\s*SFT 0\/.*created/).waitFor();
    expect(await window.statusBarItem(/sft-1 running/).count()).toBe(1);
  });

  test('Stop saves a checkpoint', { timeout: longMs }, async () => {
    await window.run('Video-R1: Stop');
    await window.pick('After this step');
    await window
      .statusBarItem(/sft-1 stopped/)
      .first()
      .waitFor({ timeout: longMs });
    await window.openView();
    await window
      .treeRow(/^\s*sft-1\s*SFT \d+\//)
      .locator('.monaco-tl-twistie')
      .click();
    await window
      .treeRow(/Checkpoint, step/)
      .first()
      .waitFor();
  });

  test('Fork Run from Checkpoint makes a run of its own, and the other stays', { timeout: longMs }, async () => {
    await window.run('Video-R1: Fork Run from Checkpoint…');
    await window.pick(/^\s*sft-1/);
    await window
      .rows(/step \d+/)
      .first()
      .waitFor();
    await window.pick(/step \d+/);
    await window.enter('tried');
    await window.statusBarItem(/tried-1 running/).waitFor({ timeout: longMs });
    await window.treeRow(/^\s*sft-1\s*SFT .*stopped/).waitFor();
    await window.run('Video-R1: Stop');
    await window.pick('Now');
    await window.treeRow(/^\s*tried-1\s*SFT .*stopped/).waitFor({ timeout: longMs });
  });

  test('T-GRPO starts from the newest SFT checkpoint, which is offered first', { timeout: longMs }, async () => {
    await window.run('Video-R1: Start T-GRPO Run');
    await window.rows('tgrpo.run.json').waitFor();
    expect(await window.rows().first().textContent()).toContain('tgrpo.run.json');
    await window.page.keyboard.press('Enter');
    await window.rows('Newest SFT checkpoint: tried-1').waitFor();
    expect(await window.rows().first().textContent()).toContain('Newest SFT checkpoint');
    await window.page.keyboard.press('Enter');
    await window.statusBarItem(/tgrpo-1 running [1-9]/).waitFor({ timeout: longMs });
    await dashboard.open('tgrpo-1');
  });

  test('a group shows ordered beside shuffled answers, with the frames of both', { timeout: longMs }, async () => {
    await window.run('Video-R1: Open Rollouts');
    await rollouts.open();
    const shuffled = rollouts.row(/^step \d+, shuffled 1/).first();
    await shuffled.waitFor({ timeout: longMs });
    // Rows come in above it while the run goes on, so that a click may meet another one: an image's, which has no strip.
    await window.until(async () => {
      await shuffled.click();
      return rollouts.strips.first().isVisible();
    }, 'an answer to a video to be read');
    // In the ordinary window the group is a row of chips; g shows it whole, Enter goes back.
    await window.page.keyboard.press('g');
    await rollouts.group.getByRole('heading', { name: /Ordered/ }).waitFor();
    await rollouts.group.getByRole('heading', { name: /Shuffled/ }).waitFor();
    expect(await rollouts.group.getByRole('button', { pressed: false }).count()).toBeGreaterThan(2);
    await window.page.keyboard.press('Escape');
    await rollouts.strips.first().waitFor();
    await window.page.keyboard.press('s');
    const ordered = rollouts.strips.first().getByRole('option');
    const mixed = rollouts.strips.nth(1).getByRole('option');
    await mixed.first().waitFor();
    await window.until(
      async () => (await rollouts.pixels(ordered.first())) !== (await rollouts.pixels(ordered.last())),
      'frames to be drawn',
    );
    // The shuffled strip holds the same frames in another order.
    const read = async (frames: typeof ordered) =>
      Promise.all((await frames.all()).map((frame) => rollouts.pixels(frame)));
    const [first, second] = [await read(ordered), await read(mixed)];
    expect(second).not.toEqual(first);
    expect(second.toSorted()).toEqual(first.toSorted());
  });

  test('Stop ends it, and the trainer stays until it is shut down', { timeout: longMs }, async () => {
    await window.run('Video-R1: Stop');
    await window.pick('Now');
    await window
      .statusBarItem(/tgrpo-1 stopped/)
      .first()
      .waitFor({ timeout: longMs });
    expect(trainerOf(window.folder)).toBeGreaterThan(0);
    await window.run('Video-R1: Shut Down Trainer');
    await window.until(async () => trainerOf(window.folder) === undefined, 'the trainer to end');
  });
});
