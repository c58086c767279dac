import { expect, onTestFinished, test } from 'vitest';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRollout, aRun } from './records.ts';

/** Three sentences of four words each. */
const long = 'A square is red. It goes right slowly. Then it stops there.';

function newStore(): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun());
  onTestFinished(() => store.dispose());
  return store;
}

/** A group about one video whose one answer has this reasoning. */
function answered(step: number, video: string, reasoning: string): GroupWithRollouts {
  const id = `s${step}-${video}`;
  const group = aGroup(step, { id });
  const text = `<think>${reasoning}</think><answer>B</answer>`;
  const think = { start: 7, end: 7 + reasoning.length };
  return {
    ...group,
    media: { ...group.media, key: video },
    rollouts: [
      aRollout({
        id: `${id}-o0`,
        groupId: id,
        step,
        text,
        parsed: { think, answer: null, problems: [] },
        patterns: [],
      }),
    ],
  };
}

/** What the event that was sent says of the answer, and what is stored of it. */
function patternsOf(store: RunStore, group: GroupWithRollouts) {
  const { body } = store.append({ type: 'group', group });
  const sent = body.type === 'group' ? body.group.rollouts[0]?.patterns : null;
  expect(store.group(group.id).rollouts[0]?.patterns).toEqual(sent);
  return sent;
}

test('an answer about another video that gives reasoning a second time has the pattern, case and marks aside', () => {
  const store = newStore();
  expect(patternsOf(store, answered(1, 'a', long))).toEqual([]);
  expect(patternsOf(store, answered(2, 'a', long))).toEqual([]);
  expect(patternsOf(store, answered(3, 'b', long.toUpperCase().replaceAll('.', ' –')))).toEqual(['same text']);
  expect(patternsOf(store, answered(4, 'c', `${long} So B.`))).toEqual([]);
});

test('short reasoning is alike by chance', () => {
  const store = newStore();
  const eleven = long.replace(' slowly', '');
  patternsOf(store, answered(1, 'a', eleven));
  expect(patternsOf(store, answered(2, 'b', eleven))).toEqual([]);
});

test('what the run went back over is no earlier answer', () => {
  const store = newStore();
  patternsOf(store, answered(1, 'a', 'It is a long way from here to the wall and back again.'));
  patternsOf(store, answered(2, 'a', long));
  store.append({ type: 'rewound', toStep: 1 });
  expect(patternsOf(store, answered(2, 'b', long))).toEqual([]);
  expect(patternsOf(store, answered(3, 'c', long))).toEqual(['same text']);
});
