/** `video-r1 ctl`: the commands of a run from a shell, sent to the trainer that owns the folder. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import path from 'node:path';
import { SentCommands } from '../../client/carry-out.ts';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import { heard } from '../../protocol/advisories.ts';
import { advisoryLines, waysNow } from '../../protocol/advisory-words.ts';
import { conditionRefusal } from '../../protocol/breakpoints/changed-list.ts';
import { breakpointsOf } from '../../protocol/breakpoints/changes.ts';
import { type CommandRecord, type CommandRequest, commandId, hasEnded, refusal } from '../../protocol/commands.ts';
import type { Client } from '../../protocol/connection.ts';
import { StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { inTheWay, queueOf, type RunSummary, remainingMs } from '../../protocol/run-state.ts';
import { dateWords, duration, queueWords, standingDetail, standingWords } from '../../protocol/run-words.ts';
import { callable, quoted } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, readOptions, readSettings, usage, wholeNumber } from '../terminal/command.ts';
import { type CommandEnd, endLine, waitLine } from '../terminal/command-end.ts';
import { consentTo } from '../terminal/consent.ts';
import { breakLines } from './ctl-break.ts';
import { checkpointLines, removalRequest } from './ctl-checkpoints.ts';
import { fieldWidth, helpLines, readRequest } from './ctl-forms.ts';

export const ctlCommand: CliCommand = {
  name: 'ctl',
  summary: 'steer a run of a trainer that is running: pause, resume, set, …',
  help: `
video-r1 ctl list | checkpoints | delete | mute | unmute | COMMAND   [--run RUN] [--folder DIR] [--id ID] [--json]
video-r1 ctl fork RUN --from STEP [--name NAME] [--set NAME=VALUE …] [--folder DIR] [--json]

Sends a command to the trainer that owns the folder and waits until it was applied, rejected or failed.
Without --run the newest run is meant, but for delete, which wants a name. A command that is sent again under the same --id acts once.

  ${'list'.padEnd(fieldWidth)} the runs: state and place, step, time left, and what needs a person with its ways on
  ${'checkpoints'.padEnd(fieldWidth)} the checkpoints of a run: why each is kept, its size, what the disk has left
  ${'mute ADVISORY'.padEnd(fieldWidth)} Tell no more of an advisory in this run, by the name that list has for it
  ${'unmute ADVISORY'.padEnd(fieldWidth)} Tell of it again
  ${'delete'.padEnd(fieldWidth)} Delete the run named by --run from the disk, with its checkpoints
  ${'fork RUN'.padEnd(fieldWidth)} Make a new run that goes on from a checkpoint of RUN, and start it where no other computes
${helpLines.join('\n')}

  video-r1 ctl list --folder sample
  video-r1 ctl queue tgrpo.run.json --folder sample
  video-r1 ctl set learningRate 5e-5 --run tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        run: { type: 'string' },
        folder: { type: 'string', default: '.' },
        id: { type: 'string' },
        release: { type: 'boolean', default: false },
        now: { type: 'boolean', default: false },
        off: { type: 'boolean', default: false },
        why: { type: 'string' },
        from: { type: 'string' },
        at: { type: 'string' },
        log: { type: 'boolean', default: false },
        'no-log': { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        name: { type: 'string' },
        note: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
      Number.POSITIVE_INFINITY,
    );
    if (positionals[0] === 'fork') return fork(positionals.slice(1), values);
    if (values.name !== undefined || values.set.length > 0) throw usage('--name and --set go with fork.');
    const request = readRequest(positionals, values);
    const { id } = values;
    if (request === 'breakpoints' && id !== undefined) throw usage('break takes no --id for a list.');
    if (request === 'list' && (id ?? values.run) !== undefined) throw usage('list takes no --run and no --id.');
    if (typeof request === 'string' && id !== undefined) throw usage(`${request} takes no --id.`);
    if ((request === 'mute' || request === 'unmute') && positionals[1] === undefined)
      throw usage(`Name what to ${request}, as list has it.`);
    if (request === 'delete' && values.run === undefined) throw usage('Name the run to delete with --run.');
    const file =
      typeof request === 'object' && (request.kind === 'start' || request.kind === 'queue')
        ? positionals[1]
        : undefined;
    if (file !== undefined && (id ?? values.run) !== undefined)
      throw usage('A run file makes a run of its own: give no --run and no --id with it.');
    if (id !== undefined && !commandId.safeParse(id).success)
      throw usage(`--id ${id}: letters, digits, dash and underscore; 64 at most.`);
    const client = await attach(path.resolve(values.folder));
    try {
      const { runs, unreadable } = await client.request('runs/list', {});
      if (request === 'list') {
        const lines = [
          ...runs.flatMap((run) => [listLine(run, runs), ...adviceLines(run, values.folder)]),
          ...unreadable.map(({ id, message }) => `${id.padEnd(16)} unreadable ${message}`),
        ];
        process.stdout.write(
          values.json ? `${JSON.stringify({ runs, unreadable })}\n` : lines.map((line) => `${line}\n`).join(''),
        );
        return exitCodes.done;
      }
      if (file !== undefined && typeof request === 'object') {
        const start = request.kind === 'queue' ? 'queue' : true;
        const { run } = await client.request('runs/create', { runFile: file, start });
        process.stdout.write(values.json ? `${JSON.stringify({ run })}\n` : `${run.id}: ${standingWords(run)}\n`);
        return exitCodes.done;
      }
      const runId = values.run;
      if (request === 'delete') {
        if (![...runs, ...unreadable].some(({ id }) => id === runId)) return await refuseMissing(client, runId);
        await client.request('runs/delete', { runId: runId as string });
        process.stdout.write(values.json ? `${JSON.stringify({ deleted: runId })}\n` : `${runId}: deleted\n`);
        return exitCodes.done;
      }
      const run = runId === undefined ? runs[0] : runs.find((known) => known.id === runId);
      if (!run) return await refuseMissing(client, runId);
      if (request === 'breakpoints') {
        const lines = breakLines(run);
        process.stdout.write(
          values.json
            ? `${JSON.stringify({ breakpoints: breakpointsOf(run) })}\n`
            : lines.map((line) => `${line}\n`).join(''),
        );
        return exitCodes.done;
      }
      if (request === 'mute' || request === 'unmute')
        return await mute(client, run, request, positionals[1], values.json);
      if (request === 'checkpoints') {
        process.stdout.write(await checkpointLines(client, run, values.json));
        return exitCodes.done;
      }
      const asked = await agreedTo(client, run, request, values.yes, path.resolve(values.folder));
      const end = await carryOut(client, run, runs, asked, id);
      process.stdout.write(values.json ? `${JSON.stringify(end)}\n` : `${run.id}: ${endLine(end)}\n`);
      return end.state === 'applied' ? exitCodes.done : exitCodes.failed;
    } finally {
      client.close();
    }
  },
};

/** @throws StudioError why there is no such run */
async function refuseMissing(client: Client, runId: string | undefined): Promise<never> {
  // The trainer knows: it may be there and damaged.
  if (runId !== undefined) await client.request('runs/resumption', { runId });
  throw new StudioError(
    'not-found',
    runId === undefined ? 'This trainer has no run yet.' : `There is no run ${runId}.`,
  );
}

async function mute(client: Client, run: RunSummary, how: 'mute' | 'unmute', key = '', json: boolean): Promise<number> {
  await client.request('advisories/mute', { runId: run.id, key, muted: how === 'mute' });
  process.stdout.write(json ? `${JSON.stringify({ [how]: key })}\n` : `${run.id}: ${key} is ${how}d\n`);
  return exitCodes.done;
}

/** What of a run needs a person, below its line in the list. */
export function adviceLines(run: RunSummary, folder: string): string[] {
  return heard(run).flatMap((one) =>
    advisoryLines({ ...one, ways: waysNow(one, run) }, run.id, folder).map((line) => `  ${callable(line)}`),
  );
}

/** The command as it is sent: what a person agrees to, where it asks for that, and the step that is under way. */
async function agreedTo(
  client: Client,
  run: RunSummary,
  request: CommandRequest,
  yes: boolean,
  folder: string,
): Promise<CommandRequest> {
  if (request.kind === 'resume') return resumeRequest(client, run, request, yes, folder);
  if (request.kind === 'remove-checkpoint') return removalRequest(client, run, request, yes);
  return request.kind === 'mask' || request.kind === 'rescore' ? { ...request, step: run.step + 1 } : request;
}

/** Says what the resume leaves out of the curves, and has a person agree where it must. */
async function resumeRequest(
  client: Client,
  run: RunSummary,
  request: Extract<CommandRequest, { kind: 'resume' }>,
  yes: boolean,
  folder: string,
): Promise<CommandRequest> {
  const agreed: CommandRequest = { ...request, confirmed: true };
  if (refusal(request, run, []) !== null) return yes ? agreed : request;
  const { from } = request;
  const planned = await client.request('runs/resumption', { runId: run.id, ...(from !== undefined && { from }) });
  const say = (line: string) => void process.stderr.write(`${run.id}: ${line}\n`);
  return (await consentTo(planned, run.id, folder, yes, say)) || yes ? agreed : request;
}

/** What `ctl fork` may be given; the other options of `ctl` have no meaning for it. */
interface ForkOptions {
  readonly from?: string | undefined;
  readonly at?: string | undefined;
  readonly name?: string | undefined;
  readonly note?: string | undefined;
  readonly why?: string | undefined;
  readonly set: readonly string[];
  readonly folder: string;
  readonly json: boolean;
  readonly run?: string | undefined;
  readonly id?: string | undefined;
  readonly release: boolean;
  readonly now: boolean;
  readonly off: boolean;
  readonly log: boolean;
  readonly 'no-log': boolean;
  readonly yes: boolean;
}

async function fork([runId, ...over]: readonly string[], options: ForkOptions): Promise<number> {
  const {
    from,
    at,
    name,
    note,
    why,
    set,
    folder,
    json,
    run,
    id,
    release,
    now,
    off,
    log,
    'no-log': noLog,
    yes,
  } = options;
  if (runId === undefined || from === undefined)
    throw usage('Name a run to fork, and with --from the step of a checkpoint.');
  if (over.length > 0) throw usage(`fork takes no ${over.join(' ')}.`);
  const words = [run, id, at, note, why].some((given) => given !== undefined);
  if (words || release || now || off || log || noLog || yes)
    throw usage('fork takes no option but --from, --name, --set, --folder and --json.');
  const parameters = readSettings(set);
  const client = await attach(path.resolve(folder));
  try {
    const asked = { runId, from: wholeNumber('from', from, 0), ...(name !== undefined && { name }), parameters };
    const { run: made } = await client.request('runs/fork', asked);
    const waits =
      made.state === 'created'
        ? callable(
            `; another run computes, so it waits. It takes its turn with: video-r1 ctl queue --run ${made.id} --folder ${quoted(folder)}`,
          )
        : '';
    process.stdout.write(
      json ? `${JSON.stringify(made)}\n` : `${made.id}: goes on from ${runId}, step ${from}${waits}\n`,
    );
    return exitCodes.done;
  } finally {
    client.close();
  }
}

/** Characters of what is said of a run beside its state. */
const longestDetail = 4000;

/** `sft-1            2026-11-28 16:05  paused     step 33/100  at before-update, step 34: the loss rose`. */
export function listLine(run: RunSummary, runs: readonly RunSummary[]): string {
  const detail = run.state === 'queued' ? queueWords(run, queueOf(runs), inTheWay(runs)) : standingDetail(run);
  const left = run.state === 'completed' ? null : remainingMs(run);
  const more = [detail, left === null ? null : `${duration(left)} left`].filter((part) => part !== null);
  // Why it stands still may quote the condition of a breakpoint, and a fault the words of an engine.
  const said = shownLine(more.join(', '), longestDetail);
  return `${run.id.padEnd(16)} ${dateWords(run.createdAt)}  ${run.state.padEnd(10)} step ${run.step}/${run.steps}  ${said}`.trimEnd();
}

/** For longer than this nobody is left without a word of what a command waits for. */
const silentMs = 1000;

/** @param id a command that was sent before under it may be refused now, and is answered with what became of it then */
async function carryOut(
  client: Client,
  run: RunSummary,
  runs: readonly RunSummary[],
  request: CommandRequest,
  id: string | undefined,
): Promise<CommandEnd> {
  const condition = request.kind === 'break' ? conditionRefusal(request.change, run) : null;
  const why = id === undefined ? (refusal(request, run, runs) ?? condition) : null;
  if (why !== null) return { state: 'rejected', request, why };
  const sent = new SentCommands();
  const sentId = id ?? randomUUID();
  let latest: CommandRecord | null = null;
  client.on('run/event', ({ body }) => {
    if (body.type !== 'command') return;
    if (body.command.id === sentId) latest = body.command;
    sent.take(body.command);
  });
  void client.closed.then((reason) => sent.abandon(`The connection to the trainer was lost: ${reason}.`));
  await client.request('runs/subscribe', { runId: run.id, since: run.seq });
  const { taken, ended } = sent.carryOut(client, run.id, request, sentId);
  taken.then(
    (record) => {
      latest ??= record;
    },
    () => {},
  );
  const late = setTimeout(() => {
    if (latest !== null && !hasEnded(latest)) process.stderr.write(`${run.id}: ${waitLine(latest)}\n`);
  }, silentMs);
  return ended.finally(() => clearTimeout(late));
}

async function attach(folder: string): Promise<Client> {
  const at = await findTrainer(folder);
  if (!at) {
    throw new StudioError('not-found', 'No trainer runs on this folder.', {
      place: folder,
      remedy: `Start one: video-r1 serve --folder ${quoted(folder)}`,
    });
  }
  return connectTrainer(at, { client: 'video-r1 ctl', author: userInfo().username });
}
