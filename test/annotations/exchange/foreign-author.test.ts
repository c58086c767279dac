import { describe, expect, it } from 'vitest';
import {
  exportArgilla,
  exportLabelStudio,
  type Imported,
  importArgilla,
  importLabelStudio,
} from '../../../trainer/annotations/exchange/exchange.ts';
import type { Author, Entry } from '../../../trainer/protocol/annotations/entries.ts';
import type { Verdict } from '../../../trainer/protocol/records.ts';
import { contextWith, rowOf, vocabulary, written } from './project.ts';

const options = { vocabulary, textField: null };
const row = rowOf('12', 'Two plus two is four.');
const context = contextWith(row);

/** A verdict of each, with what the item was. */
const saidBy = (...all: readonly (readonly [Author, Verdict])[]): Entry[] =>
  all.flatMap(([author, verdict], k) => {
    const head = { v: 1 as const, at: `2026-02-0${k + 1}T10:00:00.000Z`, author };
    return [
      { ...head, id: `item-${k}`, kind: 'item', item: row.item, ...row.content },
      { ...head, id: `verdict-${k}`, kind: 'verdict', item: row.item, verdict, fixed: null },
    ] satisfies Entry[];
  });
const ids = ({ entries }: Imported) => entries.map(({ id }) => id).sort();
const told = ({ notices }: Imported) => notices.map(({ message }) => message).join('\n');

const bothForms = [
  {
    form: 'Argilla',
    there: async (entries: readonly Entry[]) =>
      importArgilla((await written(entries, exportArgilla)).content, options, context),
  },
  {
    form: 'Label Studio',
    there: async (entries: readonly Entry[]) =>
      importLabelStudio((await written(entries, exportLabelStudio)).content, options, context),
  },
];

describe.each(bothForms)('an own export in the form of $form changes nobody’s verdict', ({ there }) => {
  it.each([
    ['name', { name: 'Ann', email: 'ann@example.org' }, { name: 'Ann', email: null }],
    ['e-mail address', { name: 'Ann', email: 'team@example.org' }, { name: 'Ben', email: 'team@example.org' }],
  ])('where two authors share the %s', async (_, one, other) => {
    for (const pair of [
      [one, other],
      [other, one],
    ] as const) {
      const entries = saidBy([pair[0], 'drop'], [pair[1], 'keep']);
      const back = await there(entries);
      expect(back.notices).toEqual([]);
      expect(ids(back)).toEqual(entries.map(({ id }) => id).sort());
    }
  });
});

it('a user that the metadata of a record names is that author, also where another one has the name alone', async () => {
  const ann = { name: 'Ann', email: 'ann@example.org' };
  const [record] = (await written(saidBy([ann, 'drop'], [{ name: 'Ann', email: null }, 'keep']), exportArgilla))
    .content;
  const { entries, users } = JSON.parse(record?.metadata.video_r1 ?? '') as { entries: Entry[]; users: object };
  const withoutAnns = entries.filter(({ author }) => author.email === null);
  const metadata = { video_r1: JSON.stringify({ entries: withoutAnns, users }) };
  const back = await importArgilla([{ ...record, metadata }], options, context);
  const fresh = back.entries.filter(({ id }) => !withoutAnns.some((one) => one.id === id));
  expect(fresh).toMatchObject([
    { kind: 'item', author: ann },
    { kind: 'verdict', verdict: 'drop', author: ann },
  ]);
});

it('a user of Label Studio who may be one of two authors is neither, and that is told', async () => {
  const team = 'team@example.org';
  const entries = saidBy([{ name: 'Ann', email: team }, 'drop'], [{ name: 'Ben', email: team }, 'keep']);
  const [task] = (await written(entries, exportLabelStudio)).content;
  const by = (completed_by: object) => [
    { ...task, annotations: task?.annotations.slice(0, 1).map((one) => ({ ...one, completed_by })) },
  ];
  const unclear = await importLabelStudio(by({ id: 7, email: team, first_name: 'Team' }), options, context);
  expect(told(unclear)).toContain('Several authors');
  expect(unclear.entries.filter(({ id }) => !entries.some((one) => one.id === id))).toEqual([]);
  const clear = await importLabelStudio(by({ id: 7, email: team, first_name: 'Ben' }), options, context);
  expect(told(clear)).not.toContain('Several authors');
});
