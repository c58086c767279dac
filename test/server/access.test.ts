import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectSocket } from '../../trainer/client/socket.ts';
import { pageLines, socketAddress } from '../../trainer/protocol/discovery.ts';
import { type Serving, serve } from './serving.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `fetch` would tidy up paths and refuse to set Host. */
function ask({ server }: Serving, path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.discovery.port, path, headers, method, agent: false },
      (response) => {
        let body = '';
        response.on('data', (part) => {
          body += String(part);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const withToken = ({ server }: Serving, path: string) => `${path}?token=${server.discovery.token}`;

/** The status with which a socket is refused, and the words; or `open`. */
function knock(
  address: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | 'open'; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve({ status: 'open', body: '' });
    });
    socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (part: Buffer) => {
        body += String(part);
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    socket.on('error', reject);
  });
}

describe('pages', () => {
  test('a page that is opened with the token is served with its name and a nonce of its own, and lets its assets and its socket in by a cookie', async () => {
    const serving = await serve();
    const page = await ask(serving, withToken(serving, '/rollouts'));
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toContain('data-page="rollouts"');
    expect(page.body).toContain('src="/assets/page.js"');
    const nonce = /nonce="([^"]+)"/.exec(page.body)?.[1] ?? '';
    expect(nonce.length).toBeGreaterThanOrEqual(22);
    expect(page.headers['content-security-policy']).toContain(`script-src 'nonce-${nonce}'`);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    const again = await ask(serving, withToken(serving, '/rollouts'));
    expect(again.body).not.toBe(page.body);

    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(serving.server.discovery.token);
    const Cookie = cookie.split(';', 1)[0] ?? '';
    const script = await ask(serving, '/assets/page.js', { Cookie: `other=1; ${Cookie}` });
    expect([script.status, script.headers['content-type'], script.body]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      'export {};',
    ]);
    expect((await ask(serving, '/assets/page.css', { Cookie })).headers['content-type']).toBe(
      'text/css; charset=utf-8',
    );
    expect((await ask(serving, '/', { Cookie })).body).toContain('data-page="dashboard"');
    const { host, port } = serving.server.discovery;
    const own = { Cookie, Origin: `http://${host}:${port}` };
    expect(await knock(`ws://${host}:${port}/socket`, own)).toMatchObject({ status: 'open' });
  });

  test.each(['', '?token=', '?token=wrong', '?token=%00'])(
    'with the token %j a page is refused with what to do',
    async (query) => {
      const serving = await serve();
      const page = await ask(serving, `/dashboard${query}`);
      expect(page.status).toBe(401);
      expect(page.body).toMatch(/Open the page from the editor|the address that the trainer printed/);
      expect(page.headers['set-cookie']).toBeUndefined();
      expect((await ask(serving, '/assets/page.js')).status).toBe(401);
    },
  );

  test("one trainer's cookie does not open another's pages, nor does a made-up one", async () => {
    const [one, other] = [await serve(), await serve()];
    const [cookie = ''] = (await ask(one, withToken(one, '/dashboard'))).headers['set-cookie'] ?? [];
    expect((await ask(other, '/dashboard', { Cookie: cookie.split(';', 1)[0] })).status).toBe(401);
    const name = `video-r1-${other.server.discovery.port}`;
    expect((await ask(other, '/dashboard', { Cookie: `${name}=${cookie.split(/[=;]/)[1]}` })).status).toBe(401);
    expect((await ask(other, '/dashboard', { Cookie: `${name}=` })).status).toBe(401);
  });

  test.each([
    '/assets/../page.html',
    '/assets/..%2f..%2fsecret.json',
    '/assets/%2e%2e/%2e%2e/secret.json',
    '/../secret.json',
    '/assets/..\\..\\secret.json',
    '/assets//etc/passwd',
    '/assets/',
    '/assets',
    '/assets/.hidden.js',
    '/assets/page.js/../page.js',
    '/assets/page.js%00.css',
    '/page.html',
    '/assets/page.html',
    '/dashboard/',
    '/nothing',
    '//secret.json',
  ])('%s leads nowhere', async (path) => {
    const serving = await serve();
    const answer = await ask(serving, withToken(serving, path));
    expect(answer.status).toBe(404);
    expect(answer.body).toMatch(/no such page/i);
  });

  test('HEAD has no body, other methods are refused, and nothing may be sniffed, framed or kept', async () => {
    const serving = await serve();
    const head = await ask(serving, withToken(serving, '/dashboard'), {}, 'HEAD');
    expect([head.status, head.body]).toEqual([200, '']);
    expect(head.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(head.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect((await ask(serving, withToken(serving, '/dashboard'), {}, 'POST')).status).toBe(405);
  });

  test('pages that are not built say so', async () => {
    const serving = await serve({ pagesFolder: '/nowhere' });
    const answer = await ask(serving, withToken(serving, '/dashboard'));
    expect([answer.status, answer.body]).toEqual([503, expect.stringMatching(/not built.*\/nowhere/)]);
  });
});

describe('hosts and origins', () => {
  test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '192.168.1.5:8080', '[::2]:80'])(
    'a request for the host %j is refused even with the token: a foreign name may resolve to this machine',
    async (Host) => {
      const serving = await serve();
      expect((await ask(serving, withToken(serving, '/dashboard'), { Host })).status).toBe(403);
      expect((await knock(socketAddress(serving.server.discovery), { Host })).status).toBe(403);
    },
  );

  test.each(['localhost', '127.0.0.1', 'LOCALHOST'])(
    'the name %s is ours, with whatever port a tunnel gives it',
    async (name) => {
      const serving = await serve();
      expect((await ask(serving, withToken(serving, '/dashboard'), { Host: `${name}:54321` })).status).toBe(200);
    },
  );

  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'vscode-webview://abc', 'http://localhost'])(
    'a socket from a page of %s is refused, with the token and with the cookie',
    async (Origin) => {
      const serving = await serve();
      const [cookie = ''] = (await ask(serving, withToken(serving, '/dashboard'))).headers['set-cookie'] ?? [];
      const refused = await knock(socketAddress(serving.server.discovery), { Origin });
      expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('may not open a socket')]);
      const { host, port } = serving.server.discovery;
      expect(
        (await knock(`ws://${host}:${port}/socket`, { Origin, Cookie: cookie.split(';', 1)[0] ?? '' })).status,
      ).toBe(403);
    },
  );

  test('a socket without or with a wrong token is refused with what to do, and so is another path', async () => {
    const serving = await serve();
    const { host, port, token } = serving.server.discovery;
    for (const query of ['', '?token=wrong', `?token=${token}x`, `?token=${token.slice(1)}`]) {
      const refused = await knock(`ws://${host}:${port}/socket${query}`);
      expect([refused.status, refused.body]).toEqual([401, expect.stringMatching(/token/)]);
    }
    expect((await knock(`ws://${host}:${port}/other?token=${token}`)).status).toBe(404);
    await expect(connectSocket({ ...serving.server.discovery, token: 'wrong' })).rejects.toMatchObject({
      kind: 'connection-lost',
      message: expect.stringMatching(/HTTP 401.*is not that of this trainer/),
    });
  });

  test('the addresses in the discovery file work, and each trainer has a token of its own', async () => {
    const [one, other] = [await serve(), await serve()];
    const lines = pageLines(one.server.discovery).trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(['dashboard', 'rollouts', 'review', 'audit']);
    for (const line of lines) expect((await fetch(line.split(/ +/)[1] ?? '')).status).toBe(200);
    expect((await knock(socketAddress(one.server.discovery))).status).toBe('open');
    expect(one.server.discovery.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(one.server.discovery.token).not.toBe(other.server.discovery.token);
  });
});
