/** `video-r1 doctor`: what this machine has, and what to do about what it lacks. */

import { lookAtMachine, machineWords, probeBackends } from '../../engines/probe.ts';
import { asStudioError, type StudioError } from '../../protocol/errors.ts';
import { loadSqlite } from '../../store/database.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { callable } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, readOptions } from '../terminal/command.ts';
import { version } from '../terminal/version.ts';

/** What was found, as data and in words. */
interface Found {
  readonly data: unknown;
  readonly words: string;
}

/** Of the lines that follow the first of a part. */
const indent = `\n${' '.repeat(10)}`;

type Check = readonly [name: string, look: () => Promise<Found>];

const checks = (ffmpeg: string | undefined): readonly Check[] => [
  ['video-r1', async () => ({ data: { version }, words: version })],
  [
    'node',
    async () => ({
      data: { version: process.version, program: process.execPath },
      words: `${process.version} (${process.execPath})`,
    }),
  ],
  [
    'sqlite',
    async () => {
      loadSqlite();
      const { sqlite } = process.versions;
      return { data: { version: sqlite ?? null }, words: `SQLite ${sqlite ?? 'of unknown version'}, Node's own` };
    },
  ],
  [
    'ffmpeg',
    async () => {
      const tools = await findFfmpeg(ffmpeg);
      return { data: tools, words: `${tools.version}, ${tools.source}: ${tools.ffmpeg}` };
    },
  ],
  [
    'backends',
    async () => {
      const data = probeBackends().map((backend) => ({ ...backend, why: callable(backend.why) }));
      const lines = data.map(({ name, available, why }) => `${name}: ${available ? 'yes' : 'no'}, ${why}`);
      return { data, words: lines.join(indent) };
    },
  ],
  [
    'verl',
    async () => {
      const data = await lookAtMachine(new AbortController().signal);
      return { data, words: callable(machineWords(data).join(indent)) };
    },
  ],
];

const faultData = ({ kind, message, place, remedy }: StudioError) => ({
  error: { kind, message, ...(place && { place }), ...(remedy && { remedy: callable(remedy) }) },
});

export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'say what this machine has: Node, ffmpeg, backends, Python and GPUs for verl',
  help: `
video-r1 doctor [--ffmpeg PATH] [--json]

Says which Node, SQLite, ffmpeg and compute backends are found, and what to do about those that are not.
For the engine verl: a Python that will do, its environments with their versions, NVIDIA's GPUs with memory and driver, the
machine's memory, and the space where environments are made.
--json writes one object {"video-r1", "node", "sqlite", "ffmpeg", "backends", "verl"}; what is not there is {"error": {"kind", "message", …}}.
Ends with 1 where one of the first five is not there. What verl lacks is told, and is no fault: other engines need none of it.

  video-r1 doctor`,
  async run(args) {
    const { values } = readOptions(args, { ffmpeg: { type: 'string' }, json: { type: 'boolean', default: false } }, 0);
    const report: Record<string, unknown> = {};
    let failures = 0;
    const say = (name: string, words: string) => {
      if (!values.json) process.stdout.write(`${name.padEnd(9)} ${words}\n`);
    };
    for (const [name, look] of checks(values.ffmpeg)) {
      try {
        const { data, words } = await look();
        report[name] = data;
        say(name, words);
      } catch (thrown) {
        failures++;
        const fault = asStudioError(thrown);
        report[name] = faultData(fault);
        say(name, callable(String(fault)));
      }
    }
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    return failures === 0 ? exitCodes.done : exitCodes.failed;
  },
};
