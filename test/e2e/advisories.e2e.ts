/** What needs a person, on the dashboard in a real browser: one notice, the list of all, a button that sends its command, and quiet. */
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Advisory } from '../../trainer/protocol/advisories.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { notOwned, pagesOfRuns } from './pages-of-runs.ts';
import { projectWithRuns, recordedGroups, recordedRun } from './recorded-run.ts';

const hostile = '<img src=x onerror="window.owned=1">';
const flat: Advisory = {
  ...{ key: 'flat-groups', rule: 'flat-groups', since: 1, numbers: { groups: 20, flat: 18 } },
  message: '18 of the 20 groups are flat.',
  ways: [
    { kind: 'set', parameter: 'temperature', value: 1.2, why: 'so that answers differ' },
    { kind: 'look', query: 'half:ordered flat:true', why: 'to see these groups' },
    { kind: 'person', why: 'Harder questions have something left to learn.' },
  ],
};
const source: Advisory = {
  ...{ key: 'source-fails:source x', rule: 'source-fails', since: 1, numbers: {} },
  message: `The source “${hostile}” fails.`,
  ways: [{ kind: 'check', dataset: 'rl.json', why: 'to see its rows' }],
};
const over: Advisory = {
  ...{ key: 'stalled', rule: 'stalled', since: 1, numbers: {}, ways: [] },
  message: 'It stood still.',
};

/** The other one may go on. */
const complete = 'tgrpo-done-1';

const pages = pagesOfRuns(recordedRun, async () => {
  const { groups, parameters } = recordedGroups();
  const project = await projectWithRuns(
    [recordedRun, complete].map((id) => ({ id, groups: groups.slice(0, 2), parameters })),
  );
  for (const id of [recordedRun, complete]) {
    const store = RunStore.open(path.join(project.folder, '.video-r1', 'runs', id));
    for (const advisory of [source, over, flat]) store.append({ type: 'advisory', advisory });
    store.append({ type: 'advisory-ended', key: 'stalled', step: 1 });
    if (id === recordedRun) store.append({ type: 'state', run: { ...store.summary(), state: 'stopped' } });
    store.dispose();
  }
  return project;
});

const notice = '[role=status]:has(vscode-button)';

it('the gravest is the one notice; its button sends the command, and says what became of it', async () => {
  const tab = await pages.open('dashboard');
  const told = tab.locator(notice, { hasText: 'Most groups are flat, since step 1.' });
  await told.waitFor();
  expect(await tab.locator(notice).count()).toBe(1);
  expect(await told.innerText()).toContain('1 other below');
  await told.getByText('Set temperature: 1.2').click();
  await told.getByText('applied: 1 → 1.2').waitFor();
  await told.locator('vscode-button[disabled]', { hasText: 'Set temperature: 1.2' }).waitFor();
  const field = tab.locator('vscode-text-field[aria-label="temperature T"]');
  await expect.poll(() => field.evaluate((element) => (element as HTMLInputElement).value)).toBe('1.2');
});

it('the list has all of them with every way on, as text; what is over on request', async () => {
  const tab = await pages.open('dashboard');
  const list = tab.getByRole('list', { name: 'What needs a person' });
  await list.getByText('Harder questions have something left to learn.').waitFor();
  await list.getByText('video-r1 check rl.json').waitFor();
  await list.getByText(hostile).waitFor();
  expect(await list.getByText('It stood still.').count()).toBe(0);
  await tab.getByRole('region', { name: 'Warnings' }).getByText('Show', { exact: true }).click();
  await list.getByText('The accuracy has stalled, step 1 to 1').waitFor();
  await notOwned(tab);
  await list.getByText('Look at the answers').first().click();
  await tab.locator('[data-pane=list]').waitFor();
  await expect.poll(() => new URL(tab.url()).searchParams.get('query')).toBe('half:ordered flat:true');
});

it('of a run that is complete neither the notice nor the list sets anything', async () => {
  const tab = await pages.open('dashboard', { run: complete });
  const told = tab.locator(notice, { hasText: 'Most groups are flat, since step 1.' });
  await told.getByText('Look at the answers').waitFor();
  const list = tab.getByRole('list', { name: 'What needs a person' });
  await list.getByText('Harder questions have something left to learn.').waitFor();
  expect(await tab.getByText('Set temperature: 1.2').count()).toBe(0);
});

it('what is muted stays so over a reload, and the next one is told', async () => {
  const tab = await pages.open('dashboard');
  await tab.locator(notice, { hasText: 'Most groups are flat' }).getByText('Mute', { exact: true }).click();
  await tab.locator(notice, { hasText: 'One kind of question fails' }).waitFor();
  await tab.reload();
  await tab.locator(notice, { hasText: 'One kind of question fails' }).waitFor();
  await tab.getByText('since step 1, muted').waitFor();
  await tab.getByRole('button', { name: 'Tell again of: Most groups are flat' }).click();
  await tab.locator(notice, { hasText: 'Most groups are flat' }).waitFor();
});
