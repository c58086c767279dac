import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportLabelStudio, importLabelStudio } from '../../../trainer/annotations/exchange/exchange.ts';
import { labelStudioConfig } from '../../../trainer/annotations/exchange/label-studio/write.ts';
import type { Entry } from '../../../trainer/protocol/annotations/entries.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { contextWith, rowOf, vocabulary, written } from './project.ts';

const options = { vocabulary, textField: null };
const film = rowOf('12', '🎬 First the ball hits the rail, then it stops.');
const sum = rowOf('13', 'Two plus two is four.');
const context = contextWith(film, sum);
const ada = { name: 'Ada Byron', email: 'ada@example.org' };

const foreign: unknown = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/exchange/label-studio.json'), 'utf8'),
);
const result = (value: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  id: 'r',
  from_name: 'label',
  to_name: 'text',
  type: 'labels',
  value,
  ...more,
});
const taskOf = (text: string, results: unknown[], more: Record<string, unknown> = {}) => [
  {
    id: 1,
    data: { text },
    annotations: [
      { id: 2, completed_by: { email: ada.email, first_name: 'Ada', last_name: 'Byron' }, result: results },
    ],
    ...more,
  },
];
const flagsOf = (entries: readonly Entry[]) => entries.filter((entry) => entry.kind === 'flag');

describe('an export of Label Studio', () => {
  it('becomes flags, verdicts and the item itself, of each annotator', async () => {
    const { entries } = await importLabelStudio(foreign, options, context);
    const mine = entries.filter((entry) => entry.author.email === ada.email);
    expect(mine.map(({ kind }) => kind)).toEqual(['item', 'flag', 'flag', 'flag', 'verdict']);
    expect(mine[0]).toMatchObject({ item: film.item, text: film.content.text });
    const [order, hallucination, frames] = flagsOf(mine);
    expect(order).toMatchObject({
      item: film.item,
      at: '2026-01-05T09:31:00.123Z',
      author: ada,
      category: 'wrong-order',
      severity: 'minor',
      note: 'It hits the rail later.',
      from: null,
      span: { start: 2, end: 16, quote: 'First the ball', before: '🎬 ' },
    });
    // A label that is no category is not lost; a region of a model that stood is from that model.
    expect(hallucination).toMatchObject({ category: 'other', note: 'Hallucination', from: 'checker-2' });
    expect(frames).toMatchObject({ category: 'not-in-frames', note: '', from: 'checker-2', severity: 'major' });
    expect(mine.at(-1)).toMatchObject({ kind: 'verdict', verdict: 'drop', fixed: null });
    const other = entries.filter((entry) => entry.author.name === 'Label Studio user 9');
    expect(other.map(({ kind }) => kind)).toEqual(['item', 'flag', 'verdict']);
    expect(flagsOf(other)[0]).toMatchObject({ category: 'other', span: null });
  });

  it.each(['9999-12-31T23:59:59.999Z', '+275760-09-13T00:00:00.000Z', '2026-03-02T00:00:01Z'])(
    'dates by the import what the file dates more than a day ahead: %s',
    async (updated_at) => {
      const results = [result({ choices: ['drop'] }, { from_name: 'verdict', type: 'choices' })];
      const [task] = taskOf(sum.content.text, results);
      const annotations = task?.annotations.map((one) => ({ ...one, updated_at }));
      const { entries, notices } = await importLabelStudio([{ ...task, annotations }], options, context);
      expect(entries.map(({ at }) => at)).toEqual([context.now, context.now]);
      expect(notices.map(({ message }) => message)).toEqual([expect.stringContaining('more than a day from now')]);
    },
  );

  it.each(['', ' \n\t'])('asks for a fix alone where the fixed text is blank: %j', async (text) => {
    const results = [
      result({ choices: ['fix'] }, { from_name: 'verdict', type: 'choices' }),
      result({ text: [text] }, { id: 'f', from_name: 'fixed-text', type: 'textarea' }),
    ];
    const { entries } = await importLabelStudio(taskOf(sum.content.text, results), options, context);
    expect(entries.at(-1)).toMatchObject({ verdict: 'fix', fixed: null });
  });

  it('tells everything that does not come along, with its place', async () => {
    const { notices } = await importLabelStudio(foreign, options, context);
    const told = new Map(notices.map(({ message, places, count }) => [message, { places, count }]));
    const find = (part: string) => Array.from(told).find(([message]) => message.includes(part))?.[1];
    expect(find('skipped annotation')?.places).toEqual(['task 41, annotation 102']);
    expect(find('ground-truth')?.places).toEqual(['task 41, annotation 101']);
    expect(find('A draft')?.places).toEqual(['task 41']);
    expect(find('A prediction')).toEqual({ places: ['task 41', 'task 42', 'task 42'], count: 3 });
    expect(find('rating "stars"')?.places).toEqual(['task 41, annotation 101, result c2']);
    expect(find('relation')?.count).toBe(1);
    expect(find('"Hallucination" is no category')).toBeDefined();
    expect(find('The choice "Boring"')).toBeDefined();
    expect(find('textarea "comment"')).toBeDefined();
    expect(find('Label Studio user 9')).toBeDefined();
    expect(find('no item of the project has this text')?.places).toEqual(['task 42']);
    expect(find('its texts are "image", "caption"')?.places).toEqual(['task 43']);
    expect(find('data must be an object')?.places).toEqual(['task 44']);
    expect(find('Only the number of an annotation')?.places).toEqual(['task 45, annotation 1']);
    expect(find('result must be a list')?.places).toEqual(['task 45, annotation 105']);
    expect(find('How grave')).toBeDefined();
  });

  it('is put under the names that people are given', async () => {
    const bea = { name: 'Béa', email: 'bea@example.org' };
    const { entries, notices } = await importLabelStudio(foreign, options, {
      ...context,
      authors: new Map([['9', bea]]),
    });
    expect(entries.some(({ author }) => author.email === bea.email)).toBe(true);
    expect(notices.some(({ message }) => message.includes('user 9'))).toBe(false);
  });

  it('counts offsets in code points as it does now, or in UTF-16 code units as it did, as the flagged words say', async () => {
    const spanOf = async (value: Record<string, unknown>) =>
      flagsOf(
        (
          await importLabelStudio(
            taskOf(film.content.text, [result({ labels: ['other'], ...value })]),
            options,
            context,
          )
        ).entries,
      )[0]?.span;
    const words = { quote: 'First the ball', start: 2, end: 16 };
    expect(await spanOf({ start: 2, end: 16, text: 'First the ball' })).toMatchObject(words);
    expect(await spanOf({ start: 3, end: 17, text: 'First the ball' })).toMatchObject(words);
    expect(await spanOf({ start: '3', end: '17', text: 'First the ball' })).toMatchObject(words);
  });

  it('tells where offsets can be read in two ways, hold other words, or are of no place at all', async () => {
    const imported = async (value: Record<string, unknown>) => {
      const task = taskOf(film.content.text, [result({ labels: ['other'], ...value })]);
      const { entries, notices } = await importLabelStudio(task, options, context);
      return { flag: flagsOf(entries)[0], told: notices.map(({ message }) => message).join(' ') };
    };
    const twice = await imported({ start: 2, end: 16 });
    expect(twice.flag?.span?.quote).toBe('First the ball');
    expect(twice.told).toMatch('read as code points');
    const moved = await imported({ start: 20, end: 28, text: 'the rail' });
    expect(moved.flag?.span).toMatchObject({ quote: 'the rail', start: 22 });
    expect(moved.told).toMatch('it is where its words are');
    for (const lost of [
      await imported({ start: 0, end: 3, text: 'words that are not there' }),
      await imported({ start: 30, end: 4000 }),
      await imported({ start: 9, end: 9 }),
    ]) {
      expect(lost.flag?.span).toBeNull();
      expect(lost.flag?.note).not.toBe('');
      expect(lost.told).toMatch('kept for the whole item');
    }
  });

  it('is refused as a whole, with a remedy, where it has no tasks', async () => {
    const min = [{ id: 1, text: 'a', label: [{ start: 0, end: 1, labels: ['other'] }], annotator: 1 }];
    for (const wrong of [min, 'text', null, 7]) {
      await expect(importLabelStudio(wrong, options, context)).rejects.toThrow(
        expect.objectContaining({ kind: 'bad-input', remedy: expect.stringContaining('format JSON') }),
      );
      await expect(importLabelStudio(wrong, options, context)).rejects.toThrow(StudioError);
    }
    expect(await importLabelStudio([], options, context)).toEqual({ entries: [], notices: [] });
  });

  it('may be one task, as cloud storage has them, and name its text otherwise', async () => {
    const [task] = taskOf(sum.content.text, [result({ choices: ['keep'] }, { type: 'choices' })]);
    expect((await importLabelStudio(task, options, context)).entries.map(({ kind }) => kind)).toEqual([
      'item',
      'verdict',
    ]);
    const named = { ...task, data: { intro: 'Read.', cot: sum.content.text } };
    expect((await importLabelStudio(named, options, context)).notices[0]?.message).toMatch(
      'its texts are "intro", "cot"',
    );
    expect((await importLabelStudio(named, { ...options, textField: 'cot' }, context)).entries).toHaveLength(2);
    const withSource = {
      ...named,
      annotations: [{ result: [result({ choices: ['keep'] }, { type: 'choices', source: '$cot' })] }],
    };
    expect((await importLabelStudio(withSource, options, context)).entries).toHaveLength(2);
  });

  it('says which row a text is of, where several rows have the same', async () => {
    const twin = rowOf('14', sum.content.text);
    const twins = contextWith(sum, twin);
    const [task] = taskOf(sum.content.text, [result({ choices: ['keep'] }, { type: 'choices' })]);
    expect(await importLabelStudio(task, options, twins)).toMatchObject({
      entries: [],
      notices: [{ message: expect.stringContaining('several items of the project have this text') }],
    });
    const named = { ...task, data: { ...task?.data, problem_id: '14' } };
    expect((await importLabelStudio(named, options, twins)).entries[0]).toMatchObject({ item: twin.item });
  });
});

const { entries } = await importLabelStudio(
  taskOf(film.content.text, [
    result({ start: 2, end: 16, text: 'First the ball', labels: ['wrong-order'] }, { id: 'a' }),
    result({ choices: ['drop'] }, { type: 'choices', id: 'v' }),
  ]),
  options,
  context,
);

describe('what was exported to Label Studio and changed there', () => {
  const nothing = { ...contextWith(), authors: new Map() };
  const exported = async () =>
    structuredClone((await written(entries, exportLabelStudio)).content[0]) as unknown as {
      data: { text: string };
      annotations: { result: { type: string; value: { labels?: string[]; choices?: string[] } }[] }[];
      meta: { videoR1: { entries: unknown[] } };
    };
  const back = async (task: unknown) => {
    const imported = await importLabelStudio(JSON.parse(JSON.stringify([task])), options, nothing);
    return { ...imported, added: imported.entries.filter(({ id }) => !entries.some((entry) => entry.id === id)) };
  };

  it('comes back as a new entry beside the old ones; a flag that is gone is retracted, and told', async () => {
    const task = await exported();
    const [flag, , verdict] = task.annotations[0]?.result ?? [];
    if (flag) flag.value.labels = ['not-in-frames'];
    if (verdict) verdict.value.choices = ['fix'];
    const { added, notices } = await back(task);
    expect(added.map(({ kind }) => kind)).toEqual(['flag', 'retraction', 'verdict']);
    expect(added[0]).toMatchObject({ category: 'not-in-frames', author: ada });
    expect(added[1]).toMatchObject({ of: flagsOf(entries)[0]?.id });
    expect(added[2]).toMatchObject({ verdict: 'fix' });
    expect(notices.map(({ message }) => message)).toEqual([expect.stringContaining('is retracted')]);
  });

  it('retracts a verdict that is gone', async () => {
    const task = await exported();
    const annotation = task.annotations[0];
    if (annotation) annotation.result = annotation.result.slice(0, 2);
    expect((await back(task)).added).toMatchObject([{ kind: 'retraction', of: entries.at(-1)?.id }]);
  });

  it('retracts all of an author whose annotation was deleted, and tells it, where the file says that no other is there', async () => {
    const gone = { ...(await exported()), annotations: [], total_annotations: 0 };
    const { added, notices } = await back(gone);
    const said = entries.filter(({ kind }) => kind !== 'item');
    expect(added).toMatchObject(said.map(({ id: of }) => ({ kind: 'retraction', of, author: ada })));
    expect(notices.map(({ message }) => message)).toEqual([expect.stringMatching('"Ada Byron".*is retracted')]);
    const again = await importLabelStudio([gone], options, { ...nothing, now: '2026-04-01T00:00:00.000Z' });
    expect(again.entries.map(({ id }) => id)).toEqual([...entries, ...added].map(({ id }) => id));
  });

  it.each([
    ['does not say how many annotations there are', { annotations: [] }],
    ['has not all of them', { annotations: [], total_annotations: 1 }],
    [
      'has one of a stranger, who may have what it had',
      { annotations: [{ completed_by: { id: 9 }, result: [] }], total_annotations: 1 },
    ],
  ])('retracts nothing where it is gone and the file %s, and tells it', async (_, change) => {
    const { added, notices } = await back({ ...(await exported()), ...change });
    expect(added).toEqual([]);
    expect(notices.map(({ message }) => message).join()).toMatch(/"Ada Byron".*so it stays/);
  });

  it('retracts nothing where it was skipped', async () => {
    const task = await exported();
    const annotations = task.annotations.map((one) => ({ ...one, was_cancelled: true }));
    const { added, notices } = await back({ ...task, annotations, total_annotations: 0 });
    expect([added, notices.map(({ message }) => message)]).toEqual([[], [expect.stringContaining('skipped')]]);
  });

  it('keeps what came along but nothing new where the text was changed', async () => {
    const task = await exported();
    task.data.text = 'Another text';
    const { added, entries: all, notices } = await back(task);
    expect(added).toEqual([]);
    expect(all).toHaveLength(entries.length);
    expect(notices.at(-1)?.message).toMatch('The text was changed');
  });

  it('leaves an entry that is damaged or of a later version out and tells it', async () => {
    const task = await exported();
    task.meta.videoR1.entries.push({ v: 1, kind: 'verdict', verdict: 'perhaps' }, { v: 2, kind: 'poll' });
    expect((await back(task)).notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('damaged'),
      expect.stringContaining('later version'),
    ]);
  });

  it('counts as later than what its author had said before, whatever the tool’s clock says', async () => {
    const task = await exported();
    const verdict = task.annotations[0]?.result[2];
    if (verdict) verdict.value.choices = ['keep'];
    const [added] = (
      await back({
        ...task,
        annotations: [{ ...task.annotations[0], updated_at: '2001-01-01T00:00:00Z' }],
      })
    ).added;
    const before = entries.find(({ kind }) => kind === 'verdict');
    expect(Date.parse(added?.at ?? '')).toBe(Date.parse(before?.at ?? '') + 1);
  });

  it('stays its author’s where the tool has put it under whoever imported it, and that is told', async () => {
    const task = await exported();
    const annotations = task.annotations.map((annotation) => ({ ...annotation, completed_by: 1 }));
    const { added, notices } = await back({ ...task, annotations });
    expect(added).toEqual([]);
    expect(notices.map(({ message }) => message).join()).toMatch('stays with "Ada Byron"');
  });

  it('does not bring back what was taken back in the project', async () => {
    const flag = flagsOf(entries)[0];
    if (!flag) throw new Error('no flag');
    const retraction = { v: 1, id: 'undo', at: context.now, author: ada, kind: 'retraction', of: flag.id } as const;
    const before = await exported();
    const { meta } = (await written([...entries, retraction], exportLabelStudio)).content[0] ?? {};
    const imported = await importLabelStudio(JSON.parse(JSON.stringify([{ ...before, meta }])), options, nothing);
    expect(imported.entries).toHaveLength(entries.length + 1);
    expect(imported.notices.map(({ message }) => message)).toEqual([expect.stringContaining('stays taken back')]);
  });
});

describe('an export to Label Studio', () => {
  it('has flags as labelled regions with their words, in code points, and verdicts as choices', async () => {
    const { entries } = await importLabelStudio(foreign, options, context);
    const { content } = await written(entries, exportLabelStudio);
    expect(content).toHaveLength(1);
    expect(content[0]?.data).toMatchObject({ text: film.content.text, question: film.content.question });
    const [first] = content[0]?.annotations ?? [];
    expect(first?.completed_by).toEqual({ email: ada.email, first_name: ada.name, last_name: '' });
    expect(first?.result[0]).toMatchObject({
      type: 'labels',
      from_name: 'flags',
      to_name: 'text',
      value: { start: 2, end: 16, text: 'First the ball', labels: ['wrong-order'] },
    });
    const results = first?.result ?? [];
    expect(results.filter(({ id }) => id === results[0]?.id).map(({ type }) => type)).toEqual([
      'labels',
      'choices',
      'textarea',
    ]);
    expect(results.at(-1)).toMatchObject({ type: 'choices', from_name: 'verdict', value: { choices: ['drop'] } });
  });

  it('has a labelling configuration in which every name is escaped', async () => {
    const config = labelStudioConfig(['order', 'a "quoted" <label> & more\n']);
    expect(config).toContain('<Label value="order"/>');
    expect(config).toContain('<Choice value="a &#34;quoted&#34; &#60;label&#62; &#38; more "/>');
    expect(config.match(/toName="text"/g)).toHaveLength(6);
  });

  it('leaves out what has no text, and tells it', async () => {
    const verdict = result({ choices: ['keep'] }, { type: 'choices' });
    const imported = await importLabelStudio(taskOf(sum.content.text, [verdict]), options, context);
    const [item, ...rest] = imported.entries;
    expect(item?.kind).toBe('item');
    const stray = { v: 1, id: 'r', at: context.now, author: ada, kind: 'retraction', of: 'elsewhere' } as const;
    const circle = [
      { ...stray, id: 'a', of: 'b' },
      { ...stray, id: 'b', of: 'a' },
    ];
    const { content, notices } = await written([...rest, stray, ...circle], exportLabelStudio);
    expect(content).toEqual([]);
    expect(notices[0]?.count).toBe(3);
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('A retraction'),
      expect.stringContaining('the text of its item'),
    ]);
  });
});

describe('what label files can not hold as it is', () => {
  const imported = async (
    results: unknown[],
    by: unknown = { email: ada.email, first_name: 'Ada', last_name: 'Byron' },
  ) => {
    const [task] = taskOf(film.content.text, []);
    const annotations = [{ completed_by: by, updated_at: 'yesterday', result: results }];
    const { entries, notices } = await importLabelStudio({ ...task, annotations }, options, context);
    return { entries, flags: flagsOf(entries), told: notices.map(({ message }) => message).join(' ') };
  };
  const region = (label: string, more: Record<string, unknown> = {}) =>
    result({ start: 2, end: 16, text: 'First the ball', labels: [label], ...more }, { id: label });

  it('is several flags of one category in one place: their notes are put together', async () => {
    const { flags, told } = await imported([region('Foo'), region('Bar')]);
    expect(flags.map(({ category, note }) => [category, note])).toEqual([['other', 'Foo\nBar']]);
    expect(told).toMatch('put together as one');
  });

  it('is a span that ends inside a character: it is widened', async () => {
    const family = '👩‍👧 waves';
    const row = rowOf('15', family);
    const task = taskOf(family, [result({ start: 0, end: 1, labels: ['other'] })]);
    const { entries, notices } = await importLabelStudio(task, options, contextWith(row));
    expect(flagsOf(entries)[0]?.span?.quote).toBe('👩‍👧');
    expect(notices.map(({ message }) => message).join()).toMatch('widened');
  });

  it('is a name of more than one line, a note without end, and a time that is none', async () => {
    const { entries, told } = await imported(
      [region('other'), result({ start: 2, end: 16, text: ['x'.repeat(10_001)] }, { id: 'other', type: 'textarea' })],
      {
        id: 4,
        first_name: 'Eve\u0007\nNewline',
        email: null,
      },
    );
    expect(entries[0]?.author).toEqual({ name: 'Eve Newline', email: null });
    expect(entries[0]?.at).toBe(context.now);
    expect(flagsOf(entries)[0]?.note).toHaveLength(10_000);
    expect(told).toMatch('not one line');
    expect(told).toMatch('is cut');
    expect(told).toMatch('can not be read');
  });
});
