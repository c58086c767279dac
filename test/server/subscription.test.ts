import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventText } from '../../trainer/protocol/records.ts';
import { Subscription } from '../../trainer/server/subscription.ts';

const event = (seq: number): EventText => ({ seq, json: '{}' });
const together = (sending: () => void) => sending();

test('whatever the order of events, full readers and turns, each event above since is sent once and in order', async () => {
  const action = fc.constantFrom('event', 'event', 'event', 'unheard', 'fill', 'drain', 'turn');
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 40 }),
      fc.nat({ max: 40 }),
      fc.array(action, { maxLength: 60 }),
      async (past, from, actions) => {
        const since = Math.min(past, from);
        const stored = Array.from({ length: past }, (_, index) => event(index + 1));
        const sent: number[] = [];
        let full = false;
        let overflow = 0;
        let waiting: (() => void)[] = [];
        const outlet = {
          send: (one: EventText) => {
            if (full) overflow += 1;
            sent.push(one.seq);
            if (sent.length % 7 === 0) full = true;
          },
          get isFull() {
            return full;
          },
          onceDrained: (callback: () => void) => waiting.push(callback),
          together,
        };
        const drain = () => {
          full = false;
          const callbacks = waiting;
          waiting = [];
          for (const callback of callbacks) callback();
        };
        const subscription = new Subscription(
          since,
          outlet,
          (after, limit) => stored.slice(after, after + limit),
          (thrown) => {
            throw thrown;
          },
        );
        subscription.catchUp();
        for (const act of [...actions, 'event']) {
          // An event of which the subscription is told only by the next one.
          if (act === 'unheard') stored.push(event(stored.length + 1));
          if (act === 'event') {
            stored.push(event(stored.length + 1));
            subscription.offer(stored.at(-1) as EventText);
          }
          if (act === 'fill') full = true;
          if (act === 'drain') drain();
          if (act === 'turn') await new Promise(setImmediate);
        }
        // A reader that reads again gets all the rest; one that missed a wake-up would stay behind for ever.
        for (let turn = 0; turn < 100 && sent.length < stored.length - since; turn++) {
          drain();
          await new Promise(setImmediate);
        }
        expect(sent).toEqual(stored.slice(since).map((one) => one.seq));
        expect(overflow).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('after dispose nothing is sent', async () => {
  const sent: number[] = [];
  const outlet = { send: (one: EventText) => sent.push(one.seq), isFull: false, onceDrained: () => {}, together };
  const subscription = new Subscription(
    0,
    outlet,
    () => [event(1)],
    () => {},
  );
  subscription.catchUp();
  subscription.dispose();
  subscription.offer(event(1));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(sent).toEqual([]);
});

test('a store that can not be read is reported once, and the subscription is over', async () => {
  const failures: unknown[] = [];
  const outlet = { send: () => {}, isFull: false, onceDrained: () => {}, together };
  const fault = new Error('damaged');
  const read = () => {
    throw fault;
  };
  const subscription = new Subscription(0, outlet, read, (thrown) => failures.push(thrown));
  subscription.catchUp();
  await new Promise(setImmediate);
  subscription.offer(event(5));
  await new Promise(setImmediate);
  expect(failures).toEqual([fault]);
});
