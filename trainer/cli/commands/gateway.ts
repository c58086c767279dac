/** `video-r1 gateway`: starts a gateway of the engine verl on this machine, for trainers elsewhere to attach to. */
import os from 'node:os';
import path from 'node:path';
import { startGateway } from '../../engines/gateways.ts';
import { StudioError } from '../../protocol/errors.ts';
import { defaultEngine, runFileEnding } from '../../protocol/runfile.ts';
import { changedEngine } from '../../runs/changed-engine.ts';
import { readRunFile } from '../../runs/run-files.ts';
import { type CliCommand, exitCodes, readEngine, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';

export const gatewayCommand: CliCommand = {
  name: 'gateway',
  summary: 'start a gateway of the engine verl here, for a trainer elsewhere to attach to',
  help: `
video-r1 gateway start [RUNFILE] [--engine KEY=VALUE …] [--port N] [--token-file FILE]

Starts a gateway of the engine verl on this machine, with the engine settings of the run file and those of --engine, and keeps it
until Ctrl-C. It waits for one trainer after the other on the loopback address at --port (29610), and takes a token that is
written into a file for you alone to read. Says how to reach it from another machine over SSH, and what goes into the run file to
attach to it. What a run saves must lie under the same path on both machines, as on a shared disk.

  video-r1 gateway start tgrpo.run.json --engine ranks=8
  video-r1 gateway start --engine device=cpu`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        engine: { type: 'string', multiple: true, default: [] },
        port: { type: 'string', default: '29610' },
        'token-file': { type: 'string' },
      },
      2,
    );
    const [verb, file] = positionals;
    if (verb !== 'start') throw usage('Say: video-r1 gateway start.');
    if (file !== undefined && !file.endsWith(runFileEnding)) throw usage(`A run file's name ends in ${runFileEnding}.`);
    const port = wholeNumber('port', values.port, 0, 65535);
    const given = { name: 'verl', ...readEngine(values.engine), attach: null };
    const of = file === undefined ? defaultEngine : (await readRunFile(path.resolve(file))).engine;
    const settings = changedEngine(of, given, 'bad-request');
    if (settings.name !== 'verl') throw usage('A gateway is of the engine verl alone.');
    const tokenFile = values['token-file'] === undefined ? undefined : path.resolve(values['token-file']);
    const say = (line: string) => process.stdout.write(`${line}\n`);
    return interruptible({ stopped: 'The gateway has ended.', left: 'the gateway is ended too' }, async (signal) => {
      const gateway = await startGateway(settings, { port, ...(tokenFile && { tokenFile }), signal });
      const { address } = gateway;
      const at = address.slice(address.lastIndexOf(':') + 1);
      const attach = JSON.stringify({ address: `127.0.0.1:${at}`, tokenFile: gateway.tokenFile });
      say(`gateway  ${address}`);
      say(`token    ${gateway.tokenFile}`);
      say(`log      ${gateway.logFile}`);
      say(`From another machine: ssh -N -L ${at}:127.0.0.1:${at} ${os.userInfo().username}@${os.hostname()}`);
      say(`In the run file:      "engine": {"name": "verl", "attach": ${attach}}`);
      say('Ctrl-C ends it.');
      const fault = await gateway.over;
      if (!signal.aborted) throw fault ?? new StudioError('engine-failed', 'The gateway has ended.');
      signal.throwIfAborted();
      return exitCodes.done;
    });
  },
};
