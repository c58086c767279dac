/** `video-r1 doctor`: what this machine has, and what to do about what it lacks. */

import { probeBackends } from '../../engines/probe.ts';
import { asStudioError } from '../../protocol/errors.ts';
import { loadSqlite } from '../../store/database.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { type CliCommand, exitCodes, readOptions } from '../terminal/command.ts';
import { version } from '../terminal/version.ts';

export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'say what this machine has: Node, ffmpeg, backends',
  help: `
video-r1 doctor [--ffmpeg PATH]

Says which Node, SQLite, ffmpeg and compute backends are found, and what to do about those that are not.

  video-r1 doctor`,
  async run(args) {
    const { values } = readOptions(args, { ffmpeg: { type: 'string' } });
    const checks: [string, () => Promise<string>][] = [
      ['video-r1', async () => version],
      ['node', async () => `${process.version} (${process.execPath})`],
      [
        'sqlite',
        async () => {
          loadSqlite();
          return `SQLite ${process.versions.sqlite ?? 'of unknown version'}, Node's own`;
        },
      ],
      [
        'ffmpeg',
        async () => {
          const tools = await findFfmpeg(values.ffmpeg);
          return `${tools.version}, ${tools.source}: ${tools.ffmpeg}`;
        },
      ],
      [
        'backends',
        async () =>
          probeBackends()
            .map((backend) => `${backend.name}: ${backend.available ? 'yes' : 'no'}, ${backend.why}`)
            .join('\n          '),
      ],
    ];
    let failures = 0;
    for (const [name, check] of checks) {
      try {
        process.stdout.write(`${name.padEnd(9)} ${await check()}\n`);
      } catch (thrown) {
        failures++;
        process.stdout.write(`${name.padEnd(9)} ${asStudioError(thrown)}\n`);
      }
    }
    return failures === 0 ? exitCodes.done : exitCodes.failed;
  },
};
