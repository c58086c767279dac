/** `npm run bench`: what the main job costs on this machine. Names on the command line pick parts. */
import os from 'node:os';
import { benchActivation } from './activation.bench.ts';
import { benchData } from './data.bench.ts';
import { type BenchFigure, benchEngine } from './engine.bench.ts';
import { benchMedia } from './media.bench.ts';
import { benchPages } from './pages.bench.ts';
import { benchRewards } from './rewards.bench.ts';

const parts: Record<string, () => Promise<BenchFigure[]>> = {
  engine: benchEngine,
  rewards: benchRewards,
  data: benchData,
  media: benchMedia,
  pages: benchPages,
  activation: benchActivation,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  process.stderr.write(`There is no part ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}.\n`);
  process.exit(2);
}
const cpu = os.cpus();
process.stdout.write(
  `${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), load ${os.loadavg()[0]?.toFixed(1)}, Node ${process.version}\n\n`,
);
for (const [name, bench] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const figure of await bench()) {
    const value =
      figure.value >= 10_000
        ? Math.round(figure.value).toLocaleString('en-US')
        : figure.value >= 100
          ? figure.value.toFixed(0)
          : figure.value.toPrecision(3);
    process.stdout.write(`${figure.name.padEnd(44)}${value.padStart(9)} ${figure.unit.padEnd(5)} ${figure.note}\n`);
  }
}
