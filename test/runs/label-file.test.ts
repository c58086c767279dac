/** Labels in a run's folder: what was written is read, and nothing else is. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { copyLabels, hashOfLabels, type RowLabel, readLabels, writeLabels } from '../../trainer/runs/label-file.ts';
import { temporaryProject } from '../annotations/projects.ts';

const labels: RowLabel[] = [
  { row: '1', hash: 'a', state: 'leftOut', text: null },
  { row: null, hash: 'b', state: 'flagged', text: 'it is blue' },
  { row: '3', hash: 'c', state: 'fixed', text: 'new' },
];

it('labels have one hash in any order, whatever is disputed, and another where anything is trained otherwise', () => {
  const hash = hashOfLabels(labels);
  expect(hashOfLabels(labels.toReversed())).toBe(hash);
  expect(hashOfLabels([...labels, { row: '4', hash: 'd', state: 'disputed', text: null }])).toBe(hash);
  for (const change of [{ row: '2' }, { hash: 'x' }, { state: 'fixed' }, { text: 'x' }] as Partial<RowLabel>[])
    expect(hashOfLabels([{ ...(labels[0] as RowLabel), ...change }, ...labels.slice(1)])).not.toBe(hash);
});

it('labels that were changed by hand, cut off or taken away are none', async () => {
  const folder = temporaryProject();
  const hash = hashOfLabels(labels);
  expect(await readLabels(folder, hash)).toBeNull();
  await writeLabels(folder, labels);
  expect(await readLabels(folder, hash)).toEqual(labels);
  const file = path.join(folder, `labels-${hash}.json`);
  const text = readFileSync(file, 'utf8');
  for (const other of [text.replace('blue', 'red'), text.slice(0, 40), '']) {
    writeFileSync(file, other);
    expect(await readLabels(folder, hash)).toBeNull();
  }
});

it('a fork has the labels of the run that it goes on from, and none where that has lost them', async () => {
  const project = temporaryProject();
  const [from, to] = ['a', 'b'].map((name) => path.join(project, name)) as [string, string];
  mkdirSync(from);
  mkdirSync(to);
  const hash = hashOfLabels(labels);
  await copyLabels(from, to, hash);
  expect(await readLabels(to, hash)).toBeNull();
  await writeLabels(from, labels);
  await copyLabels(from, to, hash);
  expect(await readLabels(to, hash)).toEqual(labels);
});
