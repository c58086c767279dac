/** Asking beside an answer: one ask at a time, what is under way as it is told, changes that can be taken back, and faults in place of an ask. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { type AskCost, type Experiment, type ExperimentAnswer, theSameAgain } from '../../../trainer/protocol/ask.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { Asking } from '../../../webview/ask/asking.ts';
import { aGroup, aRollout } from '../../store/records.ts';

const text = '<think>It goes left.</think><answer>A</answer>';
const cost: AskCost = {
  ...{ weights: [], answers: 4, ms: null, waits: false, prefix: true, cut: null, refusal: null },
};
const answer = { index: 0, text, correct: true } as unknown as ExperimentAnswer;

interface Sent {
  readonly method: string;
  readonly params: { readonly id?: string; readonly ask?: unknown };
  readonly answer: (value: unknown) => void;
  readonly refuse: (fault: StudioError) => void;
}

function anAsking() {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const sent: Sent[] = [];
  const listeners = new Map<string, (params: never) => void>();
  const failed: unknown[] = [];
  const request = (method: string, params: Sent['params']) => {
    if (method === 'ask/list') return Promise.resolve({ experiments: [] });
    if (method === 'ask/cost') return Promise.resolve(cost);
    if (method === 'rollouts/tokens') return Promise.reject(new StudioError('not-found', 'No tokens.'));
    return new Promise((resolve, reject) => sent.push({ method, params, answer: resolve, refuse: reject }));
  };
  const connection = {
    request,
    on: (name: string, listener: (params: never) => void) => {
      listeners.set(name, listener);
      return () => listeners.delete(name);
    },
    whenReady: (listener: () => void) => {
      listener();
      return () => {};
    },
  };
  const feed = { request, connection, fail: (thrown: unknown) => failed.push(thrown) };
  const asking = new Asking(feed as never, {
    group: aGroup(1),
    rollout: aRollout({ id: 's1-g0-o0', groupId: 's1-g0', text }),
    tokens: null,
  });
  const tell = (name: string, params: object) => listeners.get(name)?.(params as never);
  return { asking, sent, tell, listeners, failed };
}

test('one ask at a time, told of as it is answered, and kept with the others when it is', async () => {
  const { asking, sent, tell } = anAsking();
  const done = asking.start();
  void asking.start();
  expect(sent.map(({ method }) => method)).toEqual(['ask/start']);
  const { id } = sent[0]?.params ?? {};
  tell('ask/progress', {
    id,
    doing: null,
    done: 0,
    total: 4,
    leftMs: 9,
    writing: [{ part: 0, index: 0, text: 'It', tokens: 1 }],
  });
  tell('ask/answered', { id, part: 0, answer });
  tell('ask/answered', { id: 'another', part: 0, answer });
  expect(asking.state.get().underWay).toMatchObject({ progress: { total: 4 }, answered: [{ part: 0, answer }] });
  const experiment = { id, number: 1 } as Experiment;
  sent[0]?.answer({ experiment });
  await done;
  expect(asking.state.get()).toMatchObject({ underWay: null, failed: null, experiments: [experiment] });
});

test('a stop is sent once there is something to stop; that nothing was whole is no fault, all else is', async () => {
  const { asking, sent } = anAsking();
  expect(asking.stop()).toBe(false);
  const done = asking.start();
  expect(asking.stop()).toBe(true);
  expect(sent.map(({ method }) => method)).toEqual(['ask/start', 'ask/cancel']);
  expect(asking.state.get().underWay?.stopping).toBe(true);
  sent[0]?.refuse(new StudioError('cancelled', 'It was stopped.'));
  await done;
  expect(asking.state.get()).toMatchObject({ underWay: null, failed: null });
  const again = asking.start();
  sent[2]?.refuse(new StudioError('conflict', 'tgrpo-1 is running.'));
  await again;
  expect(asking.state.get().failed?.message).toBe('tgrpo-1 is running.');
});

test('changes are taken back one by one, typing in one field as one', () => {
  const { asking } = anAsking();
  asking.edit({ given: 'W' }, 'given');
  asking.edit({ given: 'Wait' }, 'given');
  asking.edit({ frames: { kind: 'named', name: 'reversed' } });
  expect(asking.ask).toMatchObject({ typed: 'Wait', frames: 'reversed' });
  asking.undo();
  expect(asking.ask).toMatchObject({ typed: 'Wait', frames: 'as seen' });
  asking.undo();
  expect(asking.ask).toEqual(theSameAgain);
  asking.undo();
  asking.edit({ n: '9' });
  asking.reset();
  expect(asking.ask).toEqual(theSameAgain);
  asking.undo();
  expect(asking.ask.n).toBe(9);
});

test('what the contract does not take is said, and not asked', async () => {
  const { asking, sent } = anAsking();
  asking.edit({ temperature: 'hot' });
  expect(asking.state.get().fault).toMatch(/temperature/);
  await asking.start();
  expect(sent).toEqual([]);
  asking.undo();
  expect(asking.state.get().fault).toBeNull();
});

test('the cost is asked for when one has stopped changing, and who leaves ends what is under way', async () => {
  const { asking, sent, listeners } = anAsking();
  await vi.advanceTimersByTimeAsync(1);
  expect(asking.state.get()).toMatchObject({ cost, experiments: [] });
  void asking.start();
  asking.dispose();
  expect(sent.at(-1)?.method).toBe('ask/cancel');
  expect(listeners.size).toBe(0);
});
