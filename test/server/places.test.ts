/** Pointing at places and fetching exports, over real sockets: only pages are told, and a file is fetched once by whoever may. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../trainer/client/socket.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import type { NotificationParams } from '../../trainer/protocol/messages.ts';
import { linkPath } from '../../trainer/protocol/place.ts';
import { queryLimits } from '../../trainer/protocol/query/lexemes.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';
import { aGroup } from '../store/records.ts';
import { Collected, connect, type Serving, serve } from './serving.ts';

async function servingRun(): Promise<Serving> {
  const serving = await serve();
  serving.service.addRun('r-1');
  for (let step = 1; step <= 300; step++) serving.service.record('r-1', { type: 'group', group: aGroup(step) });
  return serving;
}

async function page(serving: Serving, name: 'browser' | 'editor') {
  const client = new Client(rpc, await connectSocket(serving.server.discovery));
  onTestFinished(() => client.close());
  const shown = new Collected<NotificationParams<'place/show'>>();
  client.on('place/show', (told) => shown.add(told));
  await client.request('initialize', { protocol: protocolVersion, client: name, author: 'eve' });
  return { client, shown };
}

describe('pointing at a place', () => {
  test('tells every page who points where, and no other client', async () => {
    const serving = await servingRun();
    const pages = [await page(serving, 'browser'), await page(serving, 'editor')];
    const other = await connect(serving);
    const heard: unknown[] = [];
    other.on('place/show', (told) => heard.push(told));
    const place = { page: 'rollouts', runId: 'r-1', rolloutId: 's3-g0-o1', query: 'correct:false' } as const;
    expect(await other.request('place/show', { place })).toEqual({ pages: 2, note: null });
    for (const { shown } of pages) {
      await shown.until((items) => items.length === 1);
      expect(shown.items).toEqual([{ place, by: 'ada' }]);
    }
    expect(heard).toEqual([]);
  });

  test('says what is not there, and where no page is open', async () => {
    const client = await connect(await servingRun());
    const place = { page: 'rollouts', runId: 'r-1', rolloutId: 's999-g0-o0' } as const;
    expect(await client.request('place/show', { place })).toEqual({
      pages: 0,
      note: 'There is no rollout s999-g0-o0 in this run; shown is the nearest, of step 300.',
    });
  });

  test('is refused for an unknown run, a filter with a fault, and whatever is no place', async () => {
    const serving = await servingRun();
    const client = await connect(serving);
    const { shown } = await page(serving, 'browser');
    const show = (place: object) => client.request('place/show', { place: { page: 'rollouts', ...place } });
    await expect(show({ runId: 'r-2' })).rejects.toMatchObject({ kind: 'not-found' });
    await expect(show({ runId: 'r-1', query: 'step>>3' })).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(show({ page: 'settings' })).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(show({ step: -1 })).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(show({ query: 'a'.repeat(queryLimits.length + 1) })).rejects.toMatchObject({ kind: 'bad-request' });
    await show({ runId: 'r-1', command: 'rm -rf /', file: '/etc/passwd' });
    await shown.until((items) => items.length === 1);
    expect(shown.items).toEqual([{ place: { page: 'rollouts', runId: 'r-1' }, by: 'ada' }]);
  });
});

describe('the addresses of places', () => {
  test('may hold the longest filter, whatever its characters', async () => {
    const { address, server } = await serve();
    const query = '€'.repeat(queryLimits.length);
    const link = linkPath({ project: 'p', place: { page: 'rollouts', runId: 'r', query } });
    const answer = await fetch(`${address}${link}&token=${server.discovery.token}`);
    expect(answer.status).toBe(200);
  });

  test('are those of the page, behind the names of a project and a run, for whoever may see it', async () => {
    const { address, server } = await serve();
    const get = (at: string) => fetch(`${address}${at}`, { redirect: 'manual' });
    const { token } = server.discovery;
    const opened = await get(`/clips/r-1/rollouts?rollout=s3-g0-o1&token=${token}`);
    expect(await opened.text()).toContain('data-page="rollouts"');
    const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
    const again = await fetch(`${address}/clips/dashboard`, { headers: { cookie } });
    expect(await again.text()).toContain('data-page="dashboard"');
    const without = await get('/clips/r-1/rollouts');
    expect(without.status).toBe(401);
    expect(await without.text()).toMatch(
      /lacks the token.*A link to a place goes into the address bar of such a page/s,
    );
    for (const at of ['/a/b/c/rollouts', '/clips/r-1/secret.json', '/clips/r-1/'])
      expect((await fetch(`${address}${at}`, { headers: { cookie } })).status, at).toBe(404);
    /* A person who goes there is told by the page itself. */
    const wrong = await fetch(`${address}/clips/r-1/nonsense`, { headers: { cookie, accept: 'text/html,*/*' } });
    expect([wrong.status, await wrong.text()]).toEqual([404, expect.stringContaining('data-page="dashboard"')]);
    const noPage = await fetch(`${address}/assets/nonsense.js`, { headers: { cookie, accept: 'text/html,*/*' } });
    expect([noPage.status, await noPage.text()]).toEqual([404, expect.stringContaining('There is no such page.')]);
  });
});

describe('an export for a browser', () => {
  const ask = (client: Client, more: object = {}) =>
    client.request('rollouts/export', {
      id: randomUUID(),
      runId: 'r-1',
      form: 'jsonl',
      selection: { query: 'correct:false', sort: { by: 'step', descending: false }, limit: 3 },
      ...more,
    });
  const folderOf = ({ projectFolder }: Serving) => path.join(projectFolder, '.video-r1', 'exports');

  test('is fetched once, with the token, as a file to save', async () => {
    const serving = await servingRun();
    const client = await connect(serving);
    const { path: at, count } = await ask(client);
    expect(count).toBe(3);
    const address = (token = serving.server.discovery.token) => `${serving.address}${at}?token=${token}`;
    expect((await fetch(`${serving.address}${at}`)).status).toBe(401);
    expect((await fetch(address('other'))).status).toBe(401);
    const got = await fetch(address());
    expect(got.headers.get('content-disposition')).toBe('attachment; filename="r-1-rollouts.jsonl"');
    expect(got.headers.get('content-type')).toBe('application/octet-stream');
    const ids = (await got.text())
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(['s1-g0-o1', 's2-g0-o1', 's3-g0-o1']);
    expect((await fetch(address())).status).toBe(404);
    await expect.poll(() => readdirSync(folderOf(serving))).toEqual([]);
  });

  test('tells how far it is, and leaves nothing when it is cancelled', async () => {
    const serving = await servingRun();
    const client = await connect(serving);
    const told = new Collected<NotificationParams<'exports/progress'>>();
    client.on('exports/progress', (progress) => told.add(progress));
    const id = randomUUID();
    const asked = ask(client, { id, selection: {} });
    const ended = asked.then(
      () => 'written',
      ({ kind }: { kind: string }) => kind,
    );
    await told.until((items) => items.length > 0);
    expect(told.items[0]).toEqual({ id, done: 0, total: 900 });
    await client.request('exports/cancel', { id });
    expect(await ended).toBe('cancelled');
    expect(readdirSync(folderOf(serving))).toEqual([]);
  });

  test('goes with the client that asked for it, and with the trainer', async () => {
    const serving = await servingRun();
    const [leaves, stays] = [await connect(serving), await connect(serving)];
    await ask(leaves);
    const { path: at } = await ask(stays);
    expect(readdirSync(folderOf(serving))).toHaveLength(2);
    leaves.close();
    await expect.poll(() => readdirSync(folderOf(serving))).toHaveLength(1);
    const address = `${serving.address}${at}?token=${serving.server.discovery.token}`;
    expect((await fetch(address, { method: 'HEAD' })).status).toBe(200);
    await serving.server.close();
    expect(existsSync(folderOf(serving))).toBe(false);
  });

  test('of a faulty filter, or of more than a page can hold, is refused in a sentence', async () => {
    const client = await connect(await servingRun());
    await expect(ask(client, { selection: { query: 'step>>3' } })).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(ask(client, { selection: { limit: 0 } })).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(ask(client, { form: 'exe' })).rejects.toMatchObject({ kind: 'bad-request' });
  });
});
