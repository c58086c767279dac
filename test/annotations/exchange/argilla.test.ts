import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { argillaUser } from '../../../trainer/annotations/exchange/argilla/write.ts';
import { exportArgilla, type Imported, importArgilla } from '../../../trainer/annotations/exchange/exchange.ts';
import type { Entry } from '../../../trainer/protocol/annotations/entries.ts';
import { contextWith, rowOf, vocabulary, written } from './project.ts';

const options = { vocabulary, textField: null };
const film = rowOf('12', '🎬 First the ball hits the rail, then it stops.');
const sum = rowOf('13', 'Two plus two is four.');
const ada = { name: 'Ada', email: 'ada@example.org' };
const adaId = '6f1c7d0e-4d53-4a52-9a65-6a7f1a7f1a7f';
const context = { ...contextWith(film, sum), authors: new Map([[adaId, ada]]) };

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(path.resolve(import.meta.dirname, `../../fixtures/exchange/argilla-${name}.json`), 'utf8'));
const told = ({ notices }: Imported) => notices.map(({ message }) => message).join('\n');
const essence = (entries: readonly Entry[]) =>
  entries.map((entry) => {
    if (entry.kind === 'flag') return [entry.category, entry.span?.quote ?? null];
    return entry.kind === 'verdict' ? [entry.verdict, entry.fixed] : [entry.kind];
  });

describe('records of Argilla', () => {
  it('become flags and verdicts of each user, whatever the questions are called', async () => {
    const imported = await importArgilla(fixture('records'), options, context);
    const mine = imported.entries.filter(({ author }) => author.email === ada.email);
    expect(essence(mine)).toEqual([['item'], ['not-in-frames', 'then it stop'], ['wrong-order', null], ['drop', null]]);
    const unknown = imported.entries.filter(({ author }) => author.name === 'Argilla user unknown');
    expect(essence(unknown)).toEqual([['item'], ['keep', null]]);
  });

  it('tell everything that does not come along', async () => {
    const imported = await importArgilla(fixture('records'), options, context);
    for (const message of [
      'A suggestion is left out',
      'The label "boring" is no category',
      'An answer to "remark"',
      'no label, no span and no text',
      'does not say which responses are drafts',
      'Who gave a response',
      'read as code points',
      'fields must be an object',
      'How grave',
    ])
      expect(told(imported)).toMatch(message);
    const place = imported.notices.find(({ message }) => message.includes('"remark"'))?.places[0];
    expect(place).toBe(`record row-12, user ${adaId}, question "remark"`);
  });

  it('are the same as the server sends them, where discarded responses and drafts are left out and told', async () => {
    const imported = await importArgilla(fixture('server'), options, context);
    expect(essence(imported.entries)).toEqual([['item'], ['wrong-order', 'First the ball'], ['fix', 'It stops.']]);
    expect(told(imported)).toMatch('A discarded response');
    expect(told(imported)).toMatch('A response that is draft');
    expect(told(imported)).not.toMatch('all count as submitted');
  });

  it('are the same flattened, by column and by id', async () => {
    const flat = fixture('flat') as Record<string, unknown>[];
    const expected = [['item'], ['wrong-order', 'First the ball'], ['fix', null]];
    const found = await importArgilla(flat, { ...options, textField: 'text' }, context);
    expect(essence(found.entries)).toEqual(expected);
    expect(told(found)).toMatch('A suggestion is left out');
    expect(told(found)).toMatch('A discarded response');
    const keys = Object.keys(flat[0] ?? {});
    const columns = Object.fromEntries(keys.map((key) => [key, flat.map((row) => row[key])]));
    expect(await importArgilla(columns, options, context)).toEqual(found);
    const nested = fixture('records') as { id: string }[];
    const byId = Object.fromEntries(nested.map(({ id, ...record }) => [id, record]));
    expect(await importArgilla(byId, options, context)).toEqual(await importArgilla(nested, options, context));
  });

  it.each(['', ' \n\t'])('ask for a fix alone where the fixed text is blank: %j', async (value) => {
    const said = (of: unknown) => [{ value: of, user_id: adaId, status: 'submitted' }];
    const record = { fields: { text: sum.content.text }, responses: { verdict: said('fix'), fixed_text: said(value) } };
    expect(essence((await importArgilla([record], options, context)).entries)).toEqual([['item'], ['fix', null]]);
  });

  it('are refused as a whole, with a remedy, where there are none', async () => {
    for (const wrong of ['text', 7, null, {}, { name: 'settings' }])
      await expect(importArgilla(wrong, options, context)).rejects.toThrow(
        expect.objectContaining({ kind: 'bad-input', remedy: expect.stringContaining('to_json') }),
      );
    expect(await importArgilla([], options, context)).toEqual({ entries: [], notices: [] });
  });

  it('are of no one else where a user is called like a part of the language', async () => {
    const record = {
      fields: { text: sum.content.text },
      responses: [{ user_id: 'constructor', status: 'submitted', values: { v: { value: 'keep' } } }],
    };
    const { entries } = await importArgilla([record], options, context);
    expect(entries.map(({ author }) => author.name)).toEqual(['Argilla user constructor', 'Argilla user constructor']);
  });
});

const { entries } = await importArgilla(fixture('server'), options, context);

describe('an export to Argilla', () => {
  const exported = async () =>
    structuredClone((await written(entries, exportArgilla)).content[0]) as unknown as {
      responses: Record<string, { value: unknown; user_id: string; status: string }[]>;
      metadata: { video_r1: string };
    };

  it('answers a span, a label, a multi-label and a text question, by a user whose id is a UUID', async () => {
    const [record] = (await written(entries, exportArgilla)).content;
    expect(record?.fields).toMatchObject({ text: film.content.text, question: film.content.question });
    const user_id = argillaUser({ id: null, ...ada });
    expect(user_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    const by = { user_id, status: 'submitted' };
    expect(record?.responses).toEqual({
      flags: [{ value: [{ start: 2, end: 16, label: 'wrong-order' }], ...by }],
      item_flags: [{ value: [], ...by }],
      verdict: [{ value: 'fix', ...by }],
      fixed_text: [{ value: 'It stops.', ...by }],
    });
  });

  it('that was changed there comes back with what is new, by the same author', async () => {
    const record = await exported();
    const [verdict] = record.responses.verdict ?? [];
    if (verdict) verdict.value = 'drop';
    const [flags] = record.responses.flags ?? [];
    if (flags) flags.value = [];
    const back = await importArgilla([record], options, contextWith());
    const added = back.entries.filter(({ id }) => !entries.some((entry) => entry.id === id));
    expect(added.map(({ kind, author }) => [kind, author.email])).toEqual([
      ['retraction', ada.email],
      ['verdict', ada.email],
    ]);
  });

  it('takes nothing back of what a dataset had no question for, or of a draft', async () => {
    const { entries: whole } = await importArgilla(fixture('records'), options, context);
    const bare = structuredClone((await written(whole, exportArgilla)).content[0]) as unknown as {
      responses: Record<string, unknown>;
    };
    delete bare.responses.item_flags;
    delete bare.responses.verdict;
    expect((await importArgilla([bare], options, contextWith())).entries).toEqual(whole);
    const record = await exported();
    for (const [answer] of Object.values(record.responses)) if (answer) answer.status = 'draft';
    record.responses.flags = [];
    const back = await importArgilla([record], options, contextWith());
    expect(back.entries).toEqual(entries);
    expect(told(back)).toMatch('A response that is draft');
  });

  it('takes nothing back where a user’s whole response is gone, which may be for other reasons, and tells it', async () => {
    const back = await importArgilla([{ ...(await exported()), responses: {} }], options, contextWith());
    expect(back.entries).toEqual(entries);
    expect(told(back)).toMatch(`What "${ada.name}" had said was exported and is no longer there.`);
    const record = await exported();
    for (const [answer] of Object.values(record.responses)) if (answer) answer.status = 'discarded';
    expect(told(await importArgilla([record], options, contextWith()))).not.toMatch('no longer there');
  });

  it('is read as Argilla’s own, and that is told, where our metadata is damaged', async () => {
    const record = await exported();
    record.metadata.video_r1 = '{"entries": [';
    const back = await importArgilla([record], options, context);
    expect(told(back)).toMatch('damaged');
    expect(essence(back.entries)).toEqual(essence(entries));
  });
});
