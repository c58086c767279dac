/** `video-r1 ctl`: the palette's commands from a shell, sent to the trainer that owns the folder. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../client/socket.ts';
import { type CommandRecord, commandRequest } from '../../protocol/commands.ts';
import { Client } from '../../protocol/connection.ts';
import { discovery, discoveryFile, socketAddress, trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import { protocolVersion } from '../../protocol/version.ts';
import { type CliCommand, exitCodes, readOptions, readValue, usage } from '../terminal/command.ts';

export const ctlCommand: CliCommand = {
  name: 'ctl',
  summary: 'steer a run of a trainer that is running',
  help: `
video-r1 ctl list | pause | resume | stop | step | save | evaluate | set NAME VALUE   [--run RUN] [--folder DIR] [--json]

Sends a command to the trainer that owns the folder and waits until it was applied, rejected or failed.
Without --run the newest run is meant.

  video-r1 ctl list --folder sample
  video-r1 ctl set learningRate 5e-5 --run tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(args, {
      run: { type: 'string' },
      folder: { type: 'string', default: '.' },
      json: { type: 'boolean', default: false },
    });
    const [kind, name, value] = positionals;
    const client = await attach(path.resolve(values.folder));
    try {
      const { runs } = await client.request('runs/list', {});
      if (kind === 'list') {
        const lines = runs.map((run) =>
          `${run.id.padEnd(16)} ${run.state.padEnd(10)} step ${run.step}/${run.steps}  ${run.detail ?? ''}`.trimEnd(),
        );
        process.stdout.write(values.json ? `${JSON.stringify(runs)}\n` : `${lines.join('\n')}\n`);
        return exitCodes.done;
      }
      const runId = values.run ?? runs[0]?.id;
      if (runId === undefined) throw new StudioError('not-found', 'This trainer has no run yet.');
      const given =
        kind === 'set'
          ? { kind, parameter: name, value: readValue(value ?? missingValue()) }
          : kind === 'step' && name !== undefined
            ? { kind, count: Number(name) }
            : { kind };
      const request = commandRequest.safeParse(given);
      if (!request.success) throw usage(`There is no command ${[kind, name].filter(Boolean).join(' ')}.`);
      const ended = new Promise<CommandRecord>((resolve) => {
        client.on('run/event', ({ body }) => {
          if (body.type === 'command' && body.command.id === sent?.id && isOver(body.command)) resolve(body.command);
        });
      });
      let sent: CommandRecord | null = null;
      const subscribed = runs.find((run) => run.id === runId);
      if (!subscribed) throw new StudioError('not-found', `There is no run ${runId}.`);
      sent = (await client.request('runs/command', { runId, command: request.data })).command;
      await client.request('runs/subscribe', { runId, since: subscribed.seq });
      const command = isOver(sent) ? sent : await ended;
      process.stdout.write(
        values.json
          ? `${JSON.stringify(command)}\n`
          : `${runId}: ${kind} ${command.state}${command.note ? `: ${command.note}` : ''}\n`,
      );
      return command.state === 'applied' ? exitCodes.done : exitCodes.failed;
    } finally {
      client.close();
    }
  },
};

function isOver(command: CommandRecord): boolean {
  return command.state === 'applied' || command.state === 'rejected' || command.state === 'failed';
}

function missingValue(): never {
  throw usage('Name a value.');
}

async function attach(folder: string): Promise<Client> {
  const file = path.join(folder, trainerFolder, discoveryFile);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new StudioError('not-found', 'No trainer runs on this folder.', {
      place: folder,
      remedy: 'Start one: video-r1 serve --folder DIR.',
      cause,
    });
  }
  const found = discovery.parse(JSON.parse(text));
  const client = new Client(rpc, await connectSocket(socketAddress(found)));
  await client.request('initialize', {
    protocol: protocolVersion,
    client: 'video-r1 ctl',
    author: userInfo().username,
  });
  return client;
}
