/** One question across steps, two runs on it, and two evaluations: in a browser, with figures counted here from the groups. */
import { describe, expect, it } from 'vitest';
import { directArmOf, reversedArmOf } from '../../trainer/evaluation/arm-results.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { ArmAnswers, DirectArm } from '../../trainer/protocol/evaluation-arms.ts';
import type { Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { aGroup, anEvaluation, aQuestion, aRollout } from '../store/records.ts';
import { notOwned, pagesOfRuns, rowsOf as rows } from './pages-of-runs.ts';
import { projectWithRuns, type RunThatIsOver } from './recorded-run.ts';

const attack = '<img src=x onerror="window.owned=1">\u202e';
const attackShown = '<img src=x onerror="window.owned=1">\\u202e';
/** Right answers of four on ordered frames, by step and question. */
const rights = {
  'first-1': { 2: [1, 4], 4: [2, 3], 6: [4, 3] },
  'second-1': { 2: [0, 4], 4: [1, 3], 6: [1, 2] },
} as const;

const question = (number: number) => aQuestion({ row: number, problem: `${attack} Question ${number}?` });

/** Two answers are right one after the other of four: the first so many. */
function answered(id: string, step: number, number: number, right: number, of = 4) {
  return aGroup(step, {
    id,
    question: question(number),
    purpose: of === 1 ? 'evaluation' : 'train',
    rollouts: Array.from({ length: of }, (_, index) =>
      aRollout({
        ...{ id: `${id}-o${index}`, groupId: id, step, index },
        ...{ correct: index < right, accuracy: index < right ? 1 : 0, answer: index < right ? 'B' : attack },
        text: `<think>${attack} it goes ${index < right ? 'to the right' : 'up'} at step ${step}</think>`,
        parsed: { think: null, answer: null, problems: [] },
      }),
    ),
  });
}

/** A word each, less likely from word to word. */
function tokensOf({ text }: Rollout): RolloutTokens {
  const pieces = text.split(/(?<= )/);
  return { pieces, logprobs: pieces.map((_, at) => -0.2 * at), entropy: pieces.map(() => 0.3) };
}

const scored = (right: number) => ({
  ...{ text: '<answer>A</answer>', tokenCount: 3, answer: 'A', accuracy: right, correct: right === 1 },
});
const part = { type: 'multiple choice', family: null, needsOrder: false };
/* Without reasoning the first question alone is right; backwards the first two are asked, and the second is right. */
const direct = (place: number) => scored(Number(place === 0));
const backwards = (place: number) => scored(Number(place === 1));
const directPair = (right: number, place: number) => ({ ...part, reasoning: scored(right), direct: direct(place) });
const reversedPair = (right: number, place: number) => ({ ...part, clip: scored(right), reversed: backwards(place) });
const armsOf = (_right: number, place: number): ArmAnswers => ({
  direct: { ...direct(place), by: 'hint' },
  ...(place < 2 && { reversed: { ...backwards(place), solution: 'A' } }),
});

function runOf(id: keyof typeof rights, seed: number): RunThatIsOver {
  const steps = Object.entries<readonly number[]>(rights[id]).map(([text, held]) => [Number(text), held] as const);
  const asked = steps.flatMap(([step, held]) =>
    held.map((right, number) => answered(`s${step}-g${number}`, step, number + 1, right)),
  );
  // Questions 23 to 26: right, wrong, wrong, right at first, then right, right, right, wrong.
  const evaluated = (
    [
      ['e0', 0, [1, 0, 0, 1]],
      ['e1', 6, [1, 1, 1, 0]],
    ] as const
  ).map(([evaluation, step, right]) => ({
    groups: right.map((correct, place) => ({
      ...answered(`${evaluation}-0-g${place}`, step, 23 + place, correct, 1),
      arms: armsOf(correct, place),
    })),
    of: {
      ...anEvaluation(step),
      ...{
        id: evaluation,
        at: 1_700_000_005_000 + step,
        direct: directArmOf('hint', right.map(directPair), 1) as DirectArm,
      },
      reversed: reversedArmOf(right.slice(0, 2).map(reversedPair), 2, 1),
    },
  }));
  return {
    ...{ id, seed, tokensOf, parameters: presetParameters('sample', 'tgrpo') },
    groups: [...asked, ...evaluated.flatMap(({ groups }) => groups)],
    evaluations: evaluated.map(({ of }) => of),
  };
}

const pages = pagesOfRuns('first-1', () => projectWithRuns([runOf('first-1', 1), runOf('second-1', 7)]));
const open = (page: 'dashboard' | 'rollouts' | 'across' | 'compare', place = '') => pages.open(page, { place });

describe('one question across steps', () => {
  it('is found by words, shown as a cell for each answer, and compared word by word, all by keyboard', async () => {
    const tab = await open('across');
    await tab.getByRole('option').first().waitFor();
    await tab.keyboard.type('question 1?');
    await tab
      .getByRole('status')
      .filter({ hasText: /^1 question$/ })
      .waitFor();
    await tab.keyboard.press('Enter');
    await tab.locator('[data-rollout]').first().waitFor();
    const cells = tab.locator('[data-rollout]');
    expect(await cells.count()).toBe(12);
    // 1 + 2 + 4 right answers.
    expect(await cells.filter({ hasText: /B$/ }).count()).toBe(7);
    expect(await tab.getByRole('img', { name: /^Accuracy in training/ }).getAttribute('aria-label')).toContain(
      '0.250 at step 2 to 1.000 at step 6',
    );
    // Down to the second answer of the last step, which becomes the right one; then to that of the first step.
    await tab.keyboard.press('j');
    await tab.keyboard.press('2');
    await tab.keyboard.press('h');
    await tab.keyboard.press('h');
    await tab.keyboard.press('1');
    const amounts = await rows(tab, 'amounts');
    expect(amounts[0]?.slice(1, 3)).toEqual(['<img src=x onerror="wind…', 'B']);
    expect(amounts[1]).toEqual(['accuracy', '0.00', '1.00', '+1.00']);
    expect(await tab.locator('[data-part=diff]').textContent()).toContain(attackShown);
    expect(await tab.locator('[data-part=diff] del').allTextContents()).toEqual(['up', '2</think>']);
    expect(await tab.locator('[data-part=diff] ins').allTextContents()).toEqual(['to the right', '6</think>']);
    await notOwned(tab);
    await tab.keyboard.press('g');
    await tab.locator('[data-pane=rollout]').waitFor();
    await tab.waitForURL(/rollout=s2-g0-o1/);
  });

  it('is left by Esc before one is chosen', async () => {
    const tab = await open('dashboard');
    await tab.getByRole('region', { name: 'Curves' }).waitFor();
    await tab.keyboard.press('t');
    await tab.locator('[id^=question-]').first().waitFor();
    await tab.keyboard.press('Escape');
    await tab.waitForURL(/\/dashboard(\?|$)/);
  });

  it('is reached from an answer by t, and Esc leads back to it', async () => {
    const tab = await open('rollouts', '&group=s4-g0&rollout=s4-g0-o1');
    await tab.waitForURL(/rollout=s4-g0-o1/);
    await tab.locator('[data-part=reason], [data-pane=rollout] h2').first().waitFor();
    await tab.keyboard.press('t');
    await tab.locator('[data-rollout=s4-g0-o1][aria-current=true]').waitFor();
    await tab.keyboard.press('Escape');
    await tab.waitForURL(/\/rollouts\?.*rollout=s4-g0-o1/);
  });
});

describe('two runs', () => {
  it('show what they share, most different first, with paired means and what differs in their settings', async () => {
    const tab = await open('compare', '&against=second-1');
    await tab.locator('[id^=shared-]').nth(1).waitFor();
    // Shares right: question 1 7/12 against 2/12, question 2 10/12 against 9/12; differences -5/12 and -1/12.
    const means = await rows(tab, 'means');
    expect(means.map((cells) => cells[1])).toEqual(['0.708', '0.458', '−0.250', '−2.368 … +1.868']);
    expect(await tab.locator('[id^=shared-]').allTextContents()).toEqual([
      expect.stringMatching(/Question 1\?.*−0\.42$/),
      expect.stringMatching(/Question 2\?.*−0\.08$/),
    ]);
    expect(await tab.locator('[data-part=differences]').textContent()).toContain('seed 1, 7');
    await tab.locator('[data-side=second] >> text=step 6').first().waitFor();
    // The key that leads into the choice of runs does not hold the others.
    await tab.keyboard.press('+');
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('[');
    await tab.locator('[data-side=second] >> text=step 4').first().waitFor();
    const shaded = (side: string) => tab.locator(`[data-part=texts] [data-side=${side}] [data-token]`);
    await tab.keyboard.press('p');
    await tab.getByRole('button', { name: 'Probability', pressed: true }).waitFor();
    for (const side of ['first', 'second']) await shaded(side).first().waitFor();
    await tab.keyboard.press('v');
    await tab.getByRole('button', { name: 'Diff', pressed: true }).waitFor();
    expect(await shaded('first').count()).toBe(0);
    await notOwned(tab);
  });
});

describe('an evaluation', () => {
  it('shows what it asked besides: both shares with their intervals, how it was asked, and how each follows', async () => {
    const tab = await open('dashboard');
    await tab.locator('[data-part=direct] tbody tr').first().waitFor();
    const [withReasoning] = await rows(tab, 'direct');
    // Right 1 1 1 0 with reasoning, 1 0 0 0 without: b = 2, c = 0, p = 2 / 4.
    expect(withReasoning?.slice(0, 2)).toEqual(['all pairs', '4']);
    expect(withReasoning?.[2]).toMatch(/^0\.750 0\.\d\d … 1\.00$/);
    expect(withReasoning?.[3]).toMatch(/^0\.250 0\.00 … 0\.\d\d$/);
    expect(withReasoning?.[4]).toMatch(/^\+0\.500 0\.00 … \+1\.00$/);
    expect(withReasoning?.[5]).toBe('2 : 0 p 0.500');
    await tab.getByText('without the instruction to reason').waitFor();
    const [reversed] = await rows(tab, 'reversed');
    // The clips are both right, the reversal of the second alone.
    expect(reversed?.map((cell) => cell.slice(0, 9))).toEqual([
      'all pairs',
      '2',
      '1.000 1.0',
      '0.500 0.0',
      '0.500 0.0',
    ]);
    await tab.getByText('Left out, since the dataset has no reversed_solution for them: 2 questions.').waitFor();
    await tab.getByText('both right').hover();
    await tab.getByText('questions right on the clip and on its reversal / n').waitFor();
    await notOwned(tab);
  });
});

describe('two evaluations', () => {
  it('are compared on what both asked besides', async () => {
    const tab = await open('compare', '&against=first-1&evaluation=e0&against-evaluation=e1');
    await tab.locator('[data-part=slices] tbody tr').first().waitFor();
    const besides = (await rows(tab, 'slices')).slice(-2).map((cells) => cells.slice(0, 4));
    // Clips 1 0, then 1 1; backwards 0 1.
    expect(besides).toEqual([
      ['without reasoning', '4', '0.250', '0.250'],
      ['clip and its reversal', '2', '0.000', '0.500'],
    ]);
  });

  it('say of a link which evaluation the run does not have, and that its question is not in both', async () => {
    const tab = await open('compare', '&against=first-1&evaluation=e7&against-evaluation=e1&question=nowhere');
    await tab.getByText('first-1 has no evaluation e7; another one is shown.').waitFor();
    await tab.getByText('The question asked for is not in both evaluations; another one is shown.').waitFor();
  });

  it('are compared question by question, with McNemar’s exact test and what became of each answer', async () => {
    const tab = await open('compare', '&against=first-1&evaluation=e0&against-evaluation=e1');
    await tab.locator('[data-part=slices] tbody tr').first().waitFor();
    const [all] = await rows(tab, 'slices');
    // Differences 0, 1, 1, -1: mean 0.25; one only right at first, two only at last: p = min(1, 2 (1 + 3) / 8).
    expect(all).toEqual(['all questions', '4', '0.500', '0.750', '+0.250 −1.27 … +1.77', '1 : 2 1.000']);
    const counts = await rows(tab, 'transitions');
    expect(counts.map((cells) => cells.slice(1))).toEqual([
      ['1', '1'],
      ['2', '0'],
    ]);
    await tab.getByRole('button', { name: /^right to wrong: 1/ }).click();
    await tab.locator('[id^=pair-]').filter({ hasText: 'Question 26?' }).waitFor();
    expect(await tab.locator('[id^=pair-]').count()).toBe(1);
    await notOwned(tab);
  });
});
