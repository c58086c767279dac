/** Breakpoints on the dashboard of a run that one has paused: what hit, the ways on, and adding and changing them by hand. */
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Breakpoint, BreakpointHit } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { notOwned, pagesOfRuns } from './pages-of-runs.ts';
import { projectWithRecordedRun, recordedGroups, recordedRun } from './recorded-run.ts';

const [group] = recordedGroups().groups;
const rollout = group?.rollouts[0];
if (!group || !rollout) throw new Error('The recorded run has no group.');

const place = { point: 'before-update', step: group.step } as const;
const hostile = 'any("<img src=x onerror=window.owned=1>")';
const hit: BreakpointHit = {
  ...{ number: 2, condition: 'any(aha >= 4)', place, logOnly: false, hits: 2 },
  cause: { sentence: 'answer 1 of question 1: aha 4', groupId: group.id, rolloutId: rollout.id, values: [] },
};
const one: Breakpoint = {
  ...{ number: 1, condition: hostile, at: 'before-update', logOnly: true, enabled: true, hits: 1 },
  lastHit: { point: 'before-update', step: 1 },
};
const two: Breakpoint = { ...one, number: 2, condition: hit.condition, logOnly: false, hits: 2, lastHit: place };

const pages = pagesOfRuns(recordedRun, async () => {
  const project = await projectWithRecordedRun();
  const store = RunStore.open(path.join(project.folder, '.video-r1', 'runs', recordedRun));
  store.append({ type: 'breakpoints', breakpoints: { given: 2, list: [one, two] } });
  const { state: _, ...facts } = store.summary() as ReturnType<RunStore['summary']> & { readonly state: 'completed' };
  const why = `Breakpoint 2: ${hit.condition}: ${hit.cause.sentence}`;
  store.append({
    type: 'state',
    run: { ...facts, steps: facts.step + 5, state: 'paused', at: place, why, fault: null, memory: 'released', hit },
  });
  store.dispose();
  return project;
});

const section = (tab: Page) => tab.getByRole('region', { name: 'Breakpoints' });
const rows = async (tab: Page) =>
  section(tab)
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) =>
        [...row.children]
          .slice(0, 4)
          .map((cell) => cell.textContent?.trim())
          .join(' | '),
      ),
    );
const field = (tab: Page) => tab.getByRole('combobox', { name: /^Condition of/ });

it('says which breakpoint paused the run, where and by what, and Enter opens the group that did', async () => {
  const tab = await pages.open('dashboard');
  const notice = tab.getByRole('status').filter({ hasText: 'Breakpoint 2' });
  await notice.waitFor();
  expect((await notice.textContent())?.replace(/\s+/g, ' ')).toContain(
    `Breakpoint 2 any(aha >= 4) hit at before-update, step ${place.step}: answer 1 of question 1: aha 4. Nothing of this step is applied yet.`,
  );
  expect(await rows(tab)).toEqual([
    '2 | any(aha >= 4) | before-update | hit now, 2nd time',
    `1 | ${hostile} | before-update | logged at 1`,
  ]);
  await notOwned(tab);
  await tab.locator('body').press('Enter');
  await tab.waitForURL(/rollouts/);
  await tab.locator(`[data-rollout="${rollout.id}"], [data-pane=rollout]`).first().waitFor();
});

it('takes a condition with completion, says what is wrong under the field, and offers the nearest name', async () => {
  const tab = await pages.open('dashboard');
  await section(tab).getByRole('button', { name: 'Add a breakpoint', exact: true }).click();
  await field(tab).pressSequentially('stal');
  await tab.getByRole('option', { name: /^stalled\(/ }).waitFor();
  await field(tab).press('ArrowDown');
  await field(tab).press('Enter');
  expect(await field(tab).inputValue()).toBe('stalled(');
  await field(tab).fill('mean(acuracy, 20) < 0.3');
  const fault = tab.locator('#condition-fault');
  await fault.getByText('acuracy is not a number of a step; the nearest is accuracy.').waitFor();
  await field(tab).press('Enter');
  expect(await rows(tab)).toHaveLength(2);
  await fault.getByRole('button', { name: 'Write accuracy' }).click();
  expect(await field(tab).inputValue()).toBe('mean(accuracy, 20) < 0.3');
  await field(tab).press('Enter');
  await section(tab).getByText('mean(accuracy, 20) < 0.3').waitFor();
  expect((await rows(tab)).at(-1)).toBe('3 | mean(accuracy, 20) < 0.3 | after-update | never hit');
  const focus = () => tab.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  await expect.poll(focus).toBe('Add a breakpoint');
  await section(tab).getByRole('button', { name: 'Breakpoint 3', exact: true }).click();
  await tab.getByRole('menuitem', { name: 'Edit' }).click();
  await expect.poll(focus).toBe('Condition of breakpoint 3');
  await field(tab).press('Escape');
  await expect.poll(() => tab.evaluate(() => document.activeElement?.getAttribute('data-breakpoint'))).toBe('3');
});

it('is switched off, made log only, and taken away, and ready-made ones are one press away', async () => {
  const tab = await pages.open('dashboard');
  await section(tab).getByRole('button', { name: 'Breakpoint 2 enabled' }).click();
  await section(tab).getByRole('button', { name: 'Breakpoint 2 enabled', pressed: false }).waitFor();
  const menu = async (of: string, item: string) => {
    await section(tab).getByRole('button', { name: of, exact: true }).click();
    await tab.getByRole('menuitem', { name: item }).click();
  };
  await menu('Add a ready-made breakpoint', 'KL runaway');
  await section(tab).getByText('min(kl, 5) > 0.5 and slope(kl, 5) > 0').waitFor();
  await menu('Breakpoint 1', 'Remove');
  await section(tab).getByText(hostile).waitFor({ state: 'detached' });
});
