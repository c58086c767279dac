/** A packed queue needs nothing but its folder, and what is judged there comes back to the same items; nobody's labels are in it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCategories } from '../../../trainer/annotations/category-file.ts';
import { importLabelStudio } from '../../../trainer/annotations/exchange/exchange.ts';
import { readImportFile } from '../../../trainer/annotations/exchange/import-file.ts';
import { Vocabulary } from '../../../trainer/annotations/exchange/vocabulary.ts';
import { mostPacked, type Pack, type PackedItem, writePack } from '../../../trainer/annotations/export/pack.ts';
import { itemOfRow } from '../../../trainer/annotations/rows/row-item.ts';
import { itemKey } from '../../../trainer/protocol/annotations/entries.ts';
import { LabelBook } from '../../../trainer/protocol/annotations/label-book.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { findFfmpeg } from '../../../trainer/video/ffmpeg.ts';
import { refusal } from '../../data/editable/dataset-files.ts';
import { ann } from '../../protocol/annotations/made-entries.ts';
import { datasetPath, rows } from '../labelled-project.ts';
import { signal, temporaryProject, writeLabelFile } from '../projects.ts';

/** Two frames of 4 by 4: one red, one blue. */
const frames = {
  width: 4,
  height: 4,
  count: 2,
  pixels: Uint8Array.from({ length: 96 }, (_, i) => (i < 48 ? [255, 0, 0] : [0, 0, 255])[i % 3] as number),
  times: [0, 0.5],
  shuffledOrder: null,
  medium: null,
};

const itemFrom = (row: object, shown: PackedItem['frames'] = async () => frames): PackedItem => {
  const known = itemOfRow(datasetPath, row);
  if (known === null) throw new Error('no text');
  return { ...known, row: Buffer.from(JSON.stringify(row)), frames: shown };
};

async function pack(
  folder: string,
  items: readonly PackedItem[],
  ended: AbortSignal = signal,
  as: Partial<Pick<Pack, 'projectFolder' | 'dataset' | 'withMedia'>> = {},
) {
  async function* each() {
    yield* items;
  }
  const at = new Date('2026-01-02T03:04:05Z');
  const about = { author: ann, projectFolder: path.dirname(folder), at, tools: await findFfmpeg(), items: each() };
  const rollouts = { dataset: null, withMedia: true };
  return writePack(folder, { ...about, ...rollouts, ...as }, { signal: ended, onProgress: () => {} });
}

/** What Label Studio exports of the tasks that it was given: one person's verdict on each. */
const judged = (tasks: string, verdict: string): object[] =>
  (JSON.parse(tasks) as { annotations: unknown[] }[]).map((task, at) => ({
    ...task,
    id: at + 1,
    annotations: [
      {
        id: at + 10,
        completed_by: { email: 'ben@example.org', first_name: 'Ben', last_name: '' },
        created_at: '2026-01-05T09:31:00Z',
        result: [
          { id: `v${at}`, from_name: 'verdict', to_name: 'text', type: 'choices', value: { choices: [verdict] } },
        ],
      },
    ],
  }));

describe('a packed queue', () => {
  it('has each item as an entry that imports, its frames as JPEG, and a page that shows both', async () => {
    const folder = path.join(temporaryProject(), 'queue 100%');
    const hostile = { ...rows[1], problem: '<script>alert(1)</script>', process: '<img src=x> \u202e' };
    expect(await pack(folder, [itemFrom(rows[0] as object), itemFrom(hostile)])).toEqual({
      items: 2,
      pictures: 4,
      withoutFrames: 0,
      media: 0,
      mediaBytes: 0,
    });
    const read = await readImportFile(folder, signal);
    expect(read).toMatchObject({
      form: 'labels',
      notices: [],
      entries: [
        { kind: 'item', author: ann, text: rows[0]?.process, question: 'Which way does 1 go?' },
        { kind: 'item', item: { row: '2' } },
      ],
    });
    const html = readFileSync(path.join(folder, 'index.html'), 'utf8');
    const shown = [...html.matchAll(/<img src="([^"]+)" alt="([^"]+)"/g)].map(([, source, alt]) => [source, alt]);
    expect(shown.slice(0, 2)).toEqual([
      ['frames/0001/0001.jpg', 'frame 1, at 0.00 s'],
      ['frames/0001/0002.jpg', 'frame 2, at 0.50 s'],
    ]);
    for (const [source] of shown)
      expect(
        readFileSync(path.join(folder, source as string))
          .subarray(0, 3)
          .toString('hex'),
      ).toBe('ffd8ff');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('&lt;img src=x&gt; \\u202e');
    expect(html).not.toMatch(/<script|https?:/);
    expect(readdirSync(folder).sort()).toEqual([
      ...['frames', 'index.html', 'items.jsonl', 'label-studio.json', 'label-studio.xml'],
    ]);
  });

  it.each([
    ['a row', itemFrom(rows[0] as object).item],
    [
      'a rollout',
      { kind: 'rollout', run: 'tgrpo-1', rollout: 'r1', hash: itemFrom(rows[0] as object).item.hash } as const,
    ],
  ])('is judged in Label Studio, from where what was said comes back to %s', async (_, item) => {
    const folder = path.join(temporaryProject(), 'queue');
    await pack(folder, [{ ...itemFrom(rows[0] as object), item }]);
    const tasks = readFileSync(path.join(folder, 'label-studio.json'), 'utf8');
    expect(JSON.parse(tasks)).toMatchObject([{ annotations: [], data: { text: rows[0]?.process } }]);
    const options = { vocabulary: new Vocabulary([], new Map()), textField: null };
    const known = { itemsWith: () => [], said: () => undefined, authors: new Map(), now: '2026-02-01T00:00:00Z' };
    const back = await importLabelStudio(judged(tasks, 'drop'), options, known);
    expect(back.notices).toEqual([]);
    const book = new LabelBook(back.entries.filter((entry) => entry.kind !== 'item'));
    expect([...book.keys()]).toEqual([itemKey(item)]);
    expect(book.get(itemKey(item))).toMatchObject({
      outcome: { verdict: 'drop' },
      verdicts: [{ author: { name: 'Ben' } }],
    });
    const interfaceOf = readFileSync(path.join(folder, 'label-studio.xml'), 'utf8');
    expect(interfaceOf).toContain('<Choice value="drop"/>');
    expect(interfaceOf).toContain('value="$question"');
  });

  it('of rows is a project: their dataset in its place with their very bytes, media beside it, and the categories', async () => {
    const project = temporaryProject();
    const real = path.join(project, 'elsewhere.mp4');
    writeFileSync(real, 'a video');
    writeLabelFile(project, 'labels.json', JSON.stringify({ version: 1, labels: [{ id: 'blurry', name: 'blurry' }] }));
    const shown = (named: string) => async () => ({ ...frames, medium: { named, real } });
    const bytes = Buffer.from('{ "problem_id":1,\n  "process": "\\u0065" }');
    const items = [
      { ...itemFrom(rows[0] as object, shown('./videos/1.mp4')), row: bytes },
      itemFrom(rows[1] as object, shown('videos/1.mp4')),
    ];
    const folder = path.join(project, 'queue');
    const dataset = { name: datasetPath, isLines: false };
    expect(await pack(folder, items, signal, { projectFolder: project, dataset })).toMatchObject({
      media: 1,
      mediaBytes: 7,
    });
    const written = readFileSync(path.join(folder, datasetPath), 'utf8');
    expect(written).toBe(`[\n${bytes},\n${JSON.stringify(rows[1])}\n]\n`);
    expect(readFileSync(path.join(folder, 'data/videos/1.mp4'), 'utf8')).toBe('a video');
    expect(readCategories(folder).offered.map(({ id }) => id)).toEqual(['blurry']);
    expect(readFileSync(path.join(folder, 'index.html'), 'utf8')).toContain(datasetPath);

    const lines = { name: 'cot.jsonl', isLines: true };
    const bare = path.join(project, 'bare');
    const without = { projectFolder: project, dataset: lines, withMedia: false };
    expect(await pack(bare, items.slice(1), signal, without)).toMatchObject({ pictures: 2, media: 0 });
    expect(readFileSync(path.join(bare, 'cot.jsonl'), 'utf8')).toBe(`${JSON.stringify(rows[1])}\n`);
    expect(existsSync(path.join(bare, 'videos'))).toBe(false);
  });

  it('refuses media and datasets that would lie on what the folder has of its own', async () => {
    const project = temporaryProject();
    const real = path.join(project, 'elsewhere.jpg');
    writeFileSync(real, 'a picture');
    const medium = { named: 'Frames/0001/0001.jpg', real };
    const item = itemFrom(rows[0] as object, async () => ({ ...frames, medium }));
    const asked = (name: string, withMedia: boolean) =>
      pack(path.join(project, 'queue'), [item], signal, { dataset: { name, isLines: true }, withMedia });
    expect(await refusal(asked('cot.jsonl', true))).toMatchObject({ kind: 'conflict', place: 'Frames/0001/0001.jpg' });
    expect(await refusal(asked('items.jsonl', false))).toMatchObject({ kind: 'conflict', place: 'items.jsonl' });
    expect(readdirSync(project)).toEqual(['elsewhere.jpg']);
    expect(await asked('data/items.jsonl', true)).toMatchObject({ media: 1 });
  });

  it('has the frames of a shuffled rollout in the order that the model saw, and says so', async () => {
    const folder = path.join(temporaryProject(), 'queue');
    const item = itemFrom(rows[0] as object);
    const shuffled = async () => ({ ...(await item.frames()), shuffledOrder: [1, 0] });
    await pack(folder, [{ ...item, frames: shuffled }]);
    const html = readFileSync(path.join(folder, 'index.html'), 'utf8');
    expect([...html.matchAll(/<img src="([^"]+)" alt="([^"]+)"/g)].map(([, source, alt]) => [source, alt])).toEqual([
      ['frames/0001/0002.jpg', 'frame 1, at 0.50 s'],
      ['frames/0001/0001.jpg', 'frame 2, at 0.00 s'],
    ]);
    expect(html).toContain('Shuffled, as the model saw them.');
  });

  it('has an item whose frames are not at hand all the same, and says why', async () => {
    const folder = path.join(temporaryProject(), 'queue');
    const gone = async () => {
      throw new StudioError('not-found', 'videos/1.mp4 is not there.');
    };
    expect(await pack(folder, [itemFrom(rows[0] as object, gone)])).toMatchObject({ items: 1, withoutFrames: 1 });
    expect(readFileSync(path.join(folder, 'index.html'), 'utf8')).toContain('videos/1.mp4 is not there.');
  });

  it('takes no folder in which something is, and leaves none behind when it is stopped, empty or too long', async () => {
    const project = temporaryProject();
    const [full, other] = [path.join(project, 'full'), path.join(project, 'other')];
    mkdirSync(full);
    writeFileSync(path.join(full, 'mine'), '');
    const item = itemFrom(rows[0] as object);
    expect((await refusal(pack(full, [item]))).kind).toBe('conflict');
    await expect(pack(other, [item], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect((await refusal(pack(other, []))).kind).toBe('bad-request');
    const bare = itemFrom(rows[0] as object, async () => {
      throw new StudioError('not-found', 'none');
    });
    const many = Array.from({ length: mostPacked + 1 }, () => bare);
    expect((await refusal(pack(other, many))).kind).toBe('bad-request');
    expect(readdirSync(project)).toEqual(['full']);
    expect(existsSync(other)).toBe(false);
  });
});
