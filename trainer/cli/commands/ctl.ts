/** `video-r1 ctl`: the commands of a run from a shell, sent to the trainer that owns the folder. */
import { userInfo } from 'node:os';
import path from 'node:path';
import { SentCommands } from '../../client/carry-out.ts';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import {
  type CommandKind,
  type CommandRequest,
  commandId,
  commandKinds,
  commandRequest,
  commands,
  type EndedCommand,
  refusal,
} from '../../protocol/commands.ts';
import type { Client } from '../../protocol/connection.ts';
import { StudioError } from '../../protocol/errors.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { parameterMeant } from '../../protocol/parameters.ts';
import { type RunSummary, remainingMs } from '../../protocol/run-state.ts';
import { dateWords, duration, standingDetail } from '../../protocol/run-words.ts';
import { type CliCommand, exitCodes, readOptions, readValue, usage } from '../terminal/command.ts';

/** What may follow a command: words in their order, and an option of its own. */
interface Form {
  readonly words: readonly string[];
  readonly option?: 'release' | 'now';
  /** `words` are as many as the form has at most; undefined where one was left out. */
  request(words: readonly (string | undefined)[], option: boolean): unknown;
  readonly explains?: string;
}

/** Each command as it is typed. What it may be asked, and when, is the protocol's. */
const forms: Readonly<Record<CommandKind, Form>> = {
  start: { words: [], request: () => ({ kind: 'start' }) },
  pause: {
    words: [],
    option: 'release',
    request: (_, release) => ({ kind: 'pause', release }),
    explains: '--release: at the end of the step, saved, its memory free',
  },
  resume: { words: [], request: () => ({ kind: 'resume' }) },
  step: {
    words: ['[N]'],
    request: ([count = '1']) => {
      if (!/^[1-9]\d{0,8}$/.test(count)) throw usage(`step takes a number of steps, and ${count} is none.`);
      return { kind: 'step', count: Number(count) };
    },
    explains: 'N: so many steps; one where it is left out',
  },
  stop: {
    words: [],
    option: 'now',
    request: (_, now) => ({ kind: 'stop', when: now ? 'now' : 'after-step' }),
    explains: '--now: without finishing the step under way',
  },
  save: { words: [], request: () => ({ kind: 'save' }) },
  evaluate: { words: [], request: () => ({ kind: 'evaluate' }) },
  set: {
    words: ['NAME', 'VALUE'],
    request: ([parameter, value]) => {
      if (parameter === undefined || value === undefined) throw usage('Name a parameter and its value.');
      return { kind: 'set', parameter: parameterMeant(parameter) ?? parameter, value: readValue(value) };
    },
  },
};

const listForm: Pick<Form, 'words' | 'option'> = { words: [] };

function typed(kind: CommandKind): string {
  const { words, option } = forms[kind];
  return [kind, ...words, ...(option ? [`[--${option}]`] : [])].join(' ');
}

const helpLines = commandKinds.map((kind) => {
  const { explains } = forms[kind];
  return `  ${typed(kind).padEnd(20)} ${commands[kind].label}${explains ? `; ${explains}` : ''}`;
});

export const ctlCommand: CliCommand = {
  name: 'ctl',
  summary: 'steer a run of a trainer that is running',
  help: `
video-r1 ctl list | COMMAND   [--run RUN] [--folder DIR] [--id ID] [--json]

Sends a command to the trainer that owns the folder and waits until it was applied, rejected or failed.
Without --run the newest run is meant. A command that is sent again under the same --id acts once.

  ${'list'.padEnd(20)} the runs: state and place, step, time left
${helpLines.join('\n')}

  video-r1 ctl list --folder sample
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
        json: { type: 'boolean', default: false },
      },
      Number.POSITIVE_INFINITY,
    );
    const request = readRequest(positionals, values);
    const { id } = values;
    if (request === 'list' && (id ?? values.run) !== undefined) throw usage('list takes no --run and no --id.');
    if (id !== undefined && !commandId.safeParse(id).success)
      throw usage(`--id ${id}: letters, digits, dash and underscore; 64 at most.`);
    const client = await attach(path.resolve(values.folder));
    try {
      const { runs, unreadable } = await client.request('runs/list', {});
      if (request === 'list') {
        const lines = [
          ...runs.map(listLine),
          ...unreadable.map(({ id, message }) => `${id.padEnd(16)} unreadable ${message}`),
        ];
        process.stdout.write(
          values.json ? `${JSON.stringify({ runs, unreadable })}\n` : lines.map((line) => `${line}\n`).join(''),
        );
        return exitCodes.done;
      }
      const run = values.run === undefined ? runs[0] : runs.find((known) => known.id === values.run);
      if (!run) {
        throw new StudioError(
          'not-found',
          values.run === undefined ? 'This trainer has no run yet.' : `There is no run ${values.run}.`,
        );
      }
      const end = await carryOut(client, run, runs, request, id);
      process.stdout.write(values.json ? `${JSON.stringify(end)}\n` : `${run.id}: ${endLine(end)}\n`);
      return end.state === 'applied' ? exitCodes.done : exitCodes.failed;
    } finally {
      client.close();
    }
  },
};

/** @throws StudioError `bad-request` for what is no command, or for words and options that it does not have */
export function readRequest(
  positionals: readonly string[],
  options: { readonly release: boolean; readonly now: boolean },
): CommandRequest | 'list' {
  const [named, ...words] = positionals;
  if (named === undefined) throw usage('Name a command.');
  const kind = ['list' as const, ...commandKinds].find((known) => known === named);
  if (kind === undefined)
    throw usage(`There is no command ${named}${nearestClause(named, ['list', ...commandKinds])}.`);
  const form = kind === 'list' ? listForm : forms[kind];
  const over = words.slice(form.words.length);
  if (over.length > 0) throw usage(`${kind} takes no ${over.join(' ')}.`);
  for (const option of ['release', 'now'] as const)
    if (options[option] && form.option !== option) throw usage(`${kind} takes no --${option}.`);
  if (kind === 'list') return kind;
  return commandRequest.parse(forms[kind].request(words, options.release || options.now));
}

/** `sft-1            2026-11-28 16:05  paused     step 33/100  at before-update, step 34: the loss rose`. */
export function listLine(run: RunSummary): string {
  const left = run.state === 'completed' ? null : remainingMs(run);
  const more = [standingDetail(run), left === null ? null : `${duration(left)} left`].filter((part) => part !== null);
  return `${run.id.padEnd(16)} ${dateWords(run.createdAt)}  ${run.state.padEnd(10)} step ${run.step}/${run.steps}  ${more.join(', ')}`.trimEnd();
}

/** How a command ended. One that would be refused is not sent, and has no record in the run's log. */
type End = EndedCommand | { readonly state: 'rejected'; readonly request: CommandRequest; readonly why: string };

/** @param id a command that was sent before under it may be refused now, and is answered with what became of it then */
async function carryOut(
  client: Client,
  run: RunSummary,
  runs: readonly RunSummary[],
  request: CommandRequest,
  id: string | undefined,
): Promise<End> {
  const why = id === undefined ? refusal(request, run, runs) : null;
  if (why !== null) return { state: 'rejected', request, why };
  const sent = new SentCommands();
  client.on('run/event', ({ body }) => {
    if (body.type === 'command') sent.take(body.command);
  });
  void client.closed.then((reason) => sent.abandon(`The connection to the trainer was lost: ${reason}.`));
  await client.request('runs/subscribe', { runId: run.id, since: run.seq });
  return sent.carryOut(client, run.id, request, id).ended;
}

function endLine(end: End): string {
  const { kind } = end.request;
  switch (end.state) {
    case 'applied': {
      const place = end.at ? ` at ${end.at.point}, step ${end.at.step}` : '';
      return `${kind} applied${place}${end.note ? `: ${end.note}` : ''}`;
    }
    case 'rejected':
    case 'failed':
      return `${kind} ${end.state}: ${end.why}`;
  }
}

async function attach(folder: string): Promise<Client> {
  const at = await findTrainer(folder);
  if (!at) {
    throw new StudioError('not-found', 'No trainer runs on this folder.', {
      place: folder,
      remedy: 'Start one: video-r1 serve --folder DIR.',
    });
  }
  return connectTrainer(at, { client: 'video-r1 ctl', author: userInfo().username });
}
