/** Evidence is read, weighed once on request, and what comes late of an answer that was left changes nothing. */
import { beforeEach, describe, expect, it } from 'vitest';
import { StudioError } from '../../../../trainer/protocol/errors.ts';
import type { Weighing, WeighingCost } from '../../../../trainer/protocol/evidence.ts';
import { type EvidenceDoor, EvidenceModel } from '../../../../webview/rollout/evidence/evidence-model.ts';
import { aWeighing } from './weighed.ts';

const free: WeighingCost = {
  by: { run: 'a', step: 4, same: true },
  ...{ answers: 1, weighed: 0, passes: 12, ms: 300, refusal: null },
};
const settle = () => new Promise((resolve) => setImmediate(resolve));

let known: Map<string, Weighing>;
let cost: WeighingCost;
let faults: unknown[];
let asked: unknown[];
let cancelled: string[];
let tell: Parameters<EvidenceDoor['onProgress']>[0];
/** Ends the weighing under way. */
let finish: (found: Weighing | null) => void;
let gone: boolean;
let model: EvidenceModel;

beforeEach(() => {
  known = new Map();
  cost = free;
  faults = [];
  asked = [];
  cancelled = [];
  gone = false;
  model = new EvidenceModel({
    get: async (rolloutId) => {
      if (gone) throw new StudioError('connection-lost', 'gone');
      return { weighing: known.get(rolloutId) ?? null };
    },
    cost: async (of) => {
      asked.push(of);
      return cost;
    },
    compute: (of) => {
      asked.push(of);
      return new Promise((resolve) => {
        finish = (found) => {
          if (found) known.set(found.rolloutId, found);
          resolve({ weighed: found ? 1 : 0, before: 0, refused: [], cancelled: found === null });
        };
      });
    },
    cancel: async (id) => cancelled.push(id),
    onProgress: (listener) => {
      tell = listener;
      return () => {};
    },
    newId: () => 'id-1',
    fail: (thrown) => faults.push(thrown),
  });
});

const state = () => model.state.get();

describe('the evidence of an answer', () => {
  it('is read when it is shown, with what weighing it would cost', async () => {
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    expect(state()).toMatchObject({ isRead: true, weighing: null, cost: free });
    known.set('s', aWeighing({ rolloutId: 's' }));
    model.show({ rolloutId: 's', answeredBy: 4 });
    expect(state()).toMatchObject({ isRead: false, weighing: null, cost: null });
    await settle();
    expect(state().weighing?.rolloutId).toBe('s');
    // By the weights that answered: nothing is left to ask.
    expect(asked).toEqual([{ of: { rolloutId: 'r' } }]);
  });

  it('comes once it was weighed, with how far that is meanwhile', async () => {
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    const weighing = model.weigh();
    void model.weigh();
    tell({ id: 'id-1', done: 0, total: 1, doing: 'loading', leftMs: 50 });
    tell({ id: 'other', done: 1, total: 1, doing: null, leftMs: null });
    expect(state().underWay.get('r')?.progress).toMatchObject({ doing: 'loading' });
    finish(aWeighing());
    await weighing;
    expect(state().underWay.size).toBe(0);
    expect(state().weighing?.rolloutId).toBe('r');
    expect(asked.filter((one) => JSON.stringify(one).includes('id-1'))).toEqual([
      { id: 'id-1', of: { rolloutId: 'r' } },
    ]);
    await model.weigh();
    expect(asked.filter((one) => JSON.stringify(one).includes('id-1')).length).toBe(1);
  });

  it('of other weights is weighed again by those that answered', async () => {
    known.set('r', aWeighing({ by: { run: 'a', step: 9, same: false } }));
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    expect(asked).toEqual([{ of: { rolloutId: 'r' }, checkpoint: 4 }]);
    void model.weigh();
    expect(asked.at(-1)).toEqual({ id: 'id-1', of: { rolloutId: 'r' }, checkpoint: 4 });
  });

  it('that was scored for a credit alone is there, and can be weighed by whatever weights are at hand', async () => {
    known.set('r', aWeighing({ forCredit: true }));
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    expect(state()).toMatchObject({ weighing: { forCredit: true }, cost: free });
    void model.weigh();
    expect(asked.at(-1)).toEqual({ id: 'id-1', of: { rolloutId: 'r' } });
  });

  it('is not asked for where it is refused', async () => {
    cost = { ...free, by: null, refusal: 'a trains; pause it.' };
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    await model.weigh();
    expect(asked.length).toBe(1);
    cost = free;
    await model.readCost();
    expect(state().cost).toEqual(free);
  });

  it('is stopped for the answer that is read, and goes on for one that was left', async () => {
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    expect(model.cancel()).toBe(false);
    const weighing = model.weigh();
    model.show({ rolloutId: 's', answeredBy: 4 });
    expect(model.cancel()).toBe(false);
    model.show({ rolloutId: 'r', answeredBy: 4 });
    expect(model.cancel()).toBe(true);
    expect(cancelled).toEqual(['id-1']);
    finish(null);
    await weighing;
    expect(state().underWay.size).toBe(0);
  });

  it('waits for a trainer that is gone without a word, and says every other fault', async () => {
    gone = true;
    model.show({ rolloutId: 'r', answeredBy: 4 });
    await settle();
    expect([faults.length, state().isRead]).toEqual([0, false]);
    gone = false;
    await model.readAgain();
    expect(state().isRead).toBe(true);
  });
});

describe('what is picked', () => {
  it('is one word or one pair, let go of by picking it again, by key, and with the answer', async () => {
    model.show({ rolloutId: 'r', answeredBy: 4 });
    model.toggle({ kind: 'word', start: 3 });
    expect(state().picked).toEqual({ kind: 'word', start: 3 });
    model.toggle({ kind: 'pair', pair: 3 });
    expect(state().picked).toEqual({ kind: 'pair', pair: 3 });
    model.toggle({ kind: 'pair', pair: 3 });
    expect(state().picked).toBeNull();
    model.pickWord(3);
    model.pickWord(3);
    expect(state().picked).toEqual({ kind: 'word', start: 3 });
    expect([model.letGo(), model.letGo()]).toEqual([true, false]);
    model.pickPair(1);
    model.show({ rolloutId: 's', answeredBy: 4 });
    expect(state().picked).toBeNull();
  });
});
