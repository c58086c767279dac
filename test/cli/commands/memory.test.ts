/** `memory` answers for a published size, a run file and a folder, and the guide shows what it prints. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryCommand } from '../../../trainer/cli/commands/memory.ts';
import { newConfigFile } from '../../../trainer/engines/qwen/config.ts';
import { runFile } from '../../../trainer/protocol/runfile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let out = '';
beforeEach(() => {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const printed = async (line: string): Promise<string> => {
  out = '';
  await memoryCommand.run(line.split(' '));
  return out;
};
const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

describe('the guide', () => {
  const guide = readFileSync(path.resolve(import.meta.dirname, '../../../media/guide/clusters.md'), 'utf8');

  it('shows what the command prints for 7B on four GPUs of 80 GB', async () => {
    const [, line = '', shown] = /^```\nnpx video-r1 memory (7B .*)\n```\n\n```\n(.*?)^```$/ms.exec(guide) ?? [];
    expect(await printed(line)).toBe(shown);
    expect(shown).toMatch(/It fits\.\n$/);
  });

  it('has a table of what it gives', async () => {
    const rows = [...guide.matchAll(/^\| `([37]B .*)` \| (.*) \| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(6);
    for (const [, line = '', gpu, machine] of rows) {
      const { peak, hostBytes } = JSON.parse(await printed(`${line} --json`));
      expect([line, gib(peak.bytes), gib(hostBytes)]).toEqual([line, gpu, machine]);
    }
  });

  it('has a run file that fits', () => {
    const [run] = [...guide.matchAll(/^```json\n(\{"version".*?)^```$/gms)].map((match) => match[1] ?? '');
    expect(runFile.safeParse(JSON.parse(run ?? 'null')).error).toBeUndefined();
  });
});

it('takes model, engine and parameters of a run file, and what is said beside it', async () => {
  const size = {
    ...{
      hidden_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      intermediate_size: 128,
    },
    ...{ vocab_size: 512, vision_hidden_size: 32, vision_depth: 1, vision_num_heads: 2, vision_intermediate_size: 64 },
  };
  const tokens = { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 };
  mkdirSync(path.join(folder, 'model'));
  writeFileSync(path.join(folder, 'model/config.json'), JSON.stringify(newConfigFile(size, 512, tokens)));
  const written = {
    ...{ version: 1, name: 'a', method: 'sft', preset: 'sample', dataset: 'd', model: { checkpoint: 'model' } },
    ...{ engine: { name: 'verl', ranks: 2, freezeVision: true }, parameters: { maxNewTokens: 40 } },
  };
  const file = path.join(folder, 'a.run.json');
  writeFileSync(file, JSON.stringify(written));
  const all = JSON.parse(await printed(`${file} --json`));
  expect(all).toMatchObject({ engine: { ranks: 2 }, work: { answerTokens: 40, reference: false, samples: false } });
  expect(all.trained).toBeLessThan(all.parameters);
  const other = JSON.parse(await printed(`${file} --ranks 4 --nodes 2 --set maxNewTokens=20 --json`));
  expect(other).toMatchObject({ engine: { ranks: 4, nodes: 2, mode: 'ray' }, work: { answerTokens: 20 } });
  const ofFolder = JSON.parse(await printed(`${path.join(folder, 'model')} --json`));
  expect(ofFolder).toMatchObject({ parameters: all.parameters, work: { samples: true } });
});

it('says what would make it fit, and ends with 1, where it does not', async () => {
  expect(await memoryCommand.run(['7B', '--ranks', '2', '--gpu-memory', '80'])).toBe(1);
  expect(out).toMatch(
    /It does not fit\. Each GPU needs 86\.3 GiB in the optimizer's step, and has 80\.0 GiB\.\n {2}it fits with "offload": true\n/,
  );
  out = '';
  expect(await memoryCommand.run(['7B', '--ranks', '8', '--gpu-memory', '80', '--host-memory', '32'])).toBe(1);
  expect(out).toMatch(/A machine's memory must hold 53\.2 GiB, and is 32\.0 GiB/);
});
