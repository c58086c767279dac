/** What a run of schema 1 said of its state in a sentence, and what is known from it now. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { standingOf } from '../../trainer/protocol/run-state.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';

const fault = { kind: 'disk-full', message: 'No space is left.', remedy: 'Free some.' };
const saved = 'saved after step 3; the memory is free';
const ended = 'the trainer ended after step 3; resume goes on from the last checkpoint';
const released = { state: 'paused', at: { point: 'after-update', step: 3 }, fault: null, memory: 'released' };

it.each([
  ['created', null, null, { state: 'created' }],
  ['starting', 'loading the model', null, { state: 'starting', doing: 'loading the model' }],
  ['running', '2 steps, then pause', null, { state: 'running', doing: '2 steps, then pause' }],
  ['pausing', 'at the next safe point', null, { state: 'pausing', release: false }],
  ['pausing', 'at the end of this step', null, { state: 'pausing', release: true }],
  [
    'paused',
    'after-sampling, step 4',
    null,
    { state: 'paused', at: { point: 'after-sampling', step: 4 }, why: null, fault: null, memory: 'held' },
  ],
  [
    'paused',
    'before-update, step 4: No space is left.',
    fault,
    { state: 'paused', at: { point: 'before-update', step: 4 }, why: fault.message, fault, memory: 'held' },
  ],
  ['paused', saved, null, { ...released, why: saved }],
  ['paused', ended, null, { ...released, why: ended }],
  ['stopping', 'after this step', null, { state: 'stopping', when: 'after-step' }],
  ['stopping', null, null, { state: 'stopping', when: 'now' }],
  ['stopped', 'saved after step 3', null, { state: 'stopped' }],
  ['completed', null, null, { state: 'completed' }],
  ['failed', fault.message, fault, { state: 'failed', fault }],
])('%s with "%s" keeps all that was known of it', (state, detail, error, standing) => {
  const folder = temporaryFolder();
  const file = join(folder, storeFile);
  copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'store-schema-1.db'), file);
  const raw = new DatabaseSync(file);
  raw
    .prepare("UPDATE run SET summary = json_set(summary, '$.step', 3, '$.state', ?, '$.detail', ?, '$.error', json(?))")
    .run(state, detail, JSON.stringify(error));
  raw.close();
  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  expect(standingOf(store.summary())).toEqual(standing);
});

it.each([
  ["UPDATE groups SET body = '[]'", /damaged/],
  ["UPDATE rollouts SET body = '{}'", /damaged/],
])('%s: a record that lacks a part is named as damage when it is indexed anew', (harm, message) => {
  const folder = temporaryFolder();
  const file = join(folder, storeFile);
  copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'store-schema-1.db'), file);
  const raw = new DatabaseSync(file);
  raw.exec(harm);
  raw.close();
  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  expect(() => store.fill(Number.POSITIVE_INFINITY)).toThrow(
    expect.objectContaining({ kind: 'bad-store', place: file, message: expect.stringMatching(message) }),
  );
});
