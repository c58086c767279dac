/** `video-r1 ctl`: the commands of a run from a shell, sent to the trainer that owns the folder. */
import { userInfo } from 'node:os';
import path from 'node:path';
import { SentCommands } from '../../client/carry-out.ts';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import { heard } from '../../protocol/advisories.ts';
import { advisoryLines } from '../../protocol/advisory-words.ts';
import { conditionRefusal } from '../../protocol/breakpoints/changed-list.ts';
import { breakpointsOf } from '../../protocol/breakpoints/changes.ts';
import {
  type CommandKind,
  type CommandRequest,
  commandId,
  commandKinds,
  commandRequest,
  commands,
  pinNote,
  refusal,
} from '../../protocol/commands.ts';
import type { Client } from '../../protocol/connection.ts';
import { StudioError } from '../../protocol/errors.ts';
import { evaluationArm, evaluationArms } from '../../protocol/evaluation-arms.ts';
import { formerMeant } from '../../protocol/former-names.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { parameterMeant } from '../../protocol/parameters.ts';
import { inTheWay, queueOf, type RunSummary, remainingMs, safePoint } from '../../protocol/run-state.ts';
import { dateWords, duration, queueWords, standingDetail, standingWords } from '../../protocol/run-words.ts';
import { callable, quoted } from '../terminal/callable.ts';
import {
  type CliCommand,
  exitCodes,
  oneOf,
  readOptions,
  readSettings,
  readValue,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { type CommandEnd, endLine } from '../terminal/command-end.ts';
import { consentTo } from '../terminal/consent.ts';
import { breakForms, breakLines, breakRequest } from './ctl-break.ts';
import { checkpointLines, removalRequest } from './ctl-checkpoints.ts';

/** What may follow a command: words in their order, and an option of its own. */
interface Form {
  readonly words: readonly string[];
  readonly option?: 'release' | 'now' | 'off';
  /** Takes --why. */
  readonly why?: true;
  /** Takes --from, of which `carryOut` makes a request. */
  readonly from?: true;
  /** Takes --yes, which agrees to what is asked. */
  readonly yes?: true;
  /** Takes --note. */
  readonly note?: true;
  /** Takes --at. */
  readonly at?: true;
  /** `words` are as many as the form has at most; undefined where one was left out. */
  request(words: readonly (string | undefined)[], option: boolean): unknown;
  readonly explains?: string;
}

/** Each command as it is typed. What it may be asked, and when, is the protocol's. */
const forms: Readonly<Record<Exclude<CommandKind, 'break'>, Form>> = {
  start: {
    words: ['[FILE]'],
    request: () => ({ kind: 'start' }),
    explains: 'FILE: creates a run from this run file first',
  },
  queue: {
    words: ['[FILE]'],
    request: () => ({ kind: 'queue' }),
    explains: 'it starts when the runs before it have ended; FILE: as with start',
  },
  dequeue: { words: [], request: () => ({ kind: 'dequeue' }) },
  pause: {
    words: [],
    option: 'release',
    at: true,
    request: (_, release) => ({ kind: 'pause', release }),
    explains: `--release: at the end of the step, saved, its memory free; --at: ${safePoint.options.join(', ')}`,
  },
  resume: {
    words: [],
    from: true,
    yes: true,
    request: () => ({ kind: 'resume' }),
    explains: '--from: the checkpoint of a step; --yes: agree to what it leaves out',
  },
  step: {
    words: ['[N]'],
    request: ([count = '1']) => {
      if (!/^[1-9]\d{0,8}$/.test(count)) throw usage(`step takes a number of steps, and ${count} is none.`);
      return { kind: 'step', count: Number(count) };
    },
    explains: 'N: so many steps; one where it is left out',
  },
  'run-to': {
    words: ['POINT', '[STEP]'],
    request: ([point, step]) => ({
      kind: 'run-to',
      point: oneOf('run-to', point ?? '', safePoint.options),
      ...(step !== undefined && { step: wholeNumber('STEP', step, 1) }),
    }),
    explains: 'POINT as of pause --at; STEP: of this one; of the next that comes where it is left out',
  },
  stop: {
    words: [],
    option: 'now',
    request: (_, now) => ({ kind: 'stop', when: now ? 'now' : 'after-step' }),
    explains: '--now: without finishing the step under way',
  },
  save: { words: [], request: () => ({ kind: 'save' }) },
  evaluate: {
    words: ['[direct]', '[reversed]'],
    request: (words) => {
      const arms = words.filter((word) => word !== undefined);
      const unknown = arms.find((arm) => !evaluationArm.safeParse(arm).success);
      if (unknown !== undefined)
        throw usage(`evaluate takes ${evaluationArms.join(' and ')}, and ${unknown} is neither.`);
      return { kind: 'evaluate', ...(arms.length > 0 && { arms }) };
    },
    explains: 'direct: without reasoning too; reversed: videos backwards too',
  },
  'read-labels': {
    words: [],
    request: () => ({ kind: 'read-labels' }),
    explains: 'obeys what people have said of its rows since',
  },
  mask: {
    words: ['ID…'],
    option: 'off',
    why: true,
    request: (rollouts, off) => {
      if (rollouts.length === 0) throw usage('mask takes the answers by their ids.');
      return { kind: 'mask', rollouts, masked: !off };
    },
    explains: 'the update of the step under way is made without the answers ID…; --off: with them again',
  },
  rescore: {
    words: ['ID', 'SCORE…'],
    why: true,
    request: ([rollout, ...scores]) => {
      if (rollout === undefined || scores.length === 0)
        throw usage('rescore takes an answer by its id, and its scores, or found.');
      return { kind: 'rescore', rollout, scores: scores[0] === 'found' ? null : scoresOf(scores) };
    },
    explains: 'SCORE: accuracy=0…1, format=0…1, in place of what scoring found; found: as found again',
  },
  skip: {
    words: ['ROW'],
    option: 'off',
    why: true,
    request: ([row], off) => ({ kind: 'skip', row: wholeNumber('ROW', row ?? '', 0), skipped: !off }),
    explains: 'ROW: number of a question in the dataset, from 0, that is asked no more; --off: asked again',
  },
  mix: {
    words: ['SOURCE=WEIGHT…'],
    request: (words) => ({ kind: 'mix', weights: words[0] === 'none' ? null : weightsOf(words) }),
    explains: 'shares of the sources, each named; none: as the dataset has them',
  },
  set: {
    words: ['NAME', 'VALUE'],
    request: ([parameter, value]) => {
      if (parameter === undefined || value === undefined) throw usage('Name a parameter and its value.');
      return {
        kind: 'set',
        parameter: parameterMeant(parameter) ?? formerMeant(parameter) ?? parameter,
        value: readValue(value),
      };
    },
  },
  pin: {
    words: ['STEP'],
    note: true,
    request: ([step]) => ({ kind: 'pin', step: checkpointStep('pin', step) }),
    explains: 'the checkpoint of this step stays until it is unpinned; --note: why',
  },
  unpin: { words: ['STEP'], request: ([step]) => ({ kind: 'unpin', step: checkpointStep('unpin', step) }) },
  'remove-checkpoint': {
    words: ['STEP'],
    yes: true,
    request: ([step]) => ({ kind: 'remove-checkpoint', step: checkpointStep('remove-checkpoint', step) }),
    explains: 'from the disk; --yes: agree to what that means',
  },
};

/** `accuracy=1` or `format=0`, of either one. */
function scoresOf(words: readonly (string | undefined)[]): Record<string, number> {
  return numbersOf(words, 'rescore', (name) => {
    if (name !== 'accuracy' && name !== 'format')
      throw usage(`rescore takes accuracy=, format= or found, and ${name} is none.`);
  });
}

function weightsOf(words: readonly (string | undefined)[]): Record<string, number> {
  if (words.length === 0) throw usage('mix takes a weight for every source: STAR=2 CLEVRER=1.');
  return numbersOf(words, 'mix', () => {});
}

function numbersOf(
  words: readonly (string | undefined)[],
  kind: string,
  check: (name: string) => void,
): Record<string, number> {
  return Object.fromEntries(
    words.map((word = '') => {
      const at = word.lastIndexOf('=');
      const [name, value] = [word.slice(0, at), word.slice(at + 1)];
      if (at < 1 || !/^\d+(\.\d+)?$/.test(value))
        throw usage(`${kind} takes NAME=NUMBER, and ${word} is not of that form.`);
      check(name);
      return [name, Number(value)] as const;
    }),
  );
}

function checkpointStep(kind: string, word: string | undefined): number {
  if (word === undefined) throw usage(`${kind} wants the step of a checkpoint.`);
  return wholeNumber('STEP', word, 0);
}

/** What is asked of the trainer and not of a run. */
const otherForms: Readonly<Record<'list' | 'checkpoints' | 'delete' | 'mute' | 'unmute', Omit<Form, 'request'>>> = {
  list: { words: [] },
  checkpoints: { words: [] },
  delete: { words: [] },
  mute: { words: ['ADVISORY'] },
  unmute: { words: ['ADVISORY'] },
};
type Other = keyof typeof otherForms;
const others = Object.keys(otherForms) as Other[];
const isOther = (kind: string): kind is Other => Object.hasOwn(otherForms, kind);

function typed(kind: Exclude<CommandKind, 'break'>): string {
  const { words, option, from, at, yes, note, why } = forms[kind];
  return [
    kind,
    ...words,
    ...(option ? [`[--${option}]`] : []),
    ...(why ? ['--why TEXT'] : []),
    ...(at ? ['[--at POINT]'] : []),
    ...(from ? ['[--from STEP]'] : []),
    ...(note ? ['[--note TEXT]'] : []),
    ...(yes ? ['[--yes]'] : []),
  ].join(' ');
}

/** Characters. */
const fieldWidth = 31;

const helpLines = commandKinds.flatMap((kind) => {
  if (kind === 'break') return breakForms.map(({ words, does }) => `  ${words.padEnd(fieldWidth)} ${does}`);
  const { explains } = forms[kind];
  return `  ${typed(kind).padEnd(fieldWidth)} ${commands[kind].label}${explains ? `; ${explains}` : ''}`;
});

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
          ...runs.flatMap((run) => [listLine(run, runs), ...adviceLines(run)]),
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

/** @throws StudioError `bad-request` for what is no command, or for words and options that it does not have */
export function readRequest(
  positionals: readonly string[],
  options: {
    readonly release: boolean;
    readonly now: boolean;
    readonly off?: boolean;
    readonly why?: string;
    readonly from?: string;
    readonly at?: string;
    readonly log?: boolean;
    readonly 'no-log'?: boolean;
    readonly yes?: boolean;
    readonly note?: string;
  },
): CommandRequest | Other | 'breakpoints' {
  const [named, ...words] = positionals;
  if (named === undefined) throw usage('Name a command.');
  const kind = [...others, ...commandKinds].find((known) => known === named);
  if (kind === undefined)
    throw usage(`There is no command ${named}${nearestClause(named, [...others, 'fork', ...commandKinds])}.`);
  const { log = false, 'no-log': noLog = false } = options;
  if (kind === 'break') {
    if (options.release || options.now || options.yes || options.from !== undefined)
      throw usage('break takes no --release, --now, --from and --yes.');
    return breakRequest(words, { at: options.at, log, noLog });
  }
  if (log || noLog) throw usage(`${kind} takes no --log and no --no-log.`);
  const form: Omit<Form, 'request'> = isOther(kind) ? otherForms[kind] : forms[kind];
  const isOpen = form.words.at(-1)?.endsWith('…') === true;
  const over = isOpen ? [] : words.slice(form.words.length);
  if (over.length > 0) throw usage(`${kind} takes no ${over.join(' ')}.`);
  for (const option of ['release', 'now', 'off'] as const)
    if (options[option] && form.option !== option) throw usage(`${kind} takes no --${option}.`);
  const { from, at, yes = false, note, why } = options;
  const given = {
    from: from !== undefined,
    at: at !== undefined,
    yes,
    note: note !== undefined,
    why: why !== undefined,
  };
  for (const option of ['from', 'at', 'yes', 'note', 'why'] as const)
    if (given[option] && form[option] === undefined) throw usage(`${kind} takes no --${option}.`);
  if (form.why && why === undefined) throw usage(`${kind} wants --why TEXT: it is kept with what it changes.`);
  if (isOther(kind)) return kind;
  const request = forms[kind].request(words, options.release || options.now || options.off === true);
  return commandRequest.parse({
    ...(request as object),
    // The step under way, which is filled in when the run is known.
    ...(form.why && kind !== 'skip' && { step: 1 }),
    ...(why !== undefined && { why }),
    ...(from !== undefined && { from: wholeNumber('from', from, 0) }),
    ...(at !== undefined && { at: oneOf('--at', at, safePoint.options) }),
    ...(note !== undefined && { note: pinNote.parse(note.trim()) }),
  });
}

async function mute(client: Client, run: RunSummary, how: 'mute' | 'unmute', key = '', json: boolean): Promise<number> {
  await client.request('advisories/mute', { runId: run.id, key, muted: how === 'mute' });
  process.stdout.write(json ? `${JSON.stringify({ [how]: key })}\n` : `${run.id}: ${key} is ${how}d\n`);
  return exitCodes.done;
}

/** What of a run needs a person, below its line in the list. */
export function adviceLines(run: RunSummary): string[] {
  return heard(run).flatMap((one) => advisoryLines(one, run.id).map((line) => `  ${callable(line)}`));
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

/** `sft-1            2026-11-28 16:05  paused     step 33/100  at before-update, step 34: the loss rose`. */
export function listLine(run: RunSummary, runs: readonly RunSummary[]): string {
  const detail = run.state === 'queued' ? queueWords(run, queueOf(runs), inTheWay(runs)) : standingDetail(run);
  const left = run.state === 'completed' ? null : remainingMs(run);
  const more = [detail, left === null ? null : `${duration(left)} left`].filter((part) => part !== null);
  return `${run.id.padEnd(16)} ${dateWords(run.createdAt)}  ${run.state.padEnd(10)} step ${run.step}/${run.steps}  ${more.join(', ')}`.trimEnd();
}

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
  client.on('run/event', ({ body }) => {
    if (body.type === 'command') sent.take(body.command);
  });
  void client.closed.then((reason) => sent.abandon(`The connection to the trainer was lost: ${reason}.`));
  await client.request('runs/subscribe', { runId: run.id, since: run.seq });
  return sent.carryOut(client, run.id, request, id).ended;
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
