/** Every habit of `npm run habits` is tried, and does what the guide's table says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { habits } from '../habits/habits.ts';
import { tableRow, tryHabit } from '../habits/try-habit.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../media/guide/habits.md'), 'utf8');
const withoutNumbers = (row: string) => row.replace(/\d+/g, '#');
const rows = new Set(page.split('\n').map(withoutNumbers));

test('the table has a row for each habit, and no other', () => {
  const [, table = ''] = page.split('|---|---|---|\n');
  const done = table.split('\n').flatMap((row) => /^\| [a-z ]+ \| (.+?) \| /.exec(row)?.[1] ?? []);
  expect(done).toEqual(habits.map(({ does }) => does));
  expect(habits.length).toBeGreaterThanOrEqual(40);
});

test.concurrent.for(habits)('someone $does', async (habit, { expect, skip }) => {
  const tried = await tryHabit(habit);
  if (tried.outcome === 'not-tried') skip(tried.said);
  expect(tried.outcome, tried.said).toBe('held');
  expect([...rows]).toContain(withoutNumbers(tableRow(habit, tried)));
});
