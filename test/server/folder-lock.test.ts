import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { discovery, discoveryFile, trainerFolder } from '../../trainer/protocol/discovery.ts';
import { lockFolder } from '../../trainer/server/folder-lock.ts';
import { startServer } from '../../trainer/server/server.ts';
import { temporaryFolder } from '../store/folders.ts';
import { RecordingService } from './service.ts';
import { serve } from './serving.ts';

const discoveryOf = (folder: string) => join(folder, trainerFolder, discoveryFile);

function start(projectFolder: string, port = 0, open = async () => new RecordingService(projectFolder)) {
  return startServer({ projectFolder, port, pagesFolder: projectFolder, log: () => {}, open });
}

describe('the project folder', () => {
  test('the discovery file says where the trainer is, only its owner may read it, and it goes when the trainer ends', async () => {
    const { server, projectFolder } = await serve();
    const path = discoveryOf(projectFolder);
    expect(discovery.parse(JSON.parse(readFileSync(path, 'utf8')))).toEqual(server.discovery);
    expect(server.discovery.pid).toBe(process.pid);
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(join(projectFolder, trainerFolder)).mode & 0o777).toBe(0o700);
    }
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test('a second trainer on the folder is refused with the pid and the port of the first, which goes on', async () => {
    const { server, projectFolder } = await serve();
    await expect(start(projectFolder)).rejects.toMatchObject({
      kind: 'folder-busy',
      message: expect.stringMatching(new RegExp(`process ${process.pid}, port ${server.discovery.port}`)),
      remedy: expect.stringMatching(/attach/i),
    });
    expect(existsSync(discoveryOf(projectFolder))).toBe(true);
    await server.close();
    await (await start(projectFolder)).close();
  });

  test('one that is just starting holds the folder as well', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/just starting/);
    lock.dispose();
    lockFolder(folder).dispose();
  });

  test('what a killed trainer left is taken over, though its pid lives on in another program', async () => {
    const folder = temporaryFolder();
    const program = `
      import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, '../../trainer/server/folder-lock.ts'))};
      const lock = lockFolder(${JSON.stringify(folder)});
      lock.publish({ pid: ${process.pid}, host: '127.0.0.1', port: 1, token: 't', protocol: { major: 1, minor: 0 }, version: '0', startedAt: 0 });
      process.stdout.write('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    await expect(start(folder)).rejects.toMatchObject({ kind: 'folder-busy' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(discoveryOf(folder))).toBe(true);
    const server = await start(folder);
    expect(JSON.parse(readFileSync(discoveryOf(folder), 'utf8'))).toMatchObject({ port: server.discovery.port });
    await server.close();
  });

  test('a discovery file that is rubbish, or readable by others, is replaced', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, trainerFolder), { mode: 0o755 });
    writeFileSync(discoveryOf(folder), '{"pid":', { mode: 0o644 });
    chmodSync(join(folder, trainerFolder), 0o755);
    const server = await start(folder);
    if (process.platform !== 'win32') expect(statSync(discoveryOf(folder)).mode & 0o777).toBe(0o600);
    await server.close();
  });
});

describe('starting', () => {
  test('a port that is taken is named, nothing is opened, and the folder is free again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      other.close();
    });
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const folder = temporaryFolder();
    let opened = 0;
    const open = async () => {
      opened += 1;
      return new RecordingService(folder);
    };
    await expect(start(folder, port, open)).rejects.toMatchObject({
      kind: 'port-taken',
      message: expect.stringContaining(String(port)),
    });
    expect(opened).toBe(0);
    lockFolder(folder).dispose();
  });

  test('a service that can not be opened frees the folder and leaves no discovery file', async () => {
    const folder = temporaryFolder();
    await expect(start(folder, 0, () => Promise.reject(new Error('no ffmpeg')))).rejects.toThrow('no ffmpeg');
    expect(existsSync(discoveryOf(folder))).toBe(false);
    lockFolder(folder).dispose();
  });

  test('a folder that was made for a start that fails goes, and stays with what another process wrote there meanwhile', async () => {
    const fails = (before: (made: string) => void) => {
      const folder = temporaryFolder();
      const made = join(folder, trainerFolder);
      const opening = start(folder, 0, async () => {
        mkdirSync(join(made, 'runs'));
        writeFileSync(join(made, 'trainer.log'), 'starting');
        before(made);
        throw new Error('no ffmpeg');
      });
      return expect(opening)
        .rejects.toThrow('no ffmpeg')
        .then(() => made);
    };
    expect(existsSync(await fails(() => {}))).toBe(false);
    const labelled = await fails((made) => {
      mkdirSync(join(made, 'annotations'));
      writeFileSync(join(made, 'annotations', 'ann.jsonl'), '{}');
    });
    expect(readFileSync(join(labelled, 'annotations', 'ann.jsonl'), 'utf8')).toBe('{}');
    const run = await fails((made) => mkdirSync(join(made, 'runs', 'first')));
    expect(existsSync(join(run, 'runs', 'first'))).toBe(true);
    expect(existsSync(discoveryOf(join(run, '..')))).toBe(false);
  });

  test.each(['0.0.0.0', '192.168.1.5', 'example.org', '::'])(
    'listening on %s is refused: anyone on the network could reach it',
    async (host) => {
      await expect(serve({ host })).rejects.toMatchObject({ kind: 'bad-request' });
    },
  );

  test('while the service is being opened callers are told to wait, and closing twice is closing once', async () => {
    const folder = temporaryFolder();
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const answer = Promise.withResolvers<Response>();
    const server = await start(folder, port, async () => {
      answer.resolve(await fetch(`http://127.0.0.1:${port}/dashboard`));
      return new RecordingService(folder);
    });
    expect((await answer.promise).status).toBe(503);
    await Promise.all([server.close(), server.close()]);
    expect(server.service.shutdowns).toBe(1);
  });
});
