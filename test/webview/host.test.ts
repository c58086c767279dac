/** The page's door to the editor: a message that it does not know is told of, and nothing of it is taken. */
import { afterEach, expect, test, vi } from 'vitest';
import type { StudioError } from '../../trainer/protocol/errors.ts';
import { connectHost, type HostListener } from '../../webview/host.ts';

afterEach(() => vi.unstubAllGlobals());

function editorPage() {
  const heard: { call: string; value: unknown }[] = [];
  const window = new EventTarget();
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', { body: { dataset: { page: 'rollouts' } } });
  const posted: unknown[] = [];
  vi.stubGlobal('acquireVsCodeApi', () => ({ postMessage: (message: unknown) => void posted.push(message) }));
  const note = (call: keyof HostListener) => (value?: unknown) => void heard.push({ call, value });
  const host = connectHost();
  host.listen({
    onOpen: note('onOpen'),
    onStatus: note('onStatus'),
    onShow: note('onShow'),
    onAddress: note('onAddress'),
    onSaid: note('onSaid'),
    onTheme: note('onTheme'),
    onFault: note('onFault'),
  });
  const post = (data: unknown) => window.dispatchEvent(new MessageEvent('message', { data }));
  return { host, heard, post, posted, faults: () => heard.map(({ value }) => value as StudioError) };
}

test.each([
  ['of a kind that the page does not know', { type: 'shown', page: 'rollouts' }, 'shown', 'type'],
  ['with a part that does not fit', { type: 'status', state: 'opened' }, 'status', 'state'],
  ['that is no object', 'open', 'string', undefined],
  ['that is nothing', null, 'object', undefined],
])('a message %s is told of with what is wrong in it', (_what, data, kind, place) => {
  const { heard, post, faults } = editorPage();
  post(data);
  expect(heard.map(({ call }) => call)).toEqual(['onFault']);
  expect(faults()[0]).toMatchObject({
    kind: 'bad-request',
    message: `The editor sent a message that this page does not know: ${kind}.`,
    remedy: expect.stringContaining('reload the window'),
  });
  expect(faults()[0]?.place ?? undefined).toBe(place);
});

test('a message that it knows is taken, and no fault is told', () => {
  const { heard, post } = editorPage();
  post({ type: 'theme' });
  post({ type: 'status', state: 'gone', reason: 'ended' });
  expect(heard).toEqual([
    { call: 'onTheme', value: undefined },
    { call: 'onStatus', value: { state: 'gone', reason: 'ended' } },
  ]);
});

test('the editor hears which run is shown, once for each', () => {
  const { host, posted } = editorPage();
  const show = (runId: string, query?: string) =>
    host.navigated({ project: 'p', place: { page: 'rollouts', runId, ...(query !== undefined && { query }) } });
  show('r1');
  show('r1', 'order');
  show('r2');
  expect(posted.slice(1)).toEqual([
    { type: 'shows', runId: 'r1' },
    { type: 'shows', runId: 'r2' },
  ]);
});

test('a copy is said to have happened once the editor says so, and one that did not is a fault', async () => {
  const { host, heard, post, posted } = editorPage();
  const [first, second] = [host.copy('a', 'Link'), host.copy('b')];
  expect(posted.slice(1)).toEqual([
    { type: 'copy', text: 'a' },
    { type: 'copy', text: 'b' },
  ]);
  expect(heard).toEqual([]);
  post({ type: 'copied' });
  await first;
  expect(heard).toEqual([{ call: 'onSaid', value: 'Link copied.' }]);
  post({ type: 'copied', fault: 'no clipboard' });
  await expect(second).rejects.toMatchObject({ message: 'Nothing was copied: no clipboard' });
  expect(heard).toHaveLength(1);
});

test('a place that the editor shows comes with who points there, and its links begin as the editor says', () => {
  const { host, heard, post } = editorPage();
  post({ type: 'status', state: 'gone', scheme: 'vscodium' });
  expect(host.scheme).toBe('vscodium');
  post({ type: 'show', page: 'rollouts', runId: 'r-1', rolloutId: 's1-g0-o0', by: 'ada' });
  expect(heard.at(-1)).toEqual({
    call: 'onShow',
    value: { project: null, place: { page: 'rollouts', runId: 'r-1', rolloutId: 's1-g0-o0' } },
  });
});
