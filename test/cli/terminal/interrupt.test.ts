/** Signals to a real process; its clock is moved by the test, so that nobody waits for a second to pass. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const beside = (name: string) => path.resolve(import.meta.dirname, name);

class Program {
  readonly child = spawn(process.execPath, ['--import', beside('move-clock.ts'), beside('stoppable.ts')], {
    stdio: 'pipe',
  });
  readonly ended = new Promise<number | null>((resolve) => this.child.on('close', resolve));
  said = '';
  private look: () => void = () => {};

  constructor() {
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
        this.look();
      });
  }

  /** Until it has said a text so many times. */
  async until(text: string, times = 1): Promise<void> {
    while (this.said.split(text).length - 1 < times)
      await new Promise<void>((resolve) => {
        this.look = resolve;
      });
  }

  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

let program: Program;
afterEach(() => program.child.kill('SIGKILL'));

async function started(): Promise<Program> {
  program = new Program();
  await program.until('at work');
  return program;
}

describe('Ctrl-C and SIGTERM', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s once lets the work end cleanly, says so at once, and ends with %i', async (signal, code) => {
    const { child, ended } = await started();
    program.send(signal);
    await program.until('Stopping; Ctrl-C again ends at once.');
    child.stdin.write('go on\n');
    expect(await ended).toBe(code);
    expect(program.said).toContain('All is saved.');
    expect(program.said).not.toContain('Ended at once');
  });

  it.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGINT', 'SIGTERM', 130],
    ['SIGTERM', 'SIGINT', 143],
  ] as const)('%s, then %s within the second, is one', async (first, second, code) => {
    const { child, ended } = await started();
    program.send(first);
    await program.until('a signal came');
    program.send(second);
    await program.until('a signal came', 2);
    child.stdin.write('go on\n');
    expect(await ended).toBe(code);
    expect(program.said).toContain('All is saved.');
    expect(program.said.match(/Stopping/g)).toHaveLength(1);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s a second later ends at once with %i, and says what is left', async (signal, code) => {
    const { ended } = await started();
    program.send('SIGINT');
    await program.until('Stopping');
    program.send('SIGUSR2');
    await program.until('the clock was moved on');
    program.send(signal);
    expect(await ended).toBe(code);
    expect(program.said).toContain('Ended at once; half is saved.');
    expect(program.said).not.toContain('All is saved.');
  });

  it('work whose reader has gone by the same key press still ends cleanly', async () => {
    const { child, ended } = await started();
    child.stderr.destroy();
    program.send('SIGINT');
    await program.until('a signal came');
    child.stdin.write('go on\n');
    expect(await ended).toBe(130);
  });

  it('work that was not interrupted ends with its own code', async () => {
    const { child, ended } = await started();
    child.stdin.write('go on\n');
    expect(await ended).toBe(0);
  });
});
