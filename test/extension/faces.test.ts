/**
 * Every face of the editor and the command line offers what the protocol's rules take, and nothing else: context keys, the
 * tree's menus, the status bar's links, the choice of a run, and `video-r1 ctl`.
 */
import { describe, expect, test } from 'vitest';
import { chooseRun } from '../../extension/commands/targets.ts';
import {
  type Control,
  commands,
  contextKeys,
  controlNames,
  controls,
  manifestParts,
} from '../../extension/contributions.ts';
import { controlWords } from '../../extension/refusals.ts';
import { ContextKeys } from '../../extension/views/context-keys.ts';
import { RunsTree } from '../../extension/views/runs-tree.ts';
import { registerStatusBar } from '../../extension/views/status-bar.ts';
import { type CommandRequest, commandKinds, deleteRefusal, refusal } from '../../trainer/protocol/commands.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { aRunThat, everyRun, everyStanding, standingName } from '../protocol/every-standing.ts';
import { editor, type MarkdownString } from './fake-vscode.ts';
import { fakeTrainer, studioOn } from './studios.ts';

const learningRate = aRunThat({ state: 'created' }).parameters.learningRate;

/** What each control asks for, written down once more: stopping is asked in either way. */
const asked: Readonly<Record<Exclude<Control, 'delete'>, readonly CommandRequest[]>> = {
  start: [{ kind: 'start' }],
  queue: [{ kind: 'queue' }],
  dequeue: [{ kind: 'dequeue' }],
  pause: [{ kind: 'pause', release: false }],
  resume: [{ kind: 'resume' }],
  step: [{ kind: 'step', count: 1 }],
  'run-to': [{ kind: 'run-to', point: 'before-update' }],
  stop: [
    { kind: 'stop', when: 'after-step' },
    { kind: 'stop', when: 'now' },
  ],
  save: [{ kind: 'save' }],
  evaluate: [{ kind: 'evaluate' }],
  'read-labels': [{ kind: 'read-labels' }],
  mask: [{ kind: 'mask', step: 4, rollouts: ['s4-0-o0'], masked: true, why: 'w' }],
  rescore: [{ kind: 'rescore', step: 4, rollout: 's4-0-o0', scores: { accuracy: 1 }, why: 'w' }],
  skip: [{ kind: 'skip', row: 7, skipped: true, why: 'w' }],
  mix: [{ kind: 'mix', weights: null }],
  break: [{ kind: 'break', change: { do: 'add', condition: 'diskFree < 5', logOnly: false } }],
  pin: [{ kind: 'pin', step: 3, note: '' }],
  unpin: [{ kind: 'unpin', step: 3 }],
  'remove-checkpoint': [{ kind: 'remove-checkpoint', step: 3 }],
  set: [{ kind: 'set', parameter: 'learningRate', value: learningRate }],
};

function isTaken(control: Control, run: RunSummary, runs: readonly RunSummary[]): boolean {
  if (control === 'delete') return deleteRefusal(run) === null;
  return asked[control].some((request) => refusal(request, run, runs) === null);
}

/** Every run alone, and every run beside one that computes. */
const situations = everyRun.flatMap((run) => [
  [run],
  [run, aRunThat({ state: 'running', doing: null }, { id: 'other', name: 'other', createdAt: 1 })],
]);

async function studioWith(runs: readonly RunSummary[]) {
  const trainer = await fakeTrainer();
  trainer.runs = [...runs];
  const studio = studioOn(trainer.project);
  await studio.attach();
  return { studio, trainer };
}

/** Puts runs before the studio in one go, as a list that was read anew. */
async function situationsOn(look: (runs: readonly RunSummary[], studio: ReturnType<typeof studioOn>) => unknown) {
  const { studio, trainer } = await studioWith([]);
  for (const runs of situations) {
    trainer.runs = [...runs].map((run, i) => ({ ...run, seq: trainer.listed * 10 + i }));
    const read = trainer.listed + 1;
    trainer.tellChanged(null);
    while (trainer.listed < read || studio.runs.length !== runs.length || studio.runs[0]?.seq !== trainer.runs[0]?.seq)
      await new Promise<void>((resolve) => {
        const waiting = studio.onDidChange(() => {
          waiting.dispose();
          resolve();
        });
      });
    await look(studio.runs, studio);
  }
}

describe('the palette and the menus', () => {
  test('every command of the protocol has a control, whose title says its label', () => {
    expect([...controlNames].sort()).toEqual([...commandKinds, 'delete'].sort());
    for (const control of controlNames) {
      const title = commands[controls[control]].title.toLowerCase();
      expect(title.startsWith(controlWords(control).label.toLowerCase()), title).toBe(true);
    }
  });

  test('a command is enabled by the key of its control', () => {
    const { commands: contributed } = manifestParts().contributes;
    for (const control of controlNames) {
      const entry = contributed.find(({ command }) => command === commands[controls[control]].id);
      expect(entry?.enablement, control).toBe(contextKeys[`can.${control}`]);
    }
  });

  test('in every state, a key is on where a run takes the control', async () => {
    await situationsOn((runs, studio) => {
      new ContextKeys(studio).update();
      const on = controlNames.filter((control) => editor.context.get(contextKeys[`can.${control}`]));
      expect(on, runs.map(standingName).join(', ')).toEqual(
        controlNames.filter((control) => runs.some((run) => isTaken(control, run, runs))),
      );
    });
  });

  test("in every state, a run's menu holds the commands that it takes", async () => {
    const items = manifestParts().contributes.menus['view/item/context'] ?? [];
    await situationsOn((runs, studio) => {
      const tree = new RunsTree(studio);
      for (const run of runs) {
        const { contextValue = '' } = tree.getTreeItem({ kind: 'run', runId: run.id });
        const shown = items.flatMap(({ command, when }) => {
          const pattern = /viewItem =~ \/(.*)\/$/.exec(when)?.[1];
          return pattern && new RegExp(pattern).test(contextValue) ? [command] : [];
        });
        const offered = controlNames.filter((control) => shown.includes(commands[controls[control]].id));
        expect(offered, standingName(run)).toEqual(controlNames.filter((control) => isTaken(control, run, runs)));
      }
    });
  });
});

test('in every state, the tree says of each control that is not offered why it is not', async () => {
  await situationsOn((runs, studio) => {
    const tree = new RunsTree(studio);
    for (const run of runs) {
      const text = (tree.getTreeItem({ kind: 'run', runId: run.id }).tooltip as unknown as MarkdownString).value;
      for (const control of ['pause', 'resume', 'save'] as const) {
        const why = refusal(asked[control][0] as CommandRequest, run, runs);
        const title = commands[controls[control]].title;
        const line = text.split('\n').find((words) => {
          const [, titles = ''] = /^\*\*Not now\*\* (.*?): /.exec(words) ?? [];
          return titles.split(' · ').includes(title);
        });
        if (why === null) expect(line, standingName(run)).toBeUndefined();
        else expect(line, standingName(run)).toContain(why);
      }
    }
  });
});

test("in every state, the status bar's links are those of the controls that the run takes", async () => {
  await situationsOn((runs, studio) => {
    registerStatusBar(studio).dispose();
    const { tooltip } = editor.statusItem as { tooltip: MarkdownString };
    const [, argument = ''] = /\?(%5B[^)]*)\)/.exec(tooltip.value) ?? [];
    const [{ runId }] = JSON.parse(decodeURIComponent(argument)) as [{ runId: string }];
    const run = runs.find(({ id }) => id === runId) as RunSummary;
    for (const control of ['start', 'pause', 'resume', 'stop'] as const) {
      const link = `(command:${commands[controls[control]].id}?`;
      expect(tooltip.value.includes(link), `${control}, ${standingName(run)}`).toBe(isTaken(control, run, runs));
    }
  });
});

test('a run that can not be opened is in the tree with what is in the way, and can be deleted', async () => {
  const trainer = await fakeTrainer();
  trainer.unreadable = [{ id: 'old-1', message: 'It is damaged.', place: 'runs/old-1', remedy: 'Delete it.' }];
  const studio = studioOn(trainer.project);
  await studio.attach();
  new ContextKeys(studio).update();
  expect(editor.context.get(contextKeys['can.delete'])).toBe(true);
  const tree = new RunsTree(studio);
  const [node, ...others] = await tree.getChildren();
  expect(others).toEqual([]);
  const item = node && tree.getTreeItem(node);
  expect(item).toMatchObject({ label: 'old-1', description: 'It is damaged.', contextValue: 'unreadableRun' });
  expect(item?.tooltip).toContain('Delete it.');
});

describe('the choice of a run', () => {
  test('in every state, one that was clicked on and does not take the control says the sentence that refuses it', async () => {
    for (const standing of everyStanding) {
      const run = aRunThat(standing);
      const { studio } = await studioWith([run]);
      for (const control of controlNames) {
        const chosen = chooseRun(studio, { runId: run.id }, control);
        if (isTaken(control, run, [run])) expect((await chosen).id).toBe(run.id);
        else await expect(chosen, standingName(standing)).rejects.toThrow(`: ${studio.refusal(control, run)}.`);
      }
    }
  });

  test('lists only runs that take the control', async () => {
    const paused = (id: string, createdAt: number) =>
      aRunThat(
        { state: 'paused', at: { point: 'before-update', step: 4 }, why: 'the loss rose', fault: null, memory: 'held' },
        { id, name: id, createdAt },
      );
    const { studio } = await studioWith([
      paused('a', 3),
      aRunThat({ state: 'completed' }, { id: 'b', step: 100, createdAt: 2 }),
      paused('c', 1),
    ]);
    expect((await chooseRun(studio, undefined, 'resume')).id).toBe('a');
    expect(editor.picks[0]?.map(({ label }) => label)).toEqual(['$(debug-pause) a', '$(debug-pause) c']);
    expect(editor.picks[0]?.[0]?.description).toContain('paused at before-update, step 4: the loss rose');
  });

  test('where none takes it, says why for the first three', async () => {
    const { studio } = await studioWith([
      aRunThat({ state: 'completed' }, { id: 'a', name: 'a', createdAt: 4 }),
      aRunThat({ state: 'stopped' }, { id: 'b', name: 'b', createdAt: 3 }),
      aRunThat({ state: 'created' }, { id: 'c', name: 'c', createdAt: 2 }),
      aRunThat({ state: 'completed' }, { id: 'd', name: 'd', createdAt: 1 }),
    ]);
    await expect(chooseRun(studio, undefined, 'pause')).rejects.toMatchObject({
      message: 'There is no run that can be paused.',
      remedy: 'a: the run is complete; b: the run is stopped; c: the run has not been started; and 1 more.',
    });
  });

  test('does not take another run for one that is gone', async () => {
    const { studio } = await studioWith([aRunThat({ state: 'running', doing: null })]);
    await expect(chooseRun(studio, { runId: 'deleted' }, 'stop')).rejects.toThrow('There is no run deleted any more.');
  });
});

test('nothing is offered while the connection is lost, and no time left is told', async () => {
  const { studio, trainer } = await studioWith([aRunThat({ state: 'running', doing: null }, { pace: [2000, 4000] })]);
  const run = studio.runs[0] as RunSummary;
  // 97 steps of 3 seconds.
  expect(studio.remainingMs(run)).toBe(291_000);
  const lost = new Promise<void>((resolve) => {
    studio.onDidChange(() => {
      if (studio.trainerState === 'lost') resolve();
    });
  });
  await trainer.end();
  await lost;
  expect(studio.remainingMs(run)).toBeNull();
  for (const control of controlNames) expect(studio.refusal(control, run)).toContain('no connection');
});
