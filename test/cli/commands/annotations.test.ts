/** `video-r1 annotations` counts labels, hands them out and in, and cleans a dataset by them, all without a trainer. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RowLabels } from '../../../extension/dataset-editor/row-labels.ts';
import { labelFolderOf } from '../../../trainer/annotations/label-files.ts';
import { itemOf, label, labels, rows, writeDataset } from '../../annotations/labelled-project.ts';
import { gitProject, temporaryProject, writeLabelFile } from '../../annotations/projects.ts';
import { runProgram, sampleProject } from '../../integration/trainer-process.ts';
import { ann, flag, verdictOf } from '../../protocol/annotations/made-entries.ts';

const call = (folder: string, ...args: string[]) => runProgram(['annotations', ...args], folder);

async function project(entries = labels()): Promise<string> {
  const folder = temporaryProject();
  writeDataset(folder);
  await label(folder, entries);
  return folder;
}

describe('video-r1 annotations stats', () => {
  it('tells counts, agreement and disagreements as text and as JSON', async () => {
    const folder = await project();
    const { code, stdout, stderr } = await call(folder, 'stats');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Ann and Ben +kappa 0\.500 \[/);
    expect(stdout).toContain('6 labelled items: 4 flags, 9 verdicts, 0 settlements.');
    const json = JSON.parse((await call(folder, 'stats', '--json')).stdout);
    expect(json).toMatchObject({
      items: 6,
      agreement: { verdict: { pairs: [{ kappa: { value: 0.5 } }] } },
      troubles: [],
    });
  });

  it('writes a page on which hostile text stays text, with no script and nothing to fetch', async () => {
    const name = '<script>alert(1)</script>';
    const folder = await project([
      ...labels(),
      flag({ name, email: null }, 1, { item: { ...itemOf(1), dataset: '<img src=x onerror=alert(2)>' } as never }),
    ]);
    expect(await call(folder, 'stats', '--html', 'report.html')).toMatchObject({ code: 0 });
    const html = readFileSync(path.join(folder, 'report.html'), 'utf8');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('&lt;img src=x onerror=alert(2)&gt;');
    expect(html).not.toMatch(/<script|<img|<link|url\(|https?:/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('kappa 0.500 [');
  });

  it('tells lines that do not count, and of a project without labels that there are none', async () => {
    const folder = await project();
    const file = writeLabelFile(folder, 'broken.jsonl', 'half a line\n');
    const { code, stderr } = await call(folder, 'stats');
    expect([code, stderr]).toEqual([0, expect.stringContaining(`${file}:1: This line is not whole`)]);
    rmSync(labelFolderOf(folder), { recursive: true });
    expect(await call(folder, 'stats')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The project has no labels'),
    });
  });
});

describe('video-r1 annotations stats of rows that were only dealt out', () => {
  it('says that nothing was judged yet, and what waits for whom', async () => {
    const folder = temporaryProject();
    writeDataset(folder);
    const dealing = ['deal', 'data/cot.json', '--folder', '.', '--rows', '1-4', '--overlap', '0', '--author', 'Ann'];
    const dealt = await call(folder, ...dealing, '--to', 'Ben <ben@example.org>', '--to', 'Cid');
    expect(dealt).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await call(folder, 'stats');
    expect(stdout).not.toContain('no labels');
    expect(stdout).toContain(
      'Nothing was judged yet.\n  Ben <ben@example.org>: 2 items to judge\n  Cid: 2 items to judge\n',
    );
    const waiting = [
      { annotator: 'Ben <ben@example.org>', items: 2 },
      { annotator: 'Cid', items: 2 },
    ];
    expect(JSON.parse((await call(folder, 'stats', '--json')).stdout)).toMatchObject({ items: 0, waiting });
  });
});

describe('video-r1 annotations export and import', () => {
  it.each(['jsonl', 'label-studio', 'argilla'])('carry %s into another project, once', async (form) => {
    const from = await project();
    const out = path.join(temporaryProject(), 'labels.out');
    const exported = await call(from, 'export', '--form', form, '--out', out);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    const to = temporaryProject();
    const here = ['--folder', '.'];
    const dry = await call(to, 'import', out, '--dry-run', ...here);
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was written: --dry-run.') });
    expect(existsSync(labelFolderOf(to))).toBe(false);
    const first = JSON.parse((await call(to, 'import', out, '--json', ...here)).stdout);
    expect(first).toMatchObject({ form: form === 'jsonl' ? 'labels' : form, fresh: 23, added: 23, notices: [] });
    const again = await call(to, 'import', out);
    expect(again.stdout).toContain('23 entries, 0 of them new');
    const stats = async (folder: string) => (await call(folder, 'stats')).stdout;
    expect(await stats(to)).toBe(await stats(from));
  });

  it('find the rows of a dataset that tasks of another tool are about, and tell who its users are', async () => {
    const to = temporaryProject();
    writeDataset(to);
    const task = {
      id: 1,
      data: { text: rows[1]?.process },
      annotations: [
        {
          id: 2,
          completed_by: 7,
          created_at: '2026-01-05T09:31:00Z',
          result: [
            { id: 'a', from_name: 'verdict', to_name: 'text', type: 'choices', value: { choices: ['bad'] } },
            {
              id: 'b',
              from_name: 'label',
              to_name: 'text',
              type: 'labels',
              value: { start: 7, end: 12, text: 'It is', labels: ['order'] },
            },
          ],
        },
      ],
    };
    writeFileSync(path.join(to, 'tasks.json'), JSON.stringify([task]));
    mkdirSync(labelFolderOf(to), { recursive: true });
    const unknown = await call(to, 'import', 'tasks.json', '--dry-run');
    expect(unknown.stdout).toContain('no item of the project has this text');
    const words = ['--dataset', 'data/cot.json', '--who', '7=Ann <ann@example.org>', '--means', 'order=wrong-order'];
    const { code, stdout } = await call(to, 'import', 'tasks.json', ...words, '--means', 'bad=drop');
    expect(code).toBe(0);
    expect(stdout).toContain('tasks.json is an export of Label Studio: 3 entries, 3 of them new.');
    expect(stdout).toContain('  Ann <ann@example.org>, there 7: 3 entries, 3 new');
    expect(stdout).not.toContain('the file has no such');
    const typed = ['--who', '8=Ann', '--means', 'bda=drop', '--means', 'BAD=drop', '--means', 'order=wrong-order'];
    const mistyped = await call(to, 'import', 'tasks.json', ...words.slice(0, 2), ...typed, '--dry-run');
    expect(mistyped.code).toBe(0);
    expect(mistyped.stdout).toContain('--who 8: the file has no such user; it has 7.');
    expect(mistyped.stdout).toContain('--means bda: the file has no such label; it has bad, order.');
    expect(mistyped.stdout.match(/the file has no such/g)).toHaveLength(2);
    const json = await call(to, 'import', 'tasks.json', ...words.slice(0, 2), ...typed, '--dry-run', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ unmet: { who: ['8'], means: ['bda'] } });
    const { disagreements: _, ...report } = JSON.parse((await call(to, 'stats', '--json')).stdout);
    expect(report).toMatchObject({ outcomes: { drop: 1 }, categories: [{ category: 'wrong-order', spans: 1 }] });
  });

  it('choose by author, category and verdict', async () => {
    const from = await project();
    const told = async (...filter: string[]) =>
      JSON.parse((await call(from, 'export', '--form', 'jsonl', '--out', 'a.jsonl', '--json', ...filter)).stdout);
    expect(await told('--author', 'Ben')).toMatchObject({ items: 4, written: 9 });
    expect(await told('--category', 'wrong order of events')).toMatchObject({ items: 1 });
    expect(await told('--verdict', 'disputed')).toMatchObject({ items: 1 });
    const { code, stderr } = await call(from, 'export', '--form', 'jsonl', '--out', 'b.jsonl', '--author', 'Bem');
    expect([code, stderr]).toEqual([2, expect.stringContaining('No label is by Bem')]);
    expect(existsSync(path.join(from, 'b.jsonl'))).toBe(false);
  });

  it('refuse a category that is nowhere and a folder in a file’s place, and say when nothing is left', async () => {
    const from = await project();
    const asked = (...words: string[]) => call(from, 'export', '--form', 'jsonl', '--out', ...words);
    const misspelt = await asked('a.jsonl', '--category', 'wrong-ordr');
    expect([misspelt.code, misspelt.stderr]).toEqual([
      2,
      expect.stringContaining('There is no category wrong-ordr; the nearest is wrong-order.'),
    ]);
    const folder = await asked('data');
    expect([folder.code, folder.stderr]).toEqual([2, expect.stringContaining('--out data is a folder')]);
    expect((await asked('a.jsonl', '--category', 'harmful')).stdout).toContain('No labels fit what was asked for.');
    const empty = await call(temporaryProject(), 'export', '--form', 'jsonl', '--out', path.join(from, 'b.jsonl'));
    expect(empty.stdout).toContain('The project has no labels. Another one is named with --folder.');
  });

  it('say what can be imported where something else is named', async () => {
    const from = await project();
    await call(from, 'export', '--form', 'parquet', '--out', 'a.parquet');
    const parquet = await call(from, 'import', 'a.parquet');
    expect([parquet.code, parquet.stderr]).toEqual([1, expect.stringContaining('in any form but Parquet')]);
    const folder = await call(from, 'import', 'data');
    expect([folder.code, folder.stderr]).toEqual([
      1,
      expect.stringContaining('The folder has neither items.jsonl nor records.json.'),
    ]);
  });
});

describe('video-r1 annotations in a folder that is no project', () => {
  it('writes nothing there unless it is named, and says how', async () => {
    const from = await project();
    const file = path.join(from, 'labels.jsonl');
    await call(from, 'export', '--form', 'jsonl', '--out', file);
    const to = gitProject();
    writeDataset(to);
    const before = readdirSync(to);
    for (const words of [
      ['import', file],
      ['import', file, '--dry-run'],
      ['deal', 'data/cot.json', '--rows', '1-2', '--to', 'Pia'],
      ['pack', 'data/cot.json', '--rows', '1-2', '--out', path.join(from, 'queue')],
    ]) {
      const { code, stderr } = await call(to, ...words);
      expect([words[0], code, stderr]).toEqual([
        ...[words[0], 2, expect.stringContaining('This folder is no project yet: it has no .video-r1.')],
      ]);
      expect(stderr).toContain('name it too: --folder .');
    }
    expect(readdirSync(to)).toEqual(before);
    expect(await call(to, 'import', file, '--folder', '.')).toMatchObject({ code: 0 });
    expect(readdirSync(to)).toEqual(['.git', '.gitattributes', '.gitignore', '.video-r1', 'data']);
    expect(await call(to, 'import', file)).toMatchObject({ code: 0 });
  });
});

describe('video-r1 annotations apply', () => {
  it('writes the cleaned dataset beside, and says what was done', async () => {
    const folder = await project();
    const before = readFileSync(path.join(folder, 'data/cot.json'), 'utf8');
    const { code, stdout } = await call(folder, 'apply', 'data/cot.json', '--out', 'clean.json');
    expect(code).toBe(0);
    expect(stdout).toContain('clean.json: 4 of 6 rows of data/cot.json\n  2 left out');
    expect(stdout).toContain('  1 disputed: kept as they are');
    const cleaned = JSON.parse(readFileSync(path.join(folder, 'clean.json'), 'utf8')) as { problem_id: number }[];
    expect(cleaned.map(({ problem_id }) => problem_id)).toEqual([1, 2, 5, 6]);
    expect(readFileSync(path.join(folder, 'data/cot.json'), 'utf8')).toBe(before);
  });

  it('writes over the dataset only where that is asked for, by whatever name it is called', async () => {
    const folder = await project();
    const { size } = statSync(path.join(folder, 'data/cot.json'));
    for (const out of ['data/cot.json', './data/../data/cot.json']) {
      const { code, stderr } = await call(folder, 'apply', 'data/cot.json', '--out', out);
      expect([code, stderr]).toEqual([2, expect.stringContaining('--in-place')]);
    }
    expect(statSync(path.join(folder, 'data/cot.json')).size).toBe(size);
    expect(await call(folder, 'apply', 'data/cot.json', '--in-place', '--json')).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(path.join(folder, 'data/cot.json'), 'utf8'))).toHaveLength(4);
  });

  it('knows the rows by the project that they belong to', async () => {
    const folder = await project([...labels(), flag(ann, 1, { item: itemOf(1) })]);
    const elsewhere = temporaryProject();
    const file = path.join(folder, 'data/cot.json');
    const { code, stderr } = await call(elsewhere, 'apply', file, '--out', 'clean.json');
    expect([code, stderr]).toEqual([2, expect.stringContaining('outside of the project')]);
    const told = await call(elsewhere, 'apply', file, '--folder', folder, '--out', 'clean.json', '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({ dataset: 'data/cot.json', dropped: 2, fixed: 1 });
  });

  it('tells of a project without labels, and where paths of media count from in another folder', async () => {
    const folder = temporaryProject();
    writeDataset(folder);
    const { code, stdout } = await call(folder, 'apply', 'data/cot.json', '--out', 'clean.json');
    expect(code).toBe(0);
    expect(stdout).toContain('The project has no labels.');
    expect(stdout).toContain('Paths of media count from the folder of the file: they are those of data');
    const beside = await call(folder, 'apply', 'data/cot.json', '--out', 'data/clean.json');
    expect(beside.stdout).not.toContain('Paths of media');
  });
});

describe('video-r1 annotations deal', () => {
  it('gives rows that nobody judged or has to people, a share to two, and tells what waits for whom', async () => {
    const folder = await project();
    const deal = (rows: string, ...more: string[]) =>
      call(folder, 'deal', 'data/cot.json', '--rows', rows, '--author', 'Lea', '--to', 'Pia', ...more);
    // Rows 1 to 5 have verdicts.
    const first = await deal('1-6', '--to', 'Quin <q@example.org>', '--overlap', '100');
    expect([first.code, first.stdout]).toEqual([
      0,
      '1 row dealt out, 1 of them to two people\n  Pia: 1 row to judge\n  Quin <q@example.org>: 1 row to judge\n',
    ]);
    const again = await deal('1-6', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ items: 0, shared: 0, without: [] });
    // One person judges nothing twice, named twice or not.
    const file = path.join(folder, 'data/cot.json');
    const more = rows.map((row) => ({ ...row, problem_id: row.problem_id + 100, process: `${row.process} ` }));
    writeFileSync(file, JSON.stringify([...rows, ...more]));
    const alone = await deal('7-9', '--to', 'Pia', '--overlap', '100');
    expect(alone.stdout).toContain('3 rows dealt out, 0 of them to two people');
    // Rows that are gone wait for nobody.
    writeFileSync(file, JSON.stringify([...rows, ...more.slice(2)]));
    expect((await deal('1')).stdout).toContain('Pia: 2 rows to judge');
    writeFileSync(file, JSON.stringify(rows));
    expect((await deal('7')).stderr).toContain('There is no row');
    expect((await deal('1-6', '--overlap', '101')).stderr).toContain('--overlap');
    expect((await call(folder, 'deal', 'data/cot.json', '--rows', '1')).stderr).toContain('--to');
    expect((await call(folder, 'stats')).stdout).toContain('6 labelled items');
  });
});

describe('video-r1 annotations deal --take-back', () => {
  it('takes back what its author dealt out and nobody has judged, though it was dealt out twice', async () => {
    const folder = temporaryProject();
    writeDataset(folder);
    await label(folder, [verdictOf(ann, 5, 'keep', { item: itemOf(1) })]);
    const deal = (...words: string[]) => call(folder, 'deal', 'data/cot.json', ...words);
    await deal('--rows', '2-5', '--author', 'Lea', '--to', 'Pia', '--overlap', '100');
    await deal('--rows', '2-5', '--author', 'Lea', '--to', 'Quin', '--overlap', '100');
    await deal('--rows', '6', '--author', 'Max', '--to', 'Pia');
    await label(folder, [verdictOf({ name: 'Pia', email: null }, 50, 'drop', { item: itemOf(2) })]);
    const before = await deal('--take-back', '--author', 'Ann');
    expect(before.stdout).toContain('0 rows taken back');
    const { code, stdout } = await deal('--take-back', '--author', 'Lea');
    expect([code, stdout]).toEqual([
      0,
      '3 rows taken back that Lea dealt out and nobody has judged\n  Pia: 1 row to judge\n  Quin: 1 row to judge\n',
    ]);
    expect(JSON.parse((await deal('--take-back', '--author', 'Lea', '--json')).stdout)).toEqual({
      takenBack: 0,
      waiting: [
        { annotator: 'Pia', items: 1 },
        { annotator: 'Quin', items: 1 },
      ],
    });
    const both = await deal('--take-back', '--rows', '2');
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('without --rows')]);
  });

  it('deals to no list of people as if it were one', async () => {
    const folder = await project();
    const words = ['data/cot.json', '--rows', '6', '--to', 'Ann, Ben <b@x.org>'];
    const { code, stderr } = await call(folder, 'deal', ...words);
    expect([code, stderr]).toEqual([1, expect.stringContaining('one --to for each person')]);
  });
});

describe('video-r1 annotations pack', () => {
  it('gives a colleague rows as a project, whose labels come back to the rows', async () => {
    const { folder, remove } = await sampleProject();
    try {
      const out = path.join(temporaryProject(), 'queue');
      const words = ['--folder', '.', '--rows', '2,4-5', '--out', out, '--author', 'Ann <ann@example.org>'];
      const { code, stdout } = await call(folder, 'pack', 'data/sft.json', ...words, '--json');
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { items: 3, withoutFrames: 0, media: 3, passedOver: [] }]);
      expect(readFileSync(path.join(out, 'index.html'), 'utf8')).toContain('data/sft.json, row ');
      const original = JSON.parse(readFileSync(path.join(folder, 'data/sft.json'), 'utf8')) as {
        path: string;
        process: string;
      }[];
      const packed = JSON.parse(readFileSync(path.join(out, 'data/sft.json'), 'utf8')) as typeof original;
      expect(packed).toEqual([original[1], original[3], original[4]]);
      for (const { path: medium } of packed)
        expect(readFileSync(path.join(out, 'data', medium))).toEqual(readFileSync(path.join(folder, 'data', medium)));

      // As the editor of datasets writes it, in the packed folder as a project.
      const file = path.join(out, 'data/sft.json');
      const rowLabels = await RowLabels.open(out, file, 'Ben', () => {});
      await rowLabels.add(packed[1] as never, packed[1]?.process ?? '', { flag: null, verdict: 'drop', fixed: null });
      rowLabels.dispose();
      const own = path.join(
        labelFolderOf(out),
        readdirSync(labelFolderOf(out)).find((name) => name.startsWith('ben')) ?? '',
      );
      const exported = path.join(out, 'labels.jsonl');
      await call(out, 'export', '--form', 'jsonl', '--out', exported);
      const back = await call(folder, 'import', own, '--folder', folder, '--json');
      expect(JSON.parse(back.stdout)).toMatchObject({ form: 'labels', added: 2, notices: [] });
      expect(JSON.parse((await call(folder, 'import', exported, '--json')).stdout)).toMatchObject({
        entries: 2,
        added: 0,
      });
      // The folder as a whole says the same, with what its items are.
      const whole = JSON.parse((await call(folder, 'import', out, '--json')).stdout);
      expect(whole).toMatchObject({ form: 'labels', entries: 5, added: 3, notices: [] });
      const cleaned = await call(folder, 'apply', 'data/sft.json', '--out', 'data/clean.json', '--json');
      expect(JSON.parse(cleaned.stdout)).toMatchObject({ dropped: 1, elsewhere: 0 });
      const kept = JSON.parse(readFileSync(path.join(folder, 'data/clean.json'), 'utf8')) as unknown[];
      expect(kept).toEqual(original.filter((_, at) => at !== 3));
    } finally {
      await remove();
    }
  });

  it('says what was copied, leaves media out where that is asked for, and what can not be packed', async () => {
    const { folder, remove } = await sampleProject();
    try {
      const out = path.join(temporaryProject(), 'queue');
      const pack = (file: string, to: string, ...more: string[]) =>
        call(folder, 'pack', file, '--folder', '.', '--rows', '1-3', '--out', to, '--author', 'Ann', ...more);
      const { stdout } = await pack('data/sft.json', out);
      expect(stdout).toMatch(/data\/sft\.json in it has 3 rows, with 3 videos and images \([1-9]\d* kB\)/);
      const bare = await pack('data/sft.json', `${out}-bare`, '--no-media');
      expect(bare.stdout).toContain('data/sft.json in it has 3 rows, with no videos and images');
      expect(readdirSync(path.join(`${out}-bare`, 'data'))).toEqual(['sft.json']);
      const again = await pack('data/sft.json', out);
      expect([again.code, again.stdout, again.stderr]).toEqual([
        ...[1, '', expect.stringContaining('There is something in this folder')],
      ]);
      const unjudged = await pack('data/rl.json', `${out}-2`);
      expect([unjudged.code, unjudged.stderr]).toEqual([
        2,
        expect.stringContaining('None of these rows has a chain of thought'),
      ]);
    } finally {
      await remove();
    }
  });
});
