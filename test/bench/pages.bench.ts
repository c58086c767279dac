/** From an event to its paint: a real run, its dashboard in a real browser, and the clock of one machine. */
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import type { BenchFigure } from './part.ts';

const steps = 60;

export async function benchPages(): Promise<BenchFigure[]> {
  const project = await sampleProject();
  const trainer = await TrainerProcess.start(project.folder);
  const browser = await launchBrowser();
  try {
    const client = await trainer.connect();
    const runId = await client.create('sft.run.json', {
      steps,
      questionsPerStep: 4,
      probeEvery: 4,
      probeQuestions: 2,
      evaluationQuestions: 4,
      checkpointEvery: 0,
    });
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
    await page.goto(`${pageAddress(trainer.discovery, 'dashboard')}&run=${runId}`);
    await page.locator('[data-part=progress] b').waitFor({ state: 'attached' });
    // The time at which each step's number is on the screen: after the frame that follows the change.
    await page.evaluate(() => {
      const painted: Record<string, number> = {};
      Object.assign(window, { painted });
      const look = () => {
        const shown = document.querySelector('[data-part=progress] b')?.textContent?.replaceAll(',', '') ?? '';
        if (shown in painted) return;
        painted[shown] = Number.POSITIVE_INFINITY;
        requestAnimationFrame(() => setTimeout(() => (painted[shown] = Date.now())));
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await client.command(runId, { kind: 'start' });
    await client.until(runId, 'state', ({ run }) => run.state === 'completed');
    await page.waitForFunction(
      (last) => Number(document.querySelector('[data-part=progress] b')?.textContent) >= last,
      steps,
    );
    const painted = await page.evaluate(() => (window as unknown as { painted: Record<string, number> }).painted);
    const delays = client.events
      .flatMap(({ at, body }) =>
        body.type === 'step' ? [(painted[String(body.metrics.step)] ?? Number.NaN) - at] : [],
      )
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    client.close();
    const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? Number.NaN;
    return [
      {
        name: 'event to paint, median',
        value: at(0.5),
        unit: 'ms',
        note: `dashboard of a run that trains on the same cores, ${delays.length} steps`,
      },
      { name: 'event to paint, 95 of 100', value: at(0.95), unit: 'ms', note: '' },
    ];
  } finally {
    await browser.close();
    await trainer.stop();
    await project.remove();
  }
}
