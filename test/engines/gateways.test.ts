/** A gateway that stays: where it listens, with which token, and what ends it. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setUpPython, startGateway } from '../../trainer/engines/gateways.ts';
import { engineSettings, type VerlSettings } from '../../trainer/protocol/runfile.ts';

const possible = process.platform !== 'win32';
if (!possible) console.log('Skipped: what stands in for Python is a shell script.');

describe.skipIf(!possible)('a gateway that stays', () => {
  const before = process.env.XDG_CACHE_HOME;
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'video-r1-gateways-'));
    process.env.XDG_CACHE_HOME = path.join(home, 'cache');
    const script = path.join(import.meta.dirname, 'verl', 'fake-python.mjs');
    await writeFile(path.join(home, 'python'), `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
    await chmod(path.join(home, 'python'), 0o700);
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    delete process.env.FAKE_GATEWAY;
    await rm(home, { recursive: true, force: true });
  });
  const settings = () => engineSettings.parse({ name: 'verl', python: path.join(home, 'python') }) as VerlSettings;

  it('listens where it is told to, with a token that its user alone can read, until the signal ends it', async () => {
    const ending = new AbortController();
    const gateway = await startGateway(settings(), { port: 29999, signal: ending.signal });
    expect(gateway.tokenFile).toBe(path.join(home, 'cache/video-r1-studio/verl/gateways/29999.token'));
    expect((await stat(gateway.tokenFile)).mode & 0o777).toBe(0o600);
    const said = JSON.parse(await readFile(gateway.logFile, 'utf8'));
    expect(said.arguments).toEqual(expect.arrayContaining(['--listen', '127.0.0.1:29999', '--stay']));
    expect(said.token).toBe(await readFile(gateway.tokenFile, 'utf8'));
    ending.abort(new Error('enough'));
    expect(await gateway.over).toBeNull();
  });

  it('says why it ended where nobody ended it', async () => {
    const gateway = await startGateway(settings(), {
      port: 0,
      tokenFile: path.join(home, 'own', 'token'),
      signal: new AbortController().signal,
    });
    expect(gateway.tokenFile).toBe(path.join(home, 'own', 'token'));
    const [host = '', port] = gateway.address.split(':');
    createConnection(Number(port), host)
      .on('error', () => {})
      .write('x');
    expect(await gateway.over).toMatchObject({
      kind: 'engine-failed',
      message: expect.stringMatching(/out of memory/),
    });
  });

  it('that does not start ends with its log, and without a Python there is none', async () => {
    process.env.FAKE_GATEWAY = 'traceback';
    const { signal } = new AbortController();
    await expect(startGateway(settings(), { port: 0, signal })).rejects.toMatchObject({
      message: expect.stringMatching(/the GPU is on fire/),
    });
    expect(() => setUpPython('cpu')).toThrow(/No Python with verl was set up here/);
  });
});
