/** `npm run habits`: tries every habit, or those whose words hold what is given, and prints the table of media/guide/habits.md. */
import { habits } from './habits.ts';
import { tableRow, tryHabit } from './try-habit.ts';

const [wanted = ''] = process.argv.slice(2);
const chosen = habits.filter(({ kind, does }) => `${kind} ${does}`.includes(wanted));
process.stdout.write('| kind | someone … | what happens here |\n|---|---|---|\n');
let failed = 0;
for (const [at, habit] of chosen.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${at + 1}/${chosen.length} ${habit.does}`);
  const tried = await tryHabit(habit);
  if (tried.outcome === 'failed') failed += 1;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  process.stdout.write(`${tableRow(habit, tried)}\n`);
}
process.exitCode = failed > 0 ? 1 : 0;
