/**
 * `npm run bench`: what the main job costs on this machine. Names on the command line pick parts; `--backend` and `--threads`
 * are those of the engine, `--minutes` is how long the inspector's page is used, `--setup` installs what a part is compared with.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { engineSettings } from '../../trainer/protocol/runfile.ts';
import { benchActivation } from './activation.bench.ts';
import { benchAnnotations } from './annotations.bench.ts';
import { benchCharts } from './charts.bench.ts';
import { benchCredit } from './credit.bench.ts';
import { benchData } from './data.bench.ts';
import { benchEditable } from './editable.bench.ts';
import { benchEngine } from './engine.bench.ts';
import { benchEvidence } from './evidence.bench.ts';
import { benchInspector } from './inspector.bench.ts';
import { benchLeak } from './leak.bench.ts';
import { benchMedia } from './media.bench.ts';
import { benchPages } from './pages.bench.ts';
import type { BenchFigure, BenchOptions, BenchPart } from './part.ts';
import { benchRewards } from './rewards.bench.ts';
import { benchServer } from './server.bench.ts';
import { benchSteering } from './steering.bench.ts';
import { benchStore } from './store.bench.ts';
import { benchVerl } from './verl.bench.ts';

const parts: Record<string, BenchPart> = {
  engine: benchEngine,
  verl: benchVerl,
  evidence: benchEvidence,
  credit: benchCredit,
  server: benchServer,
  steering: benchSteering,
  store: benchStore,
  inspector: benchInspector,
  leak: benchLeak,
  rewards: benchRewards,
  data: benchData,
  editable: benchEditable,
  annotations: benchAnnotations,
  media: benchMedia,
  pages: benchPages,
  charts: benchCharts,
  activation: benchActivation,
};

/** @throws Error saying which word is not known, and which are */
function readArguments(): { wanted: readonly string[]; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      backend: { type: 'string' },
      threads: { type: 'string', default: '2' },
      minutes: { type: 'string', default: '2' },
      setup: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}.`);
  const [
    {
      shape: { backend, threads },
    },
  ] = engineSettings.options;
  const named = backend.optional().safeParse(values.backend);
  if (!named.success) throw new Error(`There is no backend ${values.backend}: auto, native, wasm, cpu.`);
  const count = threads.safeParse(Number(values.threads));
  if (!count.success) throw new Error(`--threads ${values.threads} is not a number from 1 to 64.`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes} is not a number above 0.`);
  return {
    wanted: positionals.length > 0 ? positionals : Object.keys(parts),
    options: {
      backend: values.backend === undefined ? null : (named.data ?? null),
      threads: count.data,
      minutes,
      setup: values.setup,
    },
  };
}

function line({ name, value, unit, note }: BenchFigure): string {
  const shown = Number.isNaN(value)
    ? '-'
    : value >= 10_000
      ? Math.round(value).toLocaleString('en-US')
      : value >= 100
        ? value.toFixed(0)
        : value.toPrecision(3);
  return `${name.padEnd(44)}${shown.padStart(9)} ${unit.padEnd(5)} ${note}\n`;
}

async function main(): Promise<void> {
  let read: ReturnType<typeof readArguments>;
  try {
    read = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
  const cpu = os.cpus();
  process.stdout.write(
    `${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), load ${os.loadavg()[0]?.toFixed(1)}, Node ${process.version}\n\n`,
  );
  for (const name of read.wanted) {
    const figures = await parts[name]?.(read.options);
    for await (const figure of figures ?? []) process.stdout.write(line(figure));
  }
}

await main();
