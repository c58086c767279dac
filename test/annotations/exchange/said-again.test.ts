import { describe, expect, it } from 'vitest';
import {
  exportArgilla,
  exportLabelStudio,
  importArgilla,
  importLabelStudio,
} from '../../../trainer/annotations/exchange/exchange.ts';
import { type Entry, itemKey } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import type { Verdict } from '../../../trainer/protocol/records.ts';
import { contextWith, rowOf, vocabulary, written } from './project.ts';

const options = { vocabulary, textField: null };
const row = rowOf('13', 'Two plus two is four.');
const ann = { name: 'Ann', email: 'ann@example.org' };
const authors = new Map([['u1', ann]]);
const minute = (at: number) => `2026-02-01T10:${String(at).padStart(2, '0')}:00.000Z`;

/** A project into which files are imported one after the other. */
class Project {
  readonly entries: Entry[] = [];
  told: string[] = [];

  get verdict(): Verdict | null {
    const [one] = this.book.get(itemKey(row.item))?.verdicts ?? [];
    return one?.verdict ?? null;
  }

  private get book(): LabelBook {
    return new LabelBook(this.entries.filter((entry) => entry.kind !== 'item'));
  }

  /** @returns how many entries are new */
  async take(form: typeof importArgilla, file: unknown, now: string): Promise<number> {
    const { book } = this;
    const context = { ...contextWith(row), authors, said: (key: string) => book.get(key), now };
    const { entries, notices } = await form(JSON.parse(JSON.stringify(file)), options, context);
    const fresh = entries.filter(({ id }) => !this.entries.some((one) => one.id === id));
    this.entries.push(...fresh);
    this.told = notices.map(({ message }) => message);
    return fresh.length;
  }

  /** As if said in the editor. */
  say(verdict: Verdict, at: string): void {
    const id = `said-${this.entries.length}`;
    this.entries.push({ v: 1, id, at, author: ann, kind: 'verdict', item: row.item, verdict, fixed: null });
  }
}

const by = { id: 1, email: ann.email, first_name: ann.name };
const choice = (verdict: Verdict) => ({
  ...{ id: 'a', from_name: 'verdict', to_name: 'text', type: 'choices' },
  value: { choices: [verdict] },
});
const task = (verdict: Verdict, updated_at: string | null) => [
  {
    id: 7,
    data: { text: row.content.text },
    annotations: [{ completed_by: by, updated_at, result: [choice(verdict)] }],
  },
];
const record = (verdict: Verdict) => [
  {
    fields: { text: row.content.text },
    responses: { verdict: [{ value: verdict, user_id: 'u1', status: 'submitted' }] },
  },
];
const later = expect.stringContaining('the later word stands');

describe('a verdict that is given again after another one', () => {
  it.each([
    ['a later time each', [1, 2, 3]],
    ['one time for all', [1, 1, 1]],
    ['no time at all', [null, null, null]],
  ])('in Label Studio stands again, where the file has %s, and the same file adds nothing', async (_, times) => {
    for (const verdicts of [
      ['keep', 'drop', 'keep'],
      ['drop', 'keep', 'drop'],
    ] as const) {
      const project = new Project();
      for (const [k, verdict] of verdicts.entries()) {
        const at = times[k] ?? null;
        const file = task(verdict, at === null ? null : minute(at));
        await project.take(importLabelStudio, file, minute(10 + k));
        expect([project.verdict, project.told]).toEqual([verdict, []]);
        expect(await project.take(importLabelStudio, file, minute(20 + k))).toBe(0);
      }
    }
  });

  it('in Argilla stands again, as does one after that', async () => {
    const project = new Project();
    for (const [k, verdict] of (['keep', 'drop', 'keep', 'drop', 'keep'] as const).entries()) {
      await project.take(importArgilla, record(verdict), minute(10 + k));
      expect([project.verdict, project.told]).toEqual([verdict, []]);
      expect(await project.take(importArgilla, record(verdict), minute(20 + k))).toBe(0);
    }
  });

  it('in what was exported here stands again, also in the same task later on', async () => {
    const project = new Project();
    await project.take(importLabelStudio, task('keep', minute(1)), minute(2));
    project.say('drop', minute(3));
    const [exported] = (await written(project.entries, exportLabelStudio)).content;
    const changed = (verdict: Verdict, at: number) => [
      {
        ...exported,
        annotations: exported?.annotations.map((one) => ({
          ...one,
          updated_at: minute(at),
          result: one.result.map((result) => ({ ...result, value: { choices: [verdict] } })),
        })),
      },
    ];
    // The first with the time that the export gave it, as a file that is changed by hand has.
    for (const [verdict, at] of [
      ['keep', 3],
      ['drop', 5],
      ['keep', 6],
      ['drop', 7],
    ] as const) {
      await project.take(importLabelStudio, changed(verdict, at), minute(10 + at));
      expect([project.verdict, project.told]).toEqual([verdict, []]);
      expect(await project.take(importLabelStudio, changed(verdict, at), minute(20 + at))).toBe(0);
    }
    expect(await project.take(importLabelStudio, [exported], minute(40))).toBe(0);
    expect([project.verdict, project.told]).toEqual(['drop', []]);
  });
});

describe('an old file', () => {
  it.each([
    ['Label Studio', importLabelStudio, task('keep', minute(1))],
    ['Argilla', importArgilla, record('keep')],
  ])('of %s does not undo what its author said in the project since, and that is told', async (_, form, file) => {
    const project = new Project();
    await project.take(form, file, minute(2));
    project.say('drop', minute(3));
    expect(await project.take(form, file, minute(4))).toBe(0);
    expect([project.verdict, project.told.at(-1)]).toEqual(['drop', later]);
  });

  it('that was exported here to Argilla changes nothing where another one was imported since, and that is told', async () => {
    const project = new Project();
    await project.take(importArgilla, record('keep'), minute(1));
    const { content } = await written(project.entries, exportArgilla);
    await project.take(importArgilla, record('drop'), minute(2));
    expect(await project.take(importArgilla, content, minute(3))).toBe(0);
    expect([project.verdict, project.told]).toEqual(['drop', [later]]);
  });

  it('in which one user says two things of a text adds nothing the second time', async () => {
    const project = new Project();
    const [first, second] = [record('keep')[0], record('drop')[0]];
    await project.take(importArgilla, [first, second], minute(1));
    expect(await project.take(importArgilla, [first, second], minute(2))).toBe(0);
  });
});
