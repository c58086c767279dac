/** What `video-r1 ctl` says of the checkpoints of a run, and asks before it deletes one. */
import { keptBecause, keptWords, metricsByStep, ruleWords } from '../../protocol/checkpoint-keeping.ts';
import type { CommandRequest } from '../../protocol/commands.ts';
import type { Client } from '../../protocol/connection.ts';
import { StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import { dateWords } from '../../protocol/run-words.ts';
import { callable } from '../terminal/callable.ts';
import { canAsk, saysYes } from '../terminal/consent.ts';

/** A line for each checkpoint, the newest first, and one for all. */
export async function checkpointLines(client: Client, run: RunSummary, json: boolean): Promise<string> {
  const runId = run.id;
  const [{ checkpoints }, state, { evaluations }, { steps }] = await Promise.all([
    client.request('checkpoints/list', { runId }),
    client.request('checkpoints/state', { runId }),
    client.request('evaluations/list', { runId }),
    run.parameters.keepBest === 'none' ? { steps: [] } : client.request('metrics/get', { runId }),
  ]);
  const kept = keptBecause(checkpoints, run.parameters, { evaluations, metric: metricsByStep(steps) });
  const newestFirst = checkpoints.sort((a, b) => b.step - a.step);
  if (json) {
    const listed = newestFirst.map((checkpoint) => ({
      ...{ ...checkpoint, keptBecause: kept.get(checkpoint.id) ?? [] },
      ...state.checkpoints.find(({ step }) => step === checkpoint.step),
    }));
    return `${JSON.stringify({ checkpoints: listed, freeBytes: state.freeBytes, asideBytes: state.asideBytes })}\n`;
  }
  const lines = newestFirst.map(({ id, step, at, sizeBytes }) => {
    const held = state.checkpoints.find((each) => each.step === step);
    const words = [
      keptWords(kept.get(id) ?? []),
      ...(held && held.usedBy.length > 0 ? [`${held.usedBy.join(', ')} made from it`] : []),
      ...(held?.fault ? [`can't be used: ${held.fault}`] : []),
    ];
    return `step ${String(step).padEnd(8)} ${dateWords(at)}  ${size(sizeBytes).padStart(10)}  ${shownLine(words.join('; '))}`;
  });
  const all = checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const aside = state.asideBytes > 0 ? `, ${size(state.asideBytes)} put aside` : '';
  const total = `${checkpoints.length} ${checkpoints.length === 1 ? 'checkpoint' : 'checkpoints'}, ${size(all)}${aside}; ${size(state.freeBytes)} free; ${ruleWords(run.parameters)}`;
  return [...lines, total].map((line) => `${callable(line)}\n`).join('');
}

/**
 * Says what deleting a checkpoint means, and has whoever sits at a terminal agree. Where nobody does, the trainer refuses what
 * wants a person's word.
 * @throws StudioError `conflict` when they do not
 */
export async function removalRequest(
  client: Client,
  run: RunSummary,
  request: Extract<CommandRequest, { kind: 'remove-checkpoint' }>,
  yes: boolean,
): Promise<CommandRequest> {
  const { step } = request;
  const removal = await client
    .request('checkpoints/removal', { runId: run.id, step })
    // What is not there is refused by the command itself, with the steps that are.
    .catch(() => null);
  if (removal === null || (!yes && !canAsk())) return request;
  for (const ask of removal.asks) process.stderr.write(`${run.id}: ${shownLine(ask)}\n`);
  if (
    yes ||
    (await saysYes(`Delete the checkpoint of step ${step}, ${size(removal.sizeBytes)}, from the disk? [y/N] `))
  )
    return { ...request, confirmed: true };
  throw new StudioError('conflict', 'The checkpoint stays.', { place: run.id });
}

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
