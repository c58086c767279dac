/**
 * Asking again in a real browser: a rollout of a small trained run is asked with other frames and from a token of its text; what comes
 * of it stays beside it, and whatever a person types or a model writes stays text. What untrained models write is not relied on.
 */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../trainer/protocol/ask.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { runProgram, sampleProject } from '../integration/trainer-process.ts';
import { notOwned, pagesOfRuns, rowsOf } from './pages-of-runs.ts';

const attack = '<img src=x onerror="window.owned=1"><script>window.owned=2</script>';
const runId = 'tgrpo-1';
let rolloutId = '';
/** Of the run, as it was trained. */
let rollouts = 0;

async function trained(): Promise<Awaited<ReturnType<typeof sampleProject>>> {
  const project = await sampleProject();
  const run = async (file: string, ...pairs: string[]) => {
    const settings = ['evaluationQuestions=2', 'probeEvery=0', 'steps=1', 'questionsPerStep=2', ...pairs];
    const { code, stderr } = await runProgram([
      'run',
      file,
      '--folder',
      project.folder,
      ...settings.flatMap((pair) => ['--set', pair]),
    ]);
    if (code !== 0) throw new Error(stderr);
  };
  await run('sft.run.json');
  await run('tgrpo.run.json', 'groupSize=2', 'shuffledGroupSize=1', 'maxNewTokens=16', 'imageShare=0');
  const store = RunStore.open(path.join(project.folder, '.video-r1', 'runs', runId));
  rollouts = store.rolloutCount();
  const first = [...store.groups()].find(({ step, purpose }) => step === 1 && purpose === 'train');
  rolloutId = first?.rollouts.find(({ order }) => order === 'ordered')?.id ?? '';
  store.dispose();
  return project;
}

const pages = pagesOfRuns(runId, trained);
const change = (tab: Page) => tab.locator('[data-pane=change]');
const answers = (tab: Page) => tab.locator('[data-pane=answers]');
const given = (tab: Page) => tab.getByRole('textbox', { name: 'Text that is given' });
const strip = (tab: Page) => tab.getByRole('listbox', { name: 'Frames as they will be sent' }).getByRole('option');
const frame = (tab: Page, place: number) => strip(tab).nth(place);
const whole = (tab: Page, count: number) =>
  answers(tab)
    .locator('[data-part=ask] [data-part=answer]')
    .nth(count - 1)
    .waitFor();

async function atRollout(width = 1400): Promise<Page> {
  const tab = await pages.open('rollouts', { place: `&rollout=${rolloutId}`, width });
  await tab.locator('[data-part=think]').waitFor({ state: 'attached' });
  await tab.keyboard.press('Enter');
  await tab.keyboard.press('e');
  await tab.getByText('Experiments.').waitFor();
  return tab;
}

const kept = async (): Promise<Experiment[]> => {
  const client = await pages.trainer.connect();
  const { experiments } = await client.client.request('ask/list', { runId, about: { rolloutId } });
  client.close();
  return experiments;
};

/** The number that the next ask gets. */
const nextNumber = async () => ((await kept()).at(-1)?.number ?? 0) + 1;

describe('ask again', () => {
  it('is opened from a rollout by key and by link, and Esc leads back', async () => {
    const tab = await atRollout();
    await expect.poll(() => tab.url()).toContain('ask=0');
    await tab.keyboard.press('Escape');
    await tab.locator('[data-part=think]').waitFor();
    const linked = await pages.open('rollouts', { place: `&rollout=${rolloutId}&ask=0` });
    await linked.getByText('Experiments.').waitFor();
    await linked.getByRole('button', { name: /Back to ordered/ }).click();
    await linked.getByRole('button', { name: 'Ask again (e)' }).click();
    await linked.getByText('Experiments.').waitFor();
  });

  it('asks with the frames reversed, one dropped and one moved, and shows the answers beside the original', async () => {
    const tab = await atRollout();
    await change(tab).getByText('nothing: the same again').waitFor();
    await change(tab).getByRole('button', { name: 'reversed' }).click();
    const order = () => strip(tab).evaluateAll((all) => all.map((one) => one.textContent?.trim()));
    const last = (await order()).length;
    expect((await order()).slice(0, 2)).toEqual([String(last), String(last - 1)]);
    await frame(tab, 0).focus();
    await tab.keyboard.press('Alt+ArrowRight');
    expect((await order()).slice(0, 2)).toEqual([String(last - 1), String(last)]);
    await tab.keyboard.press('Delete');
    await expect.poll(() => frame(tab, 1).getAttribute('aria-selected')).toBe('false');
    await tab.keyboard.press('Delete');
    await expect.poll(() => frame(tab, 1).getAttribute('aria-selected')).toBe('true');
    await tab.keyboard.press('Delete');
    await tab.keyboard.press('Control+Enter');
    await tab.keyboard.press('Enter');
    await whole(tab, 4);
    const [experiment] = await kept();
    expect(experiment?.shown?.order).toEqual([last - 2, ...Array.from({ length: last - 2 }, (_, i) => last - 3 - i)]);
    const rows = await rowsOf(tab, 'shares');
    expect(rows.map(([number]) => number)).toEqual(['–', '1']);
    expect(rows[1]?.[1]).toBe(`frame ${last} dropped, the rest in another order`);
    expect(rows[1]?.[3]).toMatch(/^\d\/4$/);
    await answers(tab)
      .getByRole('button', { name: /^Weigh ask 1/ })
      .click();
    await answers(tab)
      .locator('[data-part=ask] [data-part=answer]')
      .first()
      .getByText(/order [−\d]/)
      .waitFor();
    const words = answers(tab).locator('[data-part=ask] [data-part=answer] [title^="order "]');
    expect(await words.count()).toBe(0);
    await answers(tab).getByRole('button', { name: 'Order', exact: true }).click();
    await words.first().waitFor();
    await answers(tab).locator('[data-part=legend]').waitFor();
    const [weighed] = await kept();
    const { order: worth, text, from } = weighed?.parts[0]?.answers[0] ?? {};
    const [first] = worth?.words ?? [];
    expect(await words.first().textContent()).toBe(text?.slice(first?.span.start, first?.span.end));
    expect(first?.span.start).toBeGreaterThanOrEqual(from ?? Number.NaN);
    await tab.keyboard.press('p');
    await expect.poll(() => words.count()).toBe(0);
    await answers(tab)
      .getByText(/So far:/)
      .waitFor();
    await expect.poll(() => change(tab).locator('[data-part=go]').textContent()).toMatch(/4 answers, about/);
  });

  it('goes on from a word that is clicked and from what is typed; that is text, and so is what the model writes', async () => {
    const tab = await atRollout();
    const number = await nextNumber();
    const word = tab.locator('[data-from]').nth(1);
    const at = Number(await word.getAttribute('data-from'));
    await word.click();
    await expect.poll(async () => (await given(tab).inputValue()).length).toBe(at);
    /* Letters that are keys of the page are typed too, as soon as it is clicked. */
    await tab.keyboard.type(' huve');
    await expect.poll(async () => (await given(tab).inputValue()).slice(at)).toBe(' huve');
    await tab.keyboard.insertText(` ${attack} <|im_end|>`);
    await tab.locator('[data-part=cut]').getByText('typed').waitFor();
    await tab.keyboard.press('Escape');
    expect(await given(tab).evaluate((field) => field === document.activeElement)).toBe(false);
    await change(tab).getByRole('textbox', { name: 'answers' }).fill('2');
    await tab.keyboard.press('Control+Enter');
    await answers(tab)
      .getByRole('region', { name: `Ask ${number}` })
      .locator('[data-part=answer]')
      .nth(1)
      .waitFor();
    const experiment = (await kept()).at(-1) as Experiment;
    expect(experiment.given.endsWith(`${attack} <|im_end|>`)).toBe(true);
    expect(experiment.parts[0]?.answers).toHaveLength(2);
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('v');
    await answers(tab).locator('ins').first().waitFor();
    await notOwned(tab);
    expect(await tab.locator('img, main script').count()).toBe(0);
  });

  it('takes changes back, moves the cut by words, and says what can not be asked', async () => {
    const tab = await atRollout();
    await tab.keyboard.press(']');
    const one = await given(tab).inputValue();
    expect(one).not.toBe('');
    await change(tab).getByRole('button', { name: 'none' }).click();
    await tab.keyboard.press('u');
    await expect
      .poll(() => change(tab).getByRole('button', { name: 'as seen' }).getAttribute('aria-pressed'))
      .toBe('true');
    await tab.keyboard.press('[');
    await expect.poll(() => given(tab).inputValue()).toBe('');
    await change(tab).getByRole('textbox', { name: 'temperature' }).fill('9');
    await change(tab)
      .getByText(/temperature/)
      .last()
      .waitFor();
    const isDisabled = () =>
      change(tab)
        .locator('vscode-button')
        .evaluate((button) => 'disabled' in button && button.disabled);
    await expect.poll(isDisabled).toBe(true);
    await change(tab)
      .getByRole('button', { name: /Back to the original/ })
      .click();
    await change(tab).getByText('nothing: the same again').waitFor();
  });

  it('says what to do where h finds no cursor', async () => {
    const tab = await atRollout();
    await tab.locator('[data-from]').first().waitFor();
    await tab.keyboard.press('h');
    await tab.getByText('There is no cursor in the text: click the word').waitFor();
    expect(await given(tab).inputValue()).toBe('');
  });

  it('asks two checkpoints the same, and takes an ask away', async () => {
    const tab = await atRollout();
    // The weights that the run began with are those of the run before, and are offered by one name.
    const weights = change(tab).getByRole('combobox', { name: 'weights' });
    await weights.locator('option', { hasText: 'before training (sft-1, step 1)' }).waitFor({ state: 'attached' });
    expect(await weights.locator('option', { hasText: 'sft-1' }).count()).toBe(1);
    await expect.poll(() => change(tab).getByRole('checkbox', { name: /sft-1/ }).count()).toBe(0);
    const number = await nextNumber();
    await change(tab).getByRole('checkbox', { name: 'step 1', exact: true }).check();
    await change(tab).getByRole('textbox', { name: 'answers' }).fill('1');
    await change(tab).getByRole('button', { name: /^Ask/ }).click();
    await answers(tab)
      .getByRole('region', { name: `Ask ${number}` })
      .getByText(/not those that answered/)
      .waitFor();
    const rows = await rowsOf(tab, 'shares');
    expect(rows.slice(-3).map(([number, words]) => [number, words])).toEqual([
      [String(number), 'the same again'],
      ['', 'before training'],
      ['', 'step 1'],
    ]);
    await answers(tab)
      .getByRole('article', { name: `Answer ${number}.2` })
      .waitFor();
    await answers(tab)
      .getByRole('button', { name: `Take ask ${number} away` })
      .click();
    await answers(tab)
      .getByRole('region', { name: `Ask ${number}` })
      .waitFor({ state: 'detached' });
    expect((await kept()).map(({ number }) => number)).not.toContain(number);
  });

  it('stops, keeps what is whole, and lists no experiment among the rollouts', async () => {
    const tab = await atRollout();
    await change(tab).getByRole('textbox', { name: 'answers' }).fill('64');
    await change(tab).getByRole('textbox', { name: 'max tokens' }).fill('200');
    await tab.keyboard.press('Control+Enter');
    await answers(tab).locator('[data-part=under-way] [data-part=answer]').first().waitFor();
    await tab.keyboard.press('Escape');
    await answers(tab).getByText('It was stopped.').waitFor();
    const stopped = (await kept()).at(-1) as Experiment;
    const count = stopped.parts[0]?.answers.length ?? 0;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(64);
    expect(stopped.parts[0]?.answers.filter(({ stopReason }) => stopReason === 'aborted')).toEqual([]);
    const client = await pages.trainer.connect();
    const { total } = await client.client.request('rollouts/count', { runId });
    client.close();
    expect(total).toBe(rollouts);
  });

  it('shows one pane at a time on a narrow page', async () => {
    const tab = await atRollout(420);
    await change(tab).waitFor();
    expect(await answers(tab).isVisible()).toBe(false);
    await tab.getByRole('button', { name: 'Answers', exact: true }).click();
    await answers(tab).waitFor();
    expect(await change(tab).isVisible()).toBe(false);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    // A link to an ask opens what it names.
    const { number } = (await kept())[0] as Experiment;
    const linked = await pages.open('rollouts', { place: `&rollout=${rolloutId}&ask=${number}`, width: 420 });
    await answers(linked)
      .getByRole('region', { name: `Ask ${number}` })
      .waitFor();
    expect(await change(linked).isVisible()).toBe(false);
  });
});
