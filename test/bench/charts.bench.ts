/** What a chart of a million steps costs: gathering its points, and drawing all charts of a page in a browser where one zooms. */
import path from 'node:path';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { Database } from '../../trainer/store/database.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { storeFile } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { projectWithRuns } from '../e2e/recorded-run.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';
import { someMetrics } from '../store/records.ts';
import { type BenchFigure, median, quantile, timed } from './part.ts';

const runId = 'million-1';
const wanted = 1_000_000;
const frameMs = 16;

export async function* benchCharts(): AsyncGenerator<BenchFigure> {
  const parameters = presetParameters('sample', 'tgrpo');
  const project = await projectWithRuns([{ id: runId, groups: [], parameters, steps: 1 }]);
  const folder = path.join(project.folder, '.video-r1', 'runs', runId);
  const reader = new RolloutReader();
  try {
    fill(path.join(folder, storeFile));
    const asked = { fromStep: null, toStep: null, points: 1024, before: null };
    const first = await timed(() => reader.curves(folder, asked));
    yield {
      name: 'curves of a million steps, first time',
      value: first / 1000,
      unit: 's',
      note: 'in a thread of its own, which answers others meanwhile; then they are in memory',
    };
    const ranges = [null, [0, 500_000], [250_000, 750_000], [400_000, 410_000], [500_000, 500_100]] as const;
    const times: number[] = [];
    for (const range of [...ranges, ...ranges, ...ranges]) {
      const [fromStep, toStep] = range ?? [null, null];
      times.push(await timed(() => reader.curves(folder, { ...asked, fromStep, toStep })));
    }
    yield {
      name: 'points of a part of them',
      value: median(times),
      unit: 'ms',
      note: `15 curves; longest ${Math.max(...times).toFixed(0)} ms, of ${times.length}`,
    };
    yield await drawn(project.folder);
  } finally {
    await reader.dispose();
    await project.remove();
  }
}

/** Puts a million steps where the run has one. */
function fill(file: string): void {
  const database = new Database(file);
  database.transaction(() => {
    database.exec('DELETE FROM steps');
    for (let step = 1; step <= wanted; step += 1) {
      const value = Math.sin(step / 1e4) + ((step * 7919) % 1000) / 1000;
      const metrics = someMetrics(step, {
        ...{ loss: value, kl: value, entropy: value, gradNorm: value, accuracy: value, accuracyShuffled: value / 2 },
        ...{ length: 40 + value, reward: value, memoryBytes: 1e9 + 1e8 * value },
      });
      database.run('INSERT INTO steps (step, body) VALUES (?, ?)', step, JSON.stringify(metrics));
    }
  });
  database.dispose();
}

/** What the page's thread is busy with from the key that zooms until all charts are drawn. */
async function drawn(folder: string): Promise<BenchFigure> {
  await buildWebview({ outdir: path.resolve(import.meta.dirname, '../../dist/webview'), minify: true });
  const trainer = await TrainerProcess.start(folder);
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
    await page.goto(`${pageAddress(trainer.discovery, 'dashboard')}&run=${runId}`);
    await page.getByText(/all 1,000,000 steps/).waitFor({ timeout: 120_000 });
    const charts = await page.locator('figure canvas').count();
    const times = await page.evaluate(async () => {
      const settled = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const busy: number[] = [];
      for (let at = 0; at < 40; at += 1) {
        // In and out again; what is asked for of the trainer comes while nobody measures.
        const key = at % 2 === 0 ? '+' : '-';
        await settled(150);
        const start = performance.now();
        window.dispatchEvent(new KeyboardEvent('keydown', { key }));
        await settled(0);
        busy.push(performance.now() - start);
      }
      return busy.slice(4);
    });
    const value = median(times) / charts;
    return {
      name: 'drawing a zoomed chart of a million steps',
      value,
      unit: 'ms',
      note: `${(value / frameMs).toFixed(2)} of the ${frameMs} ms of a frame; all ${charts} charts of the page ${median(times).toFixed(1)} ms, 95 of 100 under ${quantile(times, 0.95).toFixed(1)} ms`,
    };
  } finally {
    await browser.close();
    await trainer.stop();
  }
}
