/** The list asks the trainer with the line as it is typed, and takes in what arrives as the trainer would have kept it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../../../../trainer/protocol/errors.ts';
import type { GroupWithRollouts, RunEvent, RunEventBody } from '../../../../trainer/protocol/records.ts';
import { RolloutFeed } from '../../../../webview/rollouts/list/rollout-feed.ts';
import type { RunFeed } from '../../../../webview/state/run-feed.ts';
import { Store } from '../../../../webview/ui/store.ts';
import { type SubjectParts, subjectOf } from '../../../protocol/query/subjects.ts';

interface Asked {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  answer(result: unknown): Promise<unknown>;
  fail(error: StudioError): Promise<unknown>;
}

/** A run whose requests wait to be answered. */
function aRun() {
  const asked: Asked[] = [];
  let listener: (events: readonly RunEvent[]) => void = () => {};
  let ready = () => {};
  const failed: unknown[] = [];
  const settled = () => vi.advanceTimersByTimeAsync(0);
  const run = {
    state: new Store({
      view: {
        run: { id: 'r1', name: 'First try', dataset: 'train.json' },
        evaluations: [{ byFamily: [{ name: 'light' }] }],
        annotations: [{ author: 'ann' }],
      },
    }),
    request: (method: string, params: Record<string, unknown>) =>
      new Promise((resolve, reject) => {
        asked.push({
          method,
          params,
          answer: (result) => {
            resolve(result);
            return settled();
          },
          fail: (error) => {
            reject(error);
            return settled();
          },
        });
      }),
    watchEvents: (added: typeof listener) => {
      listener = added;
      return () => {};
    },
    id: 'r1',
    connection: {
      state: new Store({ link: { state: 'open', reason: '' } }),
      on: () => () => {},
      whenReady: (added: typeof ready) => {
        ready = added;
        return () => {};
      },
    },
    fail: (error: unknown) => failed.push(error),
  } as unknown as RunFeed;
  const arrive = (...bodies: RunEventBody[]) =>
    listener(bodies.map((body, seq) => ({ runId: 'r1', seq, at: 0, body })));
  const of = (method: string) => asked.filter((one) => one.method === method);
  return { run, arrive, of, failed, relink: () => ready() };
}

function groupOf(id: string, ...parts: SubjectParts[]): RunEventBody {
  const subjects = parts.map((part) => subjectOf(part));
  const group: GroupWithRollouts = {
    ...subjectOf(parts[0]).group,
    id,
    rollouts: subjects.map(({ rollout }, index) => ({ ...rollout, groupId: id, id: `${id}-${index}`, index })),
  };
  return { type: 'group', group };
}

const idsOf = (feed: RolloutFeed) => {
  const { rows } = feed.state.get();
  return Array.from({ length: rows.length }, (_, index) => rows.at(index)?.id);
};

const noRows = { rows: [], index: 0, exact: true, total: 0, first: null, last: null, more: false };

describe('RolloutFeed', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('asks for rows and for all counts with the line, once for each line that means something else', async () => {
    const { run, of } = aRun();
    const feed = new RolloutFeed(run, 'half:ordered');
    expect(of('rollouts/list').map(({ params }) => params)).toEqual([{ query: 'half:ordered', limit: 100 }]);
    expect(of('rollouts/count').map(({ params }) => params)).toEqual([{ query: 'half:ordered', facets: true }]);
    feed.setLine('half:shuffled');
    feed.setLine('half:shuffled aha>');
    feed.setLine('half:shuffled aha>2');
    feed.setLine('order:shuffled  aha>2');
    const meaning = ['half:ordered', 'half:shuffled', 'half:shuffled aha>2'];
    expect(of('rollouts/count').map(({ params }) => params.query)).toEqual(meaning);
    expect(of('rollouts/list').map(({ params }) => params.query)).toEqual(meaning);
    expect(of('rollouts/cancel')).toHaveLength(2);
    expect(feed.state.get().faults).toEqual([]);
  });

  it('keeps the last good line while there is a fault', async () => {
    const { run, of } = aRun();
    const feed = new RolloutFeed(run, 'ordr:shuffled');
    expect(feed.state.get()).toMatchObject({ line: 'ordr:shuffled', goodLine: '' });
    expect(feed.state.get().faults[0]?.suggestion).toBe('order');
    expect(of('rollouts/list')[0]?.params.query).toBe('');
  });

  it('knows how many match from a page that is not full, before they are counted', async () => {
    const { run, of } = aRun();
    const feed = new RolloutFeed(run, 'flagged');
    await of('rollouts/list')[0]?.answer({ ...noRows, total: 7 });
    expect(feed.counts.state.get()).toMatchObject({ matching: 0, total: 7, state: 'counting' });
    expect(feed.state.get().reading).toBe(false);
    await of('rollouts/count')[0]?.answer({ matching: 0, total: 7, facets: { flagged: 0, 'half:ordered': 4 } });
    expect(feed.counts.state.get().facets).toEqual({ flagged: 0, 'half:ordered': 4 });
  });

  it('takes in new rows that the query keeps, and counts for every chip those that it would keep', async () => {
    const { run, of, arrive } = aRun();
    const feed = new RolloutFeed(run, 'half:ordered "rolls left"');
    await of('rollouts/list')[0]?.answer(noRows);
    await of('rollouts/count')[0]?.answer({ matching: 0, total: 0, facets: {} });
    arrive(
      groupOf('g', {}, { rollout: { text: 'left it rolls' } }, { rollout: { order: 'shuffled', correct: false } }),
    );
    const { matching, total, facets } = feed.counts.state.get();
    expect(idsOf(feed)).toEqual(['g-0']);
    expect({ matching, total }).toEqual({ matching: 1, total: 3 });
    expect(facets).toMatchObject({
      'half:ordered': 1,
      'half:shuffled': 1,
      'correct:true': 1,
      'correct:false': 0,
      'aha>=3': 1,
      'aha>=4': 0,
      flagged: 0,
    });
    expect(of('rollouts/count')).toHaveLength(1);
  });

  it('counts again what arrived during a count, once that is done', async () => {
    const { run, of, arrive } = aRun();
    const feed = new RolloutFeed(run, '');
    await of('rollouts/list')[0]?.answer(noRows);
    arrive(groupOf('g', {}));
    await vi.advanceTimersByTimeAsync(5000);
    expect(of('rollouts/count')).toHaveLength(1);
    await of('rollouts/count')[0]?.answer({ matching: 0, total: 0, facets: {} });
    await vi.advanceTimersByTimeAsync(2000);
    await of('rollouts/count')[1]?.answer({ matching: 1, total: 1, facets: {} });
    await vi.advanceTimersByTimeAsync(2000);
    expect(feed.counts.state.get()).toMatchObject({ matching: 1, total: 1 });
    expect(of('rollouts/count')).toHaveLength(2);
  });

  it('says nothing of a count that a newer one ended', async () => {
    const { run, of, failed } = aRun();
    new RolloutFeed(run, '');
    await of('rollouts/count')[0]?.fail(new StudioError('cancelled', 'A newer count took its place.'));
    expect(failed).toEqual([]);
  });

  it('says why it could not count, and counts again on the next link', async () => {
    const { run, of, failed, relink } = aRun();
    const feed = new RolloutFeed(run, '');
    await of('rollouts/list')[0]?.answer(noRows);
    const lost = new StudioError('connection-lost', 'The trainer went away.');
    await vi.advanceTimersByTimeAsync(300);
    expect(feed.state.get().slow).toBe(true);
    await of('rollouts/count')[0]?.fail(lost);
    expect(feed.state.get().slow).toBe(false);
    expect(failed).toEqual([lost]);
    relink();
    await of('rollouts/count')[1]?.answer({ matching: 3, total: 4, facets: {} });
    expect(feed.counts.state.get()).toMatchObject({ matching: 3, total: 4 });
  });

  it('shows a group once that came while the first page was on its way', async () => {
    const { run, of, arrive } = aRun();
    const feed = new RolloutFeed(run, '');
    await of('rollouts/count')[0]?.answer({ matching: 1, total: 1, facets: {} });
    arrive(groupOf('old', {}), groupOf('new', {}));
    expect(idsOf(feed)).toEqual([]);
    expect(feed.counts.state.get()).toMatchObject({ matching: 3, total: 3 });
    const { rollout, group } = subjectOf({ rollout: { id: 'old-0', groupId: 'old' } });
    const { problem, problemType, dataType } = group.question;
    const row = {
      ...rollout,
      key: 1,
      problem,
      problemType,
      dataType,
      purpose: 'train',
      p: null,
      pShuffled: null,
      at: 0,
      flags: 0,
    };
    await of('rollouts/list')[0]?.answer({ ...noRows, rows: [row], total: 2 });
    expect(idsOf(feed)).toEqual(['new-0', 'old-0']);
    expect(feed.counts.state.get()).toMatchObject({ matching: 3, total: 3 });
  });

  it('drops answers to the line before', async () => {
    const { run, of } = aRun();
    const feed = new RolloutFeed(run, '');
    feed.setLine('flagged');
    await of('rollouts/list')[0]?.answer({ ...noRows, total: 9 });
    await of('rollouts/count')[0]?.answer({ matching: 9, total: 9, facets: {} });
    expect(feed.counts.state.get()).toMatchObject({ matching: null, total: null });
  });

  it('counts again when something is flagged', async () => {
    const { run, of, arrive } = aRun();
    const feed = new RolloutFeed(run, '');
    await of('rollouts/count')[0]?.answer({ matching: 1, total: 1, facets: {} });
    const [annotation] = subjectOf({ annotations: [{ author: 'bob' }] }).annotations;
    if (annotation) arrive({ type: 'annotation', annotation });
    await vi.advanceTimersByTimeAsync(2000);
    expect(of('rollouts/count')).toHaveLength(2);
    expect(feed.seenValues().flagBy).toEqual(['bob', 'ann']);
  });

  it('remembers what text fields held', () => {
    const { run, arrive } = aRun();
    const feed = new RolloutFeed(run, '');
    arrive(groupOf('g', { question: { source: 'STAR', family: 'bounces' } }));
    expect(feed.seenValues()).toEqual({
      source: ['STAR'],
      dataset: ['train.json'],
      family: ['bounces', 'light'],
      flagBy: ['ann'],
      run: ['First try'],
    });
  });
});
