import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analysisVersion } from '../../../trainer/protocol/analysis.ts';
import { RunStore } from '../../../trainer/store/run-store.ts';
import { runProgram } from '../../integration/trainer-process.ts';
import { aGroup, aRun } from '../../store/records.ts';

let folder: string;
const at = () => path.join(folder, '.video-r1/runs/tgrpo-1');
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-analyse-'));
  const store = RunStore.create(at(), aRun({ state: 'completed' }));
  store.append({ type: 'group', group: aGroup(1) });
  store.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('video-r1 analyse', () => {
  it('reads the answers of a run anew without a trainer, and the second time finds nothing to do', async () => {
    expect(await runProgram(['analyse', 'tgrpo-1'], folder)).toMatchObject({
      code: 0,
      stdout: `tgrpo-1: 3 answers read anew by the rules of version ${analysisVersion}\n`,
    });
    const store = RunStore.open(at());
    expect(store.outdated(analysisVersion)).toBe(0);
    expect(store.group('s1-g0').rollouts[0]).toMatchObject({ analysis: analysisVersion, commitments: [] });
    store.dispose();
    expect(await runProgram(['analyse', 'tgrpo-1'], folder)).toMatchObject({
      code: 0,
      stdout: `tgrpo-1: all answers are read by the rules of version ${analysisVersion} already\n`,
    });
  });

  it('says what is wrong where there is no such run', async () => {
    expect((await runProgram(['analyse', 'zzz'], folder)).code).toBe(1);
  });
});
