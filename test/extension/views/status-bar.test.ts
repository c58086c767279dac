/** The status bar item can be clicked at any moment, however often it changes. */
import { expect, onTestFinished, test } from 'vitest';
import { RunsTree } from '../../../extension/views/runs-tree.ts';
import { registerStatusBar } from '../../../extension/views/status-bar.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { runOf } from '../trainer/fake-trainer.ts';

test('keeps the command of a run over all that happens to the run', async () => {
  const trainer = await fakeTrainer();
  trainer.runs = [runOf({ seq: 0 })];
  const studio = studioOn(trainer.project);
  const commands: unknown[] = [];
  Object.defineProperty(editor.statusItem, 'command', {
    configurable: true,
    get: () => commands.at(-1),
    set: (command: unknown) => void commands.push(command),
  });
  onTestFinished(() => void Reflect.deleteProperty(editor.statusItem, 'command'));
  const item = registerStatusBar(studio);
  onTestFinished(() => item.dispose());
  await studio.attach();
  const attached = commands.length - 1;
  const told = new Promise<void>((resolve) => {
    const waiting = studio.onRunEvent(({ seq }) => {
      if (seq < 3) return;
      waiting.dispose();
      resolve();
    });
  });
  for (const seq of [1, 2, 3]) trainer.emit('r1', seq, { type: 'state', run: runOf({ seq, step: seq + 3 }) });
  await told;
  expect(commands.at(-1)).toMatchObject({ arguments: [{ runId: 'r1' }] });
  expect(commands.length).toBeGreaterThan(attached + 1);
  expect(new Set(commands.slice(attached)).size).toBe(1);
});

test('counts what of a run needs a person, and says each on hover, but for what is muted', async () => {
  const trainer = await fakeTrainer();
  const advisories = (['stalled', 'disk-low'] as const).map((rule) => ({
    ...{ key: rule, rule, since: 2, message: `This is ${rule}.`, numbers: {}, ways: [] },
  }));
  trainer.runs = [runOf({ seq: 0, advisories, muted: ['stalled'] })];
  const studio = studioOn(trainer.project);
  const [item, tree] = [registerStatusBar(studio), new RunsTree(studio)];
  onTestFinished(() => {
    item.dispose();
    tree.dispose();
  });
  await studio.attach();
  expect(editor.statusItem.text).toMatch(/3\/10 · 1 advisory$/);
  const tooltip = editor.statusItem.tooltip as { readonly value: string };
  expect(tooltip.value).toContain('This is disk-low.');
  expect(tooltip.value).not.toContain('This is stalled.');
  expect(tree.getTreeItem({ kind: 'run', runId: 'r1' }).description).toContain(' · 1 advisory · ');
  trainer.handlers['evaluations/list'] = async () => ({ evaluations: [] });
  trainer.handlers['checkpoints/list'] = async () => ({ checkpoints: [] });
  const below = await tree.getChildren({ kind: 'run', runId: 'r1' });
  expect(below.map((node) => tree.getTreeItem(node))).toMatchObject([
    { label: 'disk-low', description: 'since step 2: This is disk-low.', command: { arguments: [{ runId: 'r1' }] } },
  ]);
});
