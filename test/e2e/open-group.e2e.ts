/** The update that is about to be made, changed from the page of the rollouts: on a real trainer and model, in a browser. */
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow } from './axe.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;
let browser: Browser;
let run: string;

const few = {
  ...{ steps: 4, questionsPerStep: 2, groupSize: 4, shuffledGroupSize: 2, maxNewTokens: 16, imageShare: 0 },
  ...{ evaluationQuestions: 1, checkpointEvery: 0, learningRate: 1e-3, skipFlatGroups: false, weightDecay: 1 },
};

beforeAll(async () => {
  await buildWebview({ outdir: path.resolve(import.meta.dirname, '../../dist/webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
  const learned = { steps: 2, questionsPerStep: 2, probeEvery: 0, evaluationQuestions: 1, checkpointEvery: 0 };
  const sft = await client.create('sft.run.json', learned);
  await client.command(sft, { kind: 'start' });
  await client.until(sft, 'state', (body) => body.run.state === 'completed');
  run = await client.create('tgrpo.run.json', few);
  await client.command(run, { kind: 'run-to', point: 'before-update', step: 1 });
  await client.until(run, 'state', (body) => body.run.state === 'paused');
  browser = await launchBrowser();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

async function open(rollout: string, width = 1240): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  await page.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${run}&rollout=${rollout}`);
  await page.locator('[data-part=open-group]').waitFor({ state: 'attached' });
  return page;
}

const corrected = () => client.bodies(run, 'corrected').length;

describe('the open update', () => {
  it('wants a reason, leaves an answer out, scores one anew, says what that does, and takes both back', async () => {
    const page = await open('s1-0-o1');
    const part = page.locator('[data-part=open-group]');
    const button = (name: string) => part.getByRole('button', { name });
    expect(await part.textContent()).toContain('4 of 4 answers in it; the run stands at before-update, step 1');
    expect(await button('Leave answer 2 out').getAttribute('aria-disabled')).toBe('true');
    await button('Leave answer 2 out').press('Enter');
    await part.getByRole('alert').getByText('Say why first').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('placeholder'))).toBe(
      'kept with what is changed',
    );
    await part.getByRole('textbox', { name: 'Why' }).fill('<b>the label</b> is wrong');
    await button('Leave answer 2 out').click();
    await button('Put answer 2 back').waitFor();
    expect(await part.textContent()).toContain('3 of 4 answers in it');
    const lines = page.locator('[data-part=left-out] li');
    expect(await lines.first().textContent()).toMatch(
      /^2 was left out by .*: “<b>the label<\/b> is wrong”; its advantage was/,
    );
    expect(await page.locator('[data-part=in-update]').textContent()).toContain('“<b>the label</b> is wrong”');
    await button('right').click();
    await page.getByText('Changed before the update').waitFor();
    await expect.poll(() => lines.allTextContents()).toContainEqual(expect.stringContaining('2 accuracy 1 given by'));
    expect(await faultsNow(page)).toEqual([]);
    await button('as found').click();
    await button('Put answer 2 back').click();
    await page.locator('[data-part=left-out]').waitFor({ state: 'detached' });
    await expect.poll(corrected).toBe(4);
    await page.close();
  });

  it('can be made without the whole group, whose question is asked no more; then it is closed', async () => {
    const page = await open('s1-1-o0');
    const part = page.locator('[data-part=open-group]');
    await part.getByRole('textbox', { name: 'Why' }).fill('two videos are swapped');
    await part.getByRole('checkbox').check();
    await part.getByRole('button', { name: 'Leave the whole group out' }).click();
    await part.getByRole('button', { name: 'Put the whole group back' }).waitFor();
    await part.getByRole('button', { name: 'make it and pause' }).click();
    const { run: paused } = await client.until(
      run,
      'state',
      (body) => body.run.state === 'paused' && body.run.step === 1,
    );
    await part.waitFor({ state: 'detached' });
    const row = client.bodies(run, 'group').find(({ group }) => group.id === 's1-1')?.group.question.row;
    expect(paused.skippedRows ?? [row]).toEqual([row]);
    const [metrics] = client.bodies(run, 'step').map((body) => body.metrics);
    expect(metrics?.trainedTokens).toBeLessThan(metrics?.sampledTokens ?? 0);
    await page.close();
  });
});
