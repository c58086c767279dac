/** A page of rollouts holds all that is said of them, and nothing in it runs, is fetched, or is taken for markup. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { exportPage, mostOnPage } from '../../trainer/export/rollout-page.ts';
import type { ChosenRollouts } from '../../trainer/export/selection.ts';
import { type RolloutRecord, rolloutRecord } from '../../trainer/export/tables.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { hostileCompletions } from '../fixtures/hostile-completions.ts';
import { aGroup, aQuestion, aRollout } from '../store/records.ts';
import { madeRun } from './made-run.ts';

const about = {
  project: 'clips',
  runId: 'tgrpo-1',
  correctThreshold: 0.1,
  query: '',
  order: 'the newest first',
  at: new Date('2026-11-28T12:00:00Z'),
  /** Two frames of 2x1 pixels: red and green, then blue and white. */
  frames: async () => ({
    width: 2,
    height: 1,
    count: 2,
    pixels: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]),
  }),
};

/** Control characters but line feed and tab, and those that turn the direction of text or can't be seen. */
const concealed = /(?![\n\t])[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Where think and answer stand, found apart from the code under test. */
function partsOf(text: string): Rollout['parsed'] {
  const inside = (tag: string) => ({
    start: text.indexOf(`<${tag}>`) + tag.length + 2,
    end: text.indexOf(`</${tag}>`),
  });
  return { think: inside('think'), answer: inside('answer'), problems: [] };
}

function recordOf(given: Partial<Rollout> = {}): RolloutRecord {
  const rollout = aRollout({ id: 's3-g0-o1', groupId: 's3-g0', step: 3, index: 1, ...given });
  return rolloutRecord(rollout, aGroup(3, { question: aQuestion() }));
}

function chosen(records: readonly RolloutRecord[], matching = records.length): ChosenRollouts {
  return {
    count: records.length,
    matching,
    records: (async function* () {
      yield* records;
    })(),
  };
}

async function pageOf(records: readonly RolloutRecord[], given: Partial<typeof about> = {}): Promise<string> {
  const made = madeRun();
  await exportPage(chosen(records), { ...about, ...given }, made.at('page.html'));
  return readFileSync(made.at('page.html'), 'utf8');
}

describe('a page of rollouts', () => {
  it('holds question, options, answer, parts with their reasons, the test and links back, without port or token', async () => {
    const page = await pageOf([recordOf()], { query: 'correct:false' });
    for (const said of [
      '<h1>1 rollout of tgrpo-1</h1>',
      'filter <code dir="auto">correct:false</code>; the newest first; all that fit',
      '1. Step 3, ordered 2',
      'Which way does the red square move?',
      'A. left',
      'It goes to the right.',
      '✓ correct',
      '<th scope="row">accuracy</th><td class="num">1.000</td><td class="num">1.000</td><td>B is right.</td>',
      'advantage 0.500',
      'Temporal test: 0.500 of the ordered answers right, 0.000 of the shuffled; passed',
      'Two ordered answers, one right.',
      'href="vscode://video-r1-studio.video-r1-studio/clips/tgrpo-1/rollouts?step=3&amp;rollout=s3-g0-o1"',
    ])
      expect(page).toContain(said);
    expect(page).not.toMatch(/https?:/);
  });

  it('marks aha moments where they stand, by tier', async () => {
    const text = '<think>So left. Wait, it bounces. So right.</think><answer>B</answer>';
    const span = { start: text.indexOf('Wait'), end: text.indexOf(' So right') };
    const page = await pageOf([
      recordOf({
        text,
        parsed: partsOf(text),
        aha: [{ span, tier: 3, rule: 'revision', evidence: 'left, then right' }],
      }),
    ]);
    expect(page).toContain('So left. <mark class="t3"><span class="tier">T3</span>Wait, it bounces.</mark> So right.');
    expect(page).toContain('<li>T3, revision: left, then right</li>');
  });

  it('has the frames in the order that the model saw, pixel by pixel', async () => {
    const page = await pageOf([recordOf({ order: 'shuffled' })]);
    const pictures = [...page.matchAll(/<img src="data:image\/png;base64,([^"]+)" alt="([^"]+)"/g)];
    expect(pictures.map(([, , alt]) => alt)).toEqual(['frame 1, at 1.00 s', 'frame 2, at 0.00 s']);
    const pixels = pictures.map(([, data = '']) => [...decode(Buffer.from(data, 'base64')).data]);
    expect(pixels).toEqual([
      [0, 0, 255, 255, 255, 255],
      [255, 0, 0, 0, 255, 0],
    ]);
  });

  it('says why there are no frames, and is written all the same', async () => {
    const frames = () => Promise.reject(new StudioError('bad-media', 'The file <b> has changed.'));
    expect(await pageOf([recordOf()], { frames })).toContain(
      'The frames are not at hand: The file &lt;b&gt; has changed.',
    );
  });

  it('allows nothing but its own style and the pictures in it', async () => {
    const page = await pageOf([recordOf()]);
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    expect(page).toContain(`<meta http-equiv="Content-Security-Policy" content="${policy}">`);
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
  });

  it('keeps hostile text text, wherever a record holds it', async () => {
    expect(hostileCompletions).toHaveLength(40);
    const pageWith = (text: string) => {
      const whole = `<think>${text}</think><answer>${text}</answer>`;
      const answer = { start: whole.length - 9 - text.length, end: whole.length - 9 };
      const parsed = { think: { start: 7, end: 7 + text.length }, answer, problems: [text] };
      const record = recordOf({ text: whole, answer: text, parsed });
      const question = aQuestion({ problem: text, options: [text, text], solution: text, path: text });
      const group = { ...record.group, question, explanation: [text] };
      return pageOf([{ ...record, group }], { query: text, project: text });
    };
    /** Every tag but the link back, whose address holds the project's name. */
    const tagsOf = (page: string) =>
      [...page.replace(/<style>[\s\S]*?<\/style>/, '').matchAll(/<[^>]*>/g)].map(([tag]) =>
        tag.replace(/ href="[^"]*"/, ''),
      );
    const expected = tagsOf(await pageWith('innocent'));
    for (const { tries, text } of hostileCompletions) {
      const page = await pageWith(text);
      expect(tagsOf(page), tries).toEqual(expected);
      expect(page, tries).not.toMatch(concealed);
    }
  });

  it('of more rollouts than one reads is refused, and one that is given up leaves nothing', async () => {
    const made = madeRun();
    const many: ChosenRollouts = { ...chosen([]), count: mostOnPage + 1 };
    await expect(exportPage(many, about, made.at('page.html'))).rejects.toMatchObject({
      kind: 'bad-request',
      message: 'A page of 1,001 rollouts would be too long to read; it holds at most 1,000.',
    });
    const controller = new AbortController();
    const onProgress = (_: string, done: number) => {
      if (done === 2) controller.abort(new Error('enough'));
    };
    const records = Array.from({ length: 5 }, () => recordOf());
    await expect(
      exportPage(chosen(records), about, made.at('page.html'), { signal: controller.signal, onProgress }),
    ).rejects.toThrow();
    expect(existsSync(made.at('page.html'))).toBe(false);
    expect(readdirSync(made.folder).filter((name) => name.includes('partial'))).toEqual([]);
  });
});
