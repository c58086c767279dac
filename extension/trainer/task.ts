/** Runs one command of the trainer's program to its end, with its progress on the screen. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { z } from 'zod';
import { errorKinds, StudioError } from '../../trainer/protocol/errors.ts';
import { progressWords } from '../../trainer/protocol/progress-words.ts';
import type { TrainerProgram } from './program.ts';

/** A line that `--json-progress` prints. */
const progressLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), done: z.number(), total: z.number(), what: z.string() }),
  z.object({ type: z.literal('done') }),
  z.object({
    type: z.literal('error'),
    kind: z.enum(errorKinds),
    message: z.string(),
    place: z.string().nullish(),
    remedy: z.string().nullish(),
  }),
]);

/**
 * @param args the command and its arguments; `--json-progress` is added
 * @param bar whether its counts are of one whole, which a bar can show
 * @throws StudioError with the program's own words; CancellationError, after it was ended
 */
export async function runTask(
  program: TrainerProgram,
  args: readonly string[],
  progress: vscode.Progress<{ message?: string; increment?: number }>,
  token: vscode.CancellationToken,
  { bar = true }: { readonly bar?: boolean } = {},
): Promise<void> {
  const child = spawn(program.node, [program.script, ...args, '--json-progress'], {
    env: program.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => {
    complaint = `${complaint}${data}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  token.onCancellationRequested(() => child.kill());
  let share = 0;
  let failure: StudioError | undefined;
  let finished = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const read = readLine(line);
    if (read?.type === 'progress' && !bar)
      progress.report({ message: progressWords(read.what, read.done, read.total) });
    else if (read?.type === 'progress' && read.total > 0) {
      const now = (100 * read.done) / read.total;
      progress.report({ message: `${read.what} (${read.done} of ${read.total})`, increment: now - share });
      share = now;
    }
    if (read?.type === 'done') finished = true;
    if (read?.type === 'error') {
      failure = new StudioError(read.kind, read.message, {
        ...(read.place && { place: read.place }),
        ...(read.remedy && { remedy: read.remedy }),
      });
    }
  }
  const code = await ended;
  if (token.isCancellationRequested) throw new vscode.CancellationError();
  if (failure) throw failure;
  if (code !== 0 || !finished) {
    throw new StudioError('internal', complaint.trim() || `The trainer's program ended with code ${code}.`, {
      place: args.join(' '),
    });
  }
}

function readLine(line: string): z.infer<typeof progressLine> | undefined {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return undefined; // a library printed something of its own
  }
  return progressLine.safeParse(content).data;
}
