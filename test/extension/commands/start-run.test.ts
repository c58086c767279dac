/** Starting a run from the editor while another computes: it is asked what to do before a run is made. */
import { expect, test } from 'vitest';
import { startAnyRun } from '../../../extension/commands/start-run.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { recordOf } from '../trainer/fake-trainer.ts';

const running = aRunThat({ state: 'running', doing: null }, { id: 'sft-1', name: 'sft', method: 'sft' });
const at = { point: 'after-update', step: 3 } as const;

async function startBeside(pressed: string | undefined) {
  const trainer = await fakeTrainer();
  trainer.runs = [running];
  const created: unknown[] = [];
  trainer.handlers['runfiles/list'] = async () => ({ runFiles: [] });
  trainer.handlers['runs/create'] = async (request) => {
    created.push(request.start);
    const standing =
      request.start === 'queue'
        ? ({ state: 'queued', since: 1, before: { state: 'created' } } as const)
        : ({ state: 'starting', doing: null } as const);
    return { run: aRunThat(standing, { id: 'sft-2', name: 'sft', method: 'sft' }) };
  };
  trainer.handlers['runs/command'] = async ({ id, command }) => {
    const paused = { state: 'paused', at, why: null, fault: null, memory: 'released' } as const;
    trainer.runs = [aRunThat(paused, { id: 'sft-1', name: 'sft', method: 'sft', seq: 1 })];
    trainer.tellChanged(trainer.runs[0] ?? null);
    return { command: recordOf(id, command, { state: 'applied' }) };
  };
  const studio = studioOn(trainer.project);
  await studio.attach();
  if (pressed !== undefined) editor.presses.push(pressed);
  const starting = startAnyRun(studio, { runFile: 'sft.run.json' });
  return { trainer, created, starting };
}

test('it can be queued', async () => {
  const { created, starting, trainer } = await startBeside('Queue');
  await starting;
  expect(editor.messages[0]?.[0]).toBe('sft-1 is running, step 3 of 100. One run computes at a time.');
  expect(created).toEqual(['queue']);
  expect(trainer.commands).toEqual([]);
  expect(editor.done.at(-1)).toContain('sft-2: SFT run queued');
});

test('the other can be paused, and the run starts when its memory is free', async () => {
  const { created, starting, trainer } = await startBeside('Pause sft-1');
  await starting;
  expect(trainer.commands.map(({ command }) => command)).toEqual([{ kind: 'pause', release: true }]);
  expect(created).toEqual([true]);
  expect(editor.done.at(-1)).toContain('sft-2: SFT run started');
});

test('where it is cancelled, no run is made', async () => {
  const { created, starting } = await startBeside(undefined);
  await expect(starting).rejects.toThrow();
  expect(created).toEqual([]);
});
