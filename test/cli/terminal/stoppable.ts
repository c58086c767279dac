/** A program whose work ends cleanly only when it is told to on its standard input, so that a test has all the time it wants. */
import { once } from 'node:events';
import { interruptible } from '../../../trainer/cli/terminal/interrupt.ts';

process.stdin.resume();
process.exitCode = await interruptible({ stopped: 'All is saved.', left: 'half is saved' }, async (signal) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.stdout.write('a signal came\n'));
  process.stderr.write('at work\n');
  await once(process.stdin, 'data');
  signal.throwIfAborted();
  return 0;
});
process.stdin.pause();
