/** The list of the rollouts page as a person uses it by keyboard, and the answers of a run beside it, counted apart. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import type { TestClient } from '../integration/trainer-process.ts';

export interface Answer {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
}

/** Every answer that stands, by going through all groups as a client fetches them. */
export async function everyAnswer({ client }: TestClient, runId: string): Promise<Answer[]> {
  const seen = new Set<string>();
  let after: string | null = null;
  do {
    const page: { rows: { groupId: string }[]; last: string | null; more: boolean } = await client.request(
      'rollouts/list',
      { runId, limit: 200, ...(after !== null && { at: { after } }) },
    );
    for (const { groupId } of page.rows) seen.add(groupId);
    after = page.more ? page.last : null;
  } while (after !== null);
  const answers: Answer[] = [];
  for (const groupId of seen) {
    const { group } = await client.request('groups/get', { runId, groupId });
    for (const rollout of group.rollouts) answers.push({ group, rollout });
  }
  return answers;
}

export const filterBox = (tab: Page) => tab.locator('#rollout-filter');

/** What the head of the list says of its length: `12 of 3456`, or `3456` where all are in it. */
export const lengthSaid = (tab: Page) =>
  tab.locator('[data-pane=list] h2 + span').evaluate((meta) => meta.firstChild?.textContent?.replaceAll(',', ''));

/** The row that is read. */
export const chosenRow = (tab: Page) => tab.locator('[id^=row-][aria-selected=true]');

/** Types a filter in place of the one that stands, and stays in the box. */
export async function typeFilter(tab: Page, line: string): Promise<void> {
  await tab.keyboard.press('/');
  await tab.keyboard.press('ControlOrMeta+a');
  await tab.keyboard.press('Delete');
  await tab.keyboard.type(line);
}

/** Types a filter, waits until the list says that it keeps so many of so many, and leaves the box by key. */
export async function filterTo(tab: Page, line: string, kept: number, total: number): Promise<void> {
  await typeFilter(tab, line);
  await expect.poll(() => lengthSaid(tab)).toBe(kept === total ? `${total}` : `${kept} of ${total}`);
  // Rows can be there before they are counted; Esc would give a slow count up.
  const said = `${kept.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rollouts`;
  await tab.locator('[data-pane=list]').getByText(said, { exact: true }).waitFor({ state: 'attached' });
  // The first closes what the box offers, if it does.
  const focused = tab.locator('#rollout-filter:focus');
  for (let press = 0; press < 2 && (await focused.count()) > 0; press++) await tab.keyboard.press('Escape');
  expect(await filterBox(tab).inputValue()).toBe(line);
  await focused.waitFor({ state: 'detached' });
}
