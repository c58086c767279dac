/** A packed queue needs nothing but its folder: items, frames and a page; nobody's labels. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportFile } from '../../../trainer/annotations/exchange/import-file.ts';
import { mostPacked, type PackedItem, writePack } from '../../../trainer/annotations/export/pack.ts';
import { itemOfRow } from '../../../trainer/annotations/rows/row-item.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { findFfmpeg } from '../../../trainer/video/ffmpeg.ts';
import { refusal } from '../../data/editable/dataset-files.ts';
import { ann } from '../../protocol/annotations/made-entries.ts';
import { datasetPath, rows } from '../labelled-project.ts';
import { signal, temporaryProject } from '../projects.ts';

/** Two frames of 4 by 4: one red, one blue. */
const frames = {
  width: 4,
  height: 4,
  count: 2,
  pixels: Uint8Array.from({ length: 96 }, (_, i) => (i < 48 ? [255, 0, 0] : [0, 0, 255])[i % 3] as number),
  times: [0, 0.5],
  shuffledOrder: null,
};

const itemFrom = (row: object, shown: PackedItem['frames'] = async () => frames): PackedItem => {
  const known = itemOfRow(datasetPath, row);
  if (known === null) throw new Error('no text');
  return { ...known, frames: shown };
};

async function pack(folder: string, items: readonly PackedItem[], ended: AbortSignal = signal) {
  async function* each() {
    yield* items;
  }
  const at = new Date('2026-01-02T03:04:05Z');
  const about = { author: ann, project: 'p', at, tools: await findFfmpeg(), items: each() };
  return writePack(folder, about, { signal: ended, onProgress: () => {} });
}

describe('a packed queue', () => {
  it('has each item as an entry that imports, its frames as JPEG, and a page that shows both', async () => {
    const folder = path.join(temporaryProject(), 'queue 100%');
    const hostile = { ...rows[1], problem: '<script>alert(1)</script>', process: '<img src=x> \u202e' };
    expect(await pack(folder, [itemFrom(rows[0] as object), itemFrom(hostile)])).toEqual({
      items: 2,
      pictures: 4,
      withoutFrames: 0,
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
    expect(readdirSync(folder).sort()).toEqual(['frames', 'index.html', 'items.jsonl']);
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
