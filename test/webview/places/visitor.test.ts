/** Going to places, against a real server: what is there is shown, what is not is said, and nothing else happens. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../../trainer/client/socket.ts';
import { type Found, Visitor } from '../../../webview/places/visitor.ts';
import { Connection } from '../../../webview/state/connection.ts';
import { Session } from '../../../webview/state/session.ts';
import { connect, serve } from '../../server/serving.ts';
import { aGroup } from '../../store/records.ts';
import { until } from '../state/scripted-trainer.ts';

async function open() {
  const serving = await serve();
  for (const id of ['sft-1', 'tgrpo-1']) {
    serving.service.addRun(id);
    serving.service.record(id, { type: 'group', group: aGroup(3) });
  }
  const session = new Session(new Connection(rpc, 'browser'), (run) => setImmediate(run));
  const gone: (Found & { by: string | null })[] = [];
  const visitor = new Visitor(session, {
    go: (found, by) => gone.push({ ...found, by }) > 0,
    here: () => () => {},
  });
  session.connection.setLink({ state: 'open', reason: '' });
  session.connection.open(await connectSocket(serving.server.discovery), 'ada');
  return { serving, session, visitor, gone, project: path.basename(serving.projectFolder) };
}

describe('a link', () => {
  it('of this project is gone to, with filter and order, and its rollout is found with its group', async () => {
    const { visitor, gone, project } = await open();
    await visitor.follow(
      `/${project}/tgrpo-1/rollouts?rollout=s3-g0-o1&query=correct%3Afalse&sort=-length&select=0-5`,
      true,
    );
    expect(gone).toEqual([
      {
        page: 'rollouts',
        runId: 'tgrpo-1',
        groupId: 's3-g0',
        rolloutId: 's3-g0-o1',
        query: 'correct:false',
        sort: { by: 'length', descending: true },
        span: { start: 0, end: 5 },
        by: null,
      },
    ]);
    expect(visitor.state.get()).toMatchObject({ by: null, note: null, back: expect.any(Function) });
  });

  it('of another project is not, and says which this is', async () => {
    const { visitor, gone, project } = await open();
    await visitor.follow('/other/tgrpo-1/rollouts', true);
    expect(gone).toEqual([]);
    expect(visitor.state.get()?.note).toBe(
      `The link leads to the project other, and this page shows ${project}. Open it in a page of that project, or in VS Code.`,
    );
  });

  it('to an unknown run says which there are, and shows the nearest of the name', async () => {
    const { visitor, gone, session, project } = await open();
    await visitor.follow(`/${project}/tgrpo-2/rollouts?rollout=s3-g0-o1`, true);
    expect(visitor.state.get()?.note).toMatch(
      new RegExp(
        `There is no run tgrpo-2 in ${project}\\. There are (sft-1, tgrpo-1|tgrpo-1, sft-1)\\. Shown is tgrpo-1`,
      ),
    );
    expect(gone).toMatchObject([{ runId: 'tgrpo-1', rolloutId: null }]);
    expect(session.connection.state.get().fault).toBeNull();
    await visitor.follow(`/${project}/broken/rollouts`, true);
    expect(visitor.state.get()?.note).toBe("The run broken can't be read: The database is damaged.");
  });

  it('to a run that the page has not heard of yet asks for the runs again', async () => {
    const { visitor, gone, session, project } = await open();
    await until(session.state, ({ runs }) => runs?.length === 2);
    session.state.update((state) => ({ ...state, runs: state.runs?.filter(({ id }) => id !== 'tgrpo-1') ?? null }));
    await visitor.follow(`/${project}/tgrpo-1/rollouts`, false);
    expect(gone).toMatchObject([{ runId: 'tgrpo-1' }]);
    expect(visitor.state.get()).toBeNull();
  });

  it('to a rollout that is not there shows the nearest, without what was selected of the other', async () => {
    const { visitor, gone, project } = await open();
    await visitor.follow(`/${project}/sft-1/rollouts?rollout=s9-g0-o1&select=0-5`, true);
    expect(gone).toMatchObject([{ groupId: 's3-g0', rolloutId: 's3-g0-o0' }]);
    expect(gone[0]?.span).toBeUndefined();
    expect(visitor.state.get()?.note).toContain(
      'There is no rollout s9-g0-o1 in this run; shown is the nearest, of step 3.',
    );
  });

  it('with a fault is shown as one', async () => {
    const { visitor, gone, session } = await open();
    await visitor.follow('/p/sft-1/rollouts?zoom=3', true);
    expect(session.connection.state.get().fault).toMatchObject({ kind: 'bad-request', place: 'zoom' });
    expect(gone).toEqual([]);
  });

  it('that a page is opened at is gone to in silence, and a fault of it outlasts the greeting of the trainer', async () => {
    const { visitor, gone, session, project } = await open();
    await visitor.follow(`/${project}/sft-1/nonsense`, false);
    expect(session.connection.state.get()).toMatchObject({
      trainer: expect.anything(),
      fault: { kind: 'bad-request', place: 'nonsense' },
    });
    await visitor.follow(`/${project}/sft-1/rollouts`, false);
    expect(gone).toHaveLength(1);
    expect(visitor.state.get()).toBeNull();
  });
});

describe('whoever points', () => {
  it('is named, and one can go back', async () => {
    const { visitor, gone, serving, session } = await open();
    await until(session.connection.state, ({ trainer }) => trainer !== null);
    const other = await connect(serving);
    expect(await other.request('place/show', { place: { page: 'rollouts', runId: 'sft-1', step: 3 } })).toEqual({
      pages: 1,
      note: null,
    });
    const told = await until(visitor.state, (state) => state !== null);
    expect(told).toMatchObject({ by: 'ada', note: null, back: expect.any(Function) });
    expect(gone).toMatchObject([{ runId: 'sft-1', rolloutId: 's3-g0-o0', by: 'ada' }]);
  });
});
