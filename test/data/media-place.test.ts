import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../trainer/data/dataset.ts';
import { checkDataset } from '../../trainer/data/dataset-check.ts';
import { findMedia, mediaRoots } from '../../trainer/data/media-place.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const put = (name: string, text = 'x') => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
};
const link = (name: string, to: string) => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  symlinkSync(to, at(name));
};
const row = (named: string) =>
  JSON.stringify({
    ...{ problem_id: 1, problem: 'Which way?', data_type: 'video', problem_type: 'multiple choice', data_source: 'x' },
    ...{ options: ['A. Left', 'B. Right'], solution: '<answer>B</answer>', path: named },
  });

beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'video-r1-media-')));
  put('disk/target.mp4');
  put('disk-of-another/target.mp4');
  link('set/clips/1.mp4', at('disk/target.mp4'));
  link('set/clips/2.mp4', at('disk-of-another/target.mp4'));
  link('set/clips/passwd', '/etc/passwd');
  put('set/d.jsonl', row('clips/1.mp4'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a video behind a link that leads out of its dataset', () => {
  it('is refused with the line to add, by check and by what training opens', async () => {
    const lines = ['"allowedRoots": [', `--allow-root ${at('disk')}`, 'videoR1.trainer.allowedRoots'];
    const report = await checkDataset(at('set/d.jsonl'));
    expect(report.findings.map(({ kind }) => kind)).toEqual(['media-outside']);
    const dataset = await openDataset(at('set/d.jsonl'));
    let message = '';
    try {
      dataset.mediaPath(0);
    } catch (thrown) {
      message = (thrown as Error).message;
    }
    dataset.dispose();
    for (const line of lines) {
      expect(report.findings[0]?.message).toContain(line);
      expect(message).toContain(line);
    }
  });

  it('is read where its folder was allowed, and no other is', async () => {
    const roots = [at('disk')];
    expect((await checkDataset(at('set/d.jsonl'), { allowedRoots: roots })).sound).toBe(1);
    const dataset = await openDataset(at('set/d.jsonl'), undefined, { allowedRoots: roots });
    expect(dataset.mediaPath(0)).toBe(at('disk/target.mp4'));
    dataset.dispose();
    const places = mediaRoots(at('set'), roots);
    expect(findMedia(places, 'clips/2.mp4')).toEqual({ kind: 'outside', real: at('disk-of-another/target.mp4') });
    expect(findMedia(places, 'clips/passwd').kind).toBe('outside');
  });

  it('is still refused by a path that climbs out or is absolute, even into an allowed folder', async () => {
    for (const named of ['../disk/target.mp4', at('disk/target.mp4'), 'clips/../../disk/target.mp4']) {
      put('set/climbs.jsonl', row(named));
      const report = await checkDataset(at('set/climbs.jsonl'), { allowedRoots: [at('disk')] });
      expect(report.findings.map(({ kind }) => kind)).toEqual(['path-climbs']);
    }
  });

  it('is read where the root was named by a link itself; a root that is not there allows nothing', () => {
    link('mount', at('disk'));
    expect(findMedia(mediaRoots(at('set'), [at('mount')]), 'clips/1.mp4').kind).toBe('file');
    expect(findMedia(mediaRoots(at('set'), [at('nowhere')]), 'clips/1.mp4').kind).toBe('outside');
  });
});

describe('a snapshot in the cache of the Hub', () => {
  const hub = 'hub/datasets--Video-R1--data';

  it('reads its own blobs without being told, and nothing beside them', () => {
    put(`${hub}/blobs/0a1b`);
    put('hub/datasets--other--data/blobs/0a1b');
    link(`${hub}/snapshots/rev/clips/1.mp4`, '../../../blobs/0a1b');
    link(`${hub}/snapshots/rev/clips/2.mp4`, at('hub/datasets--other--data/blobs/0a1b'));
    link(`${hub}/snapshots/rev/clips/3.mp4`, '/etc/passwd');
    const roots = mediaRoots(at(`${hub}/snapshots/rev`));
    expect(findMedia(roots, 'clips/1.mp4')).toEqual({ kind: 'file', real: at(`${hub}/blobs/0a1b`) });
    expect(findMedia(roots, 'clips/2.mp4').kind).toBe('outside');
    expect(findMedia(roots, 'clips/3.mp4').kind).toBe('outside');
  });

  it('is believed by its whole form: blobs that are a link, or a folder of another name, allow nothing', () => {
    link('hub/datasets--evil--data/blobs', '/etc');
    link('hub/datasets--evil--data/snapshots/rev/passwd', '/etc/passwd');
    expect(findMedia(mediaRoots(at('hub/datasets--evil--data/snapshots/rev')), 'passwd').kind).toBe('outside');
    put('mine/blobs/secret.mp4');
    link('mine/snapshots/rev/1.mp4', at('mine/blobs/secret.mp4'));
    expect(findMedia(mediaRoots(at('mine/snapshots/rev')), '1.mp4').kind).toBe('outside');
  });
});
