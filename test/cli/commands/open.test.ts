/** What points at a place says of each of its options what does not fit, as an export does, before anything is shown. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportCommand } from '../../../trainer/cli/commands/export.ts';
import { openCommand } from '../../../trainer/cli/commands/open.ts';
import { asStudioError } from '../../../trainer/protocol/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-open-'));
  for (const run of ['sft-1', 'tgrpo-1']) mkdirSync(path.join(folder, '.video-r1/runs', run), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const faultOf = (command: typeof openCommand, ...args: string[]) =>
  command.run([...args, '--folder', folder]).then(
    () => '',
    (thrown) => String(asStudioError(thrown)),
  );

it('a filter, an order, a run and an option that are not there are refused in the words of an export', async () => {
  for (const [args, words] of [
    [['sft-1', '--query', 'half:"x'], '--query'],
    [['sft-1', '--query', 'a'.repeat(10_001)], 'at most 10000 characters'],
    [['sft-1', '--sort', 'rewrd'], 'There is no field rewrd to sort by; the nearest is reward.'],
    [['sft-2'], 'There is no run sft-2 in this folder; the nearest is sft-1. Its runs: sft-1, tgrpo-1.'],
    [['nope'], 'There is no run nope in this folder. Its runs: sft-1, tgrpo-1.'],
    [['sft-1', '--sord', 'reward'], 'There is no option --sord; the nearest is --sort.'],
    [['sft-1', '--bogus'], 'There is no option --bogus.'],
    [['sft-1', '--sort'], '--sort needs a value.'],
    [['sft-1', '--sort', '-reward'], 'If it is meant as the value, write --sort=-reward.'],
  ] as const) {
    const opened = await faultOf(openCommand, ...args);
    expect(opened.replace(/\s+/g, ' '), args.join(' ')).toContain(words);
    expect(await faultOf(exportCommand, ...args, ...(args[0] === 'sft-1' ? ['--out', 'a.jsonl'] : []))).toBe(opened);
  }
});

it('what else does not fit is named', async () => {
  for (const [args, words] of [
    [['--step=-1'], '--step is a whole number from 0 on, not -1.'],
    [['--step', '-1'], '--step needs a value, and -1 begins as an option does.'],
    [['--print=yes'], '--print takes no value.'],
    [['--page', 'rolouts'], '--page is '],
    [['--against', 'tgrpo-1'], '--against is of --page compare, and not of rollouts.'],
    [['--rollout', ''], 'What is given as --rollout does not fit.'],
  ] as const)
    expect(await faultOf(openCommand, 'sft-1', ...args)).toContain(words);
  expect(await faultOf(openCommand, 'https://evil.example/p/sft-1/rollouts')).toContain(
    'An address of evil.example leads to none of these pages.',
  );
});
