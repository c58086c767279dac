/** The tree of breakpoints: which runs and rows it has, what they say, and what a check box asks for. */
import { expect, test } from 'vitest';
import type * as vscode from 'vscode';
import { BreakpointsTree } from '../../../extension/views/breakpoints-tree.ts';
import type { Breakpoint } from '../../../trainer/protocol/breakpoints/breakpoint.ts';
import { TreeItemCheckboxState } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { recordOf, runOf } from '../trainer/fake-trainer.ts';

const place = { point: 'before-update', step: 4 } as const;
const one: Breakpoint = {
  ...{ number: 1, condition: 'any(aha >= 5)', at: 'before-update', logOnly: false, enabled: true, hits: 2 },
  lastHit: place,
};
const list: Breakpoint[] = [
  one,
  { ...one, number: 3, condition: 'kl > 0.5', at: 'after-update', logOnly: true, hits: 0, lastHit: null },
  { ...one, number: 4, enabled: false, hits: 0, lastHit: null },
];
const cause = { sentence: 'answer 5 of question 1: aha 5', groupId: 'g1', rolloutId: 'o5', values: [] };
const hit = { number: 1, condition: one.condition, place, logOnly: false, hits: 2, cause };

async function treeOf() {
  const trainer = await fakeTrainer();
  trainer.runs = [
    runOf({
      breakpoints: { given: 4, list },
      standing: { state: 'paused', at: place, why: 'Breakpoint 1', fault: null, memory: 'held', hit },
    }),
    runOf({ id: 'r2' }),
  ];
  const studio = studioOn(trainer.project);
  const tree = new BreakpointsTree(studio);
  await studio.attach();
  return { trainer, tree };
}

test('holds the runs that have breakpoints, each with its own, and says of each where it is asked and what it was hit by', async () => {
  const { tree } = await treeOf();
  const runs = tree.getChildren();
  expect(runs).toEqual([{ kind: 'run', runId: 'r1' }]);
  const items = tree.getChildren(runs[0]).map((node) => tree.getTreeItem(node));
  expect(
    items.map(({ label, description, checkboxState, iconPath, contextValue }) => [
      ...[label, description, checkboxState, (iconPath as vscode.ThemeIcon).id, contextValue],
    ]),
  ).toEqual([
    ['any(aha >= 5)', '1 · before-update · hit now, 2nd time', 1, 'debug-stackframe', 'breakpointHit'],
    ['kl > 0.5', '3 · after-update · log only · never hit', 1, 'debug-breakpoint-log', 'breakpoint'],
    ['any(aha >= 5)', '4 · before-update · disabled', 0, 'debug-breakpoint-disabled', 'breakpoint'],
  ]);
  expect(items[0]?.command).toMatchObject({ command: 'videoR1.openBreakpointHit', arguments: [{ runId: 'r1' }] });
});

test('asks the trainer for what a check box says', async () => {
  const { trainer, tree } = await treeOf();
  trainer.handlers['runs/command'] = async ({ id, command }) => ({
    command: recordOf(id, command, { state: 'applied' }),
  });
  await tree.check([[{ kind: 'breakpoint', runId: 'r1', breakpoint: 3 }, TreeItemCheckboxState.Unchecked]]);
  await tree.check([[{ kind: 'breakpoint', runId: 'r1', breakpoint: 4 }, TreeItemCheckboxState.Checked]]);
  expect(trainer.commands.map(({ command }) => command)).toEqual([
    { kind: 'break', change: { do: 'disable', number: 3 } },
    { kind: 'break', change: { do: 'enable', number: 4 } },
  ]);
});
