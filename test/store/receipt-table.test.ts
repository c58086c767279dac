/** Receipts are read by step, and go back with the answers that they are of. */
import { expect, onTestFinished, test } from 'vitest';
import type { Receipt } from '../../trainer/protocol/receipts.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

function aStore(): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun({ state: 'running', doing: null }));
  onTestFinished(() => store.dispose());
  for (const step of [1, 2]) store.append({ type: 'group', group: aGroup(step) });
  return store;
}

/** Numbers that 32-bit floats hold exactly. */
const aReceipt = (step: number, after = -0.5): Receipt => ({
  ...{ step, at: 5 },
  answers: [
    { rolloutId: `s${step}-g0-o0`, advantage: 0.75, before: [-1, -0.25], after: [after, -0.25] },
    { rolloutId: `s${step}-g0-o1`, advantage: null, before: [-2], after: [-4] },
  ],
});

const write = (store: RunStore, receipt: Receipt) => store.append({ type: 'receipt', step: receipt.step }, { receipt });

test('a receipt is read back whole, made anew it takes the place of the first, and there is none of other steps', () => {
  const store = aStore();
  write(store, aReceipt(1));
  expect(store.receipt(1)).toEqual(aReceipt(1));
  expect(store.receipt(2)).toBeNull();
  write(store, aReceipt(1, -3));
  expect(store.receipt(1)).toEqual(aReceipt(1, -3));
});

test('it is gone with a step that the run went back over, and does not come back with the same answers', () => {
  const store = aStore();
  write(store, aReceipt(1));
  write(store, aReceipt(2));
  store.append({ type: 'rewound', toStep: 1 });
  expect([1, 2].map((step) => store.receipt(step)?.step)).toEqual([1, undefined]);
  expect(store.events(0, 99).map(({ body }) => body.type)).toEqual([
    'group',
    'rewound',
    'receipt',
    'rewound',
    'rewound',
  ]);
  store.append({ type: 'group', group: aGroup(2) });
  expect(store.receipt(2)).toBeNull();
  write(store, aReceipt(2));
  expect(store.receipt(2)).toEqual(aReceipt(2));
});

test('answers that are not there are passed over', () => {
  const store = aStore();
  write(store, { ...aReceipt(1), answers: [{ rolloutId: 'nobody', advantage: 1, before: [], after: [] }] });
  expect(store.receipt(1)).toBeNull();
});
