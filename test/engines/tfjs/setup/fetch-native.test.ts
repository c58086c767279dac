/** Preparing the native backend: tools are looked for first, nothing is fetched twice, and nothing unknown is kept. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchNative, removeNative } from '../../../../trainer/engines/tfjs/setup/fetch-native.ts';
import { preparedNative } from '../../../../trainer/engines/tfjs/setup/native-libraries.ts';
import type { Wheel } from '../../../../trainer/engines/tfjs/setup/native-wheels.ts';
import { holdFile } from '../../../../trainer/store/process-lock.ts';

const pathBefore = process.env.PATH;
const realPython = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).stdout?.trim();
const possible = process.platform === 'linux' && process.arch === 'x64' && Boolean(realPython);
if (!possible) console.log('Skipped: preparing the native backend takes Linux on x64, and Python 3.');
let home: string;
let wheels: Wheel[];
const at = (name: string) => path.join(home, name);

/** Programs of these names that append how they were called to a file, then do this. */
async function programThat(name: string, does: string): Promise<void> {
  const script = `#!/bin/sh\necho "${name} $@" >> "${at('asked')}"\n${does}\n`;
  await writeFile(at(`bin/${name}`), script);
  await chmod(at(`bin/${name}`), 0o755);
}
const asked = async () => (await readFile(at('asked'), 'utf8')).split('\n');
const downloads = async () => (await asked()).filter((line) => line.includes('pip download')).length;

/** A pip that brings the wheels lying in `published`, or does something else; any other Python code runs. */
const pipThat = (downloading: string) =>
  programThat(
    'python3',
    `case "$*" in
  *'pip --version') exit 0;;
  *'pip download'*) for last; do :; done; ${downloading};;
  *) exec "${realPython}" "$@";;
esac`,
  );
const bringing = () => `name=$(cut -d= -f1 requirements.txt); cp "${at('published')}/$name"*.whl "$last"`;

/** A wheel of two libraries, as large as it must be. */
async function publish(name: string, library: string): Promise<Wheel> {
  const file = `${name}-1.0-py3-none-any.whl`;
  const source = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    archive.writestr(sys.argv[2], 'library of ' + sys.argv[1][-40:])
    archive.writestr('tensorflow/include/tensorflow/c/c_api.h', '')
    archive.writestr('tensorflow/python/large.py', 'not wanted')`;
  execFileSync(realPython, ['-c', source, at(`published/${file}`), library]);
  const content = await readFile(at(`published/${file}`));
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { requirement: `${name}==1.0`, file, sha256, bytes: content.length };
}

const cache = () => at('cache');
const parts = () => at('cache/cpu.parts');

function fetched(changes: Partial<Parameters<typeof fetchNative>[0]> = {}) {
  return fetchNative({
    kind: 'cpu',
    hold: holdFile,
    signal: new AbortController().signal,
    onProgress: () => {},
    folder: cache(),
    wheels,
    probe: async () => ({ version: '1.0', gpu: false }),
    ...changes,
  });
}

describe.skipIf(!possible)('preparing the native backend', () => {
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-native-'));
    await mkdir(at('bin'));
    await mkdir(at('published'));
    wheels = [
      await publish('tensorflow_cpu', 'tensorflow/libtensorflow_cc.so.2'),
      await publish('nvidia_cublas', 'nvidia/cublas/lib/libcublas.so.12'),
    ];
    await pipThat(bringing());
    await programThat('npm', 'if [ "$1" = ci ]; then mkdir -p node_modules/node-api-headers/include; fi');
    await programThat('g++', 'for last; do :; done; if [ "$1" != --version ]; then echo addon > "$last"; fi');
    for (const tool of ['sh', 'cut', 'cp', 'mkdir', 'mkfifo', 'tail', 'rm', 'sleep'])
      await symlink(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), at(`bin/${tool}`));
    process.env.PATH = at('bin');
  });
  afterEach(async () => {
    process.env.PATH = pathBefore;
    await rm(home, { recursive: true, force: true });
  });

  it('asks pip for the pinned wheels with their sums, npm for headers without scripts, and keeps what is needed alone', async () => {
    const library = await fetched();
    expect(library).toEqual({
      addon: path.join(cache(), 'cpu/tensorflow/tfjs_binding.node'),
      version: '1.0',
      gpu: false,
      fetched: true,
    });
    expect(preparedNative(cache())).toMatchObject([{ addon: library.addon, version: '1.0', gpu: false }]);
    const lines = await asked();
    for (const line of lines.filter((said) => said.includes('pip download')))
      expect(line).toMatch(/--no-deps.*--require-hashes.*--only-binary=:all:/);
    expect(lines.find((line) => line.startsWith('npm ci'))).toContain('--ignore-scripts');
    expect((await readdir(cache())).sort()).toEqual(['cpu', 'cpu.lock']);
    expect((await readdir(at('cache/cpu'), { recursive: true })).sort()).toEqual([
      'nvidia',
      'nvidia/cublas',
      'nvidia/cublas/lib',
      'nvidia/cublas/lib/libcublas.so.12',
      'ready.json',
      'tensorflow',
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/tfjs_binding.node',
    ]);
  });

  it('compiles the addon with a set of attribute names for each thread, as threads that share one crash', async () => {
    await programThat(
      'g++',
      `for last; do case "$last" in *tfjs_backend.cc) cp "$last" "${at('compiled.cc')}";; esac; done; if [ "$1" != --version ]; then echo addon > "$last"; fi`,
    );
    await fetched();
    const compiled = (await readFile(at('compiled.cc'), 'utf8')).split('\n');
    expect(compiled.filter((line) => /ATTR_NAME_SET;/.test(line))).toEqual([
      'thread_local static std::set<std::string> ATTR_NAME_SET;',
    ]);
  });

  it('takes an addon that was compiled in another way for none, and prepares it again', async () => {
    await fetched();
    const ready = at('cache/cpu/ready.json');
    const written = JSON.parse(await readFile(ready, 'utf8'));
    await writeFile(ready, JSON.stringify({ ...written, build: written.build - 1 }));
    expect(preparedNative(cache())).toEqual([]);
    expect(await fetched()).toMatchObject({ fetched: true });
    expect(preparedNative(cache()).length).toBe(1);
  });

  it('goes on after a cut: a wheel that is there is checked, not fetched again', async () => {
    await pipThat(`if grep -q nvidia requirements.txt; then exit 1; fi; ${bringing()}`);
    await symlink('/bin/grep', at('bin/grep'));
    await expect(fetched()).rejects.toMatchObject({ kind: 'engine-failed' });
    expect(await readdir(parts())).toEqual([wheels[0]?.file]);
    expect(preparedNative(cache())).toEqual([]);
    await pipThat(bringing());
    const said = new Set<string>();
    await fetched({ onProgress: (what) => said.add(what) });
    expect(await downloads()).toBe(3);
    expect([...said][0]).toBe('Checking tensorflow_cpu==1.0, fetched earlier');
    expect(preparedNative(cache()).length).toBe(1);
  });

  it('refuses a wheel that was changed since it was fetched, and names it', async () => {
    await programThat('g++', 'if [ "$1" != --version ]; then echo "fatal: no header" >&2; exit 1; fi');
    await expect(fetched()).rejects.toMatchObject({ message: expect.stringMatching(/no header/) });
    const wheel = path.join(parts(), wheels[0]?.file ?? '');
    await writeFile(wheel, 'something else');
    await expect(fetched()).rejects.toMatchObject({ place: wheel, remedy: expect.stringMatching(/Delete the file/) });
  });

  it('keeps nothing of what pip brings with another sum', async () => {
    const [wheel] = wheels as [Wheel];
    await expect(fetched({ wheels: [{ ...wheel, sha256: '0'.repeat(64) }] })).rejects.toMatchObject({
      kind: 'engine-failed',
      message: expect.stringMatching(/not tensorflow_cpu==1\.0 as it was published/),
    });
    expect(await readdir(parts())).toEqual([]);
  });

  it.each([
    ['pip', () => programThat('python3', 'if [ "$1" = -m ]; then exit 1; fi'), /no pip/, /python3-pip/],
    ['Python', () => rm(at('bin/python3')), /no Python 3/, /python3/],
    ['compiler', () => rm(at('bin/g++')), /no C\+\+ compiler/, /g\+\+/],
    ['npm', () => rm(at('bin/npm')), /no npm/, /Node\.js/],
  ])(
    'says before it fetches anything that there is no %s, and how to get it',
    async (_name, takeAway, message, remedy) => {
      await takeAway();
      await expect(fetched()).rejects.toMatchObject({
        kind: 'engine-failed',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
      expect(await asked().catch(() => [])).not.toContainEqual(expect.stringContaining('pip download'));
    },
  );

  it('looks for space before it fetches anything', async () => {
    const [wheel] = wheels as [Wheel];
    await expect(fetched({ wheels: [{ ...wheel, bytes: 1e18 }] })).rejects.toMatchObject({ kind: 'disk-full' });
    expect(await downloads()).toBe(0);
  });

  it('leaves nothing to be loaded when the probe fails, keeps the wheels, and clears what a kill left', async () => {
    await mkdir(path.join(parts(), 'draft-killed/half'), { recursive: true });
    const probe = () => Promise.reject(new Error('it crashed'));
    await expect(fetched({ probe })).rejects.toThrow('it crashed');
    expect(preparedNative(cache())).toEqual([]);
    expect((await readdir(parts())).sort()).toEqual(wheels.map(({ file }) => file).sort());
  });

  it('called again, checks every file and probes; what it finds is written down', async () => {
    await fetched();
    // A kill came before the wheels were taken away.
    await mkdir(parts());
    const again = await fetched({ probe: async () => ({ version: '1.0', gpu: true }) });
    expect(again).toMatchObject({ fetched: false, gpu: true });
    expect(preparedNative(cache())[0]?.gpu).toBe(true);
    expect(await downloads()).toBe(2);
    expect(await readdir(cache())).not.toContain('cpu.parts');
    const library = path.join(cache(), 'cpu/tensorflow/libtensorflow_cc.so.2');
    await writeFile(library, 'changed');
    await expect(fetched()).rejects.toMatchObject({ place: library, remedy: expect.stringMatching(/--remove/) });
    await rm(library);
    await expect(fetched()).rejects.toMatchObject({ place: library, message: expect.stringMatching(/gone/) });
  });

  it('is taken away whole', async () => {
    await fetched();
    expect(await removeNative('cpu', holdFile, cache())).toBe(true);
    expect(await readdir(cache())).toEqual(['cpu.lock']);
    expect(await removeNative('cpu', holdFile, cache())).toBe(false);
  });

  /** Starts preparing with a pip that never ends, and calls back when it is at work. */
  async function whilePipWorks(signal: AbortSignal, then: () => void): Promise<void> {
    // The fifo opens when both ends are there.
    await pipThat(`mkfifo "${at('ready')}"; echo > "${at('ready')}"; exec tail -f /dev/null`);
    await fetched({
      signal,
      onProgress: (_what, done) => {
        if (done > 0) return;
        const look = () => readFile(at('ready')).then(then, () => setImmediate(look));
        void look();
      },
    });
  }

  it('ends pip when it is cancelled, and leaves no draft', async () => {
    const stop = new AbortController();
    await expect(whilePipWorks(stop.signal, () => stop.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect(await readdir(parts())).toEqual([]);
  });

  it('refuses a second one at the same time', async () => {
    const stop = new AbortController();
    let second: unknown;
    const first = whilePipWorks(stop.signal, () => {
      void fetched()
        .catch((error) => {
          second = error;
        })
        .then(() => stop.abort(new Error('seen')));
    });
    await expect(first).rejects.toThrow('seen');
    expect(second).toMatchObject({ kind: 'conflict', place: path.join(cache(), 'cpu.lock') });
  });
});
