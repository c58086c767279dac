/** What is reckoned of a model's memory, beside what a small one takes in the gateway's engine. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ModelConfig, newConfigFile, readConfig } from '../../trainer/engines/qwen/config.ts';
import { gatewayPackages } from '../../trainer/engines/verl/files.ts';
import { estimateMemory } from '../../trainer/engines/verl/memory/estimate.ts';
import { engineSettings, type VerlSettings } from '../../trainer/protocol/runfile.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) console.log(`Skipped: ${found.reason}.`);
const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = {
  ...{ hidden_size: 64, num_hidden_layers: 4, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 192 },
  ...{ vision_hidden_size: 64, vision_depth: 3, vision_num_heads: 4, vision_intermediate_size: 96 },
};
/** Four answers of one prompt with a video of 4 frame pairs of 8 x 8 patches: one row of 424 tokens. */
const shape = { rows: 8, columns: 8, pairs: 4, promptTokens: 200, answerTokens: 56, answers: 4 };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Case {
  readonly vocabulary: number;
  readonly settings: VerlSettings;
  readonly config: ModelConfig;
  readonly folder: string;
}

function caseOf(vocabulary: number, changes: object): Case {
  const tokens = { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 };
  const file = newConfigFile({ ...size, vocab_size: vocabulary }, vocabulary, tokens);
  const model = mkdtempSync(path.join(folder, 'model-'));
  writeFileSync(path.join(model, 'config.json'), JSON.stringify(file));
  const settings = engineSettings.parse({
    name: 'verl',
    device: 'cpu',
    microBatchTokens: 424,
    ...changes,
  }) as VerlSettings;
  return { vocabulary, settings, config: readConfig(file, model), folder: model };
}

/** In one process, as Python takes long to import all. */
async function measured(cases: readonly Case[]): Promise<Record<string, number>[]> {
  const script = path.resolve(import.meta.dirname, '../fidelity/verl_memory.py');
  const asked = cases.map(({ folder, settings }) => ({ folder, settings, shape }));
  const said = execFileSync(found.python as string, [script, JSON.stringify(asked), String(await freePort())], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: gatewayPackages(), PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' },
  });
  const mark = 'measured ';
  return said.split('\n').flatMap((line) => (line.startsWith(mark) ? [JSON.parse(line.slice(mark.length))] : []));
}

function reckoned({ config, settings }: Case) {
  const work = { ...shape, visionTokens: 64, reference: false, samples: false };
  const estimate = estimateMemory(config, settings, work, 'cpu');
  const backward = estimate.phases.find(({ name }) => name === 'backward');
  const part = (what: RegExp) => backward?.parts.find((one) => what.test(one.what))?.bytes;
  const resident = estimate.resident.reduce((all, { bytes }) => all + bytes, 0);
  return {
    states: {
      ...{ parameters: estimate.parameters, trained: estimate.trained },
      ...{ weights: part(/^weights/), gradients: part(/^gradients/), moments: part(/moments/) },
    },
    transient: (backward?.bytes ?? 0) - resident,
  };
}

describe.skipIf(found.python === null)('the memory of a small model', () => {
  it('is to the byte in what stays, and within 40 % in what comes and goes', async () => {
    const again = { gradientCheckpointing: true };
    const cases = [
      caseOf(600, again),
      caseOf(600, {}),
      caseOf(6000, again),
      caseOf(6000, {}),
      caseOf(600, { ...again, lora: { rank: 4, alpha: 8 } }),
      caseOf(600, { ...again, freezeVision: true }),
    ];
    const found = await measured(cases);
    expect(found.map(({ backward: _, ...states }) => states)).toEqual(cases.map((one) => reckoned(one).states));
    const shares = found.map(({ backward = 0 }, i) => backward / reckoned(cases[i] as Case).transient);
    expect([shares, shares.filter((share) => share < 0.7 || share > 1.4)]).toEqual([shares, []]);
  }, 200_000);
});
