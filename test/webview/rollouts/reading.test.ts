/** What one reads moves by key through rows, questions, frames and aha moments, and only by the reader's own hand. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Weighing } from '../../../trainer/protocol/evidence.ts';
import { everything } from '../../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import type {
  AhaMoment,
  Annotation,
  GroupWithRollouts,
  RolloutTokens,
  RunEventBody,
} from '../../../trainer/protocol/records.ts';
import type { FeedState } from '../../../webview/rollouts/list/rollout-feed.ts';
import { type RolloutRow, rowsOfGroup } from '../../../webview/rollouts/list/rollout-row.ts';
import { noRows } from '../../../webview/rollouts/list/row-pages.ts';
import { nowhere, Reading, type ReadList, type RolloutsPlace } from '../../../webview/rollouts/reading.ts';
import type { RunFeed } from '../../../webview/state/run-feed.ts';
import { Store } from '../../../webview/ui/store.ts';
import { aGroup, anAnnotation } from '../../store/records.ts';
import { answered, aWeighing, pieces, startOf } from '../rollout/evidence/weighed.ts';

const aha = (start: number, tier: AhaMoment['tier']): AhaMoment => ({
  span: { start, end: start + 2 },
  tier,
  rule: 'r',
  evidence: 'e',
});

/** Of an answer whose text is `<think>one two`; special tokens stand nowhere in it, and tags are not shown. */
const tokens: RolloutTokens = {
  pieces: ['<think>', 'one', ' two', '<|end|>'],
  logprobs: [0, 0, -1, 0],
  entropy: [0, 0, 0, 0],
};

/** What the trainer has of them. */
let tokensNow = tokens;

/** What the trainer has found out of the answer that is read. */
let weighingNow: Weighing | null = null;

const answers: Readonly<Record<string, () => unknown>> = {
  'rollouts/tokens': () => tokensNow,
  'evidence/get': () => ({ weighing: weighingNow }),
  'evidence/cost': () => ({ by: null, answers: 1, weighed: 0, passes: 9, ms: null, refusal: null }),
};

/** Newest first: three answers of step 3, of step 2 and of step 1. */
const groups = [3, 2, 1].map((step) => aGroup(step));
const rows = groups.flatMap((group) => rowsOfGroup(group).reverse());
const ids = rows.map(({ id }) => id);

class List implements ReadList {
  readonly state = new Store({
    rows: noRows,
    line: '',
    query: everything,
    sort: null,
    list: 1,
    reading: false,
    chosen: null,
    following: true,
  } as unknown as FeedState);

  get following() {
    return this.state.get().following;
  }

  hold() {
    this.state.update((state) => ({ ...state, following: false }));
  }

  follow() {
    this.state.update((state) => ({ ...state, following: true }));
  }

  setLine(line: string) {
    this.state.update((state) => ({ ...state, line, query: { kind: 'any', of: [] } }));
  }

  setSort(sort: FeedState['sort']) {
    this.state.update((state) => ({ ...state, sort }));
  }

  choose(id: string | null) {
    const is = this.state.get().rows.indexOf(id ?? '') < 0 ? 'outside' : 'held';
    this.state.update((state) => ({ ...state, chosen: id === null ? null : { id, is } }));
  }

  async row(index: number) {
    return this.state.get().rows.at(index);
  }

  async find() {
    return 3;
  }

  show(shown: readonly RolloutRow[]) {
    this.state.update((state) => ({ ...state, rows: noRows.withTop(shown) }));
    this.choose(this.state.get().chosen?.id ?? null);
  }

  /** Another list, which is read. */
  renew(shown: readonly RolloutRow[]) {
    this.state.update((state) => ({ ...state, list: state.list + 1 }));
    this.show(shown);
  }
}

interface Asked {
  readonly groupId: string;
  give(group: GroupWithRollouts): void;
  refuse(why: Error): void;
}

let list: List;
let place: Store<RolloutsPlace>;
let reading: Reading;
let asked: Asked[];
let faults: unknown[];
/** The verdict of who signs here. */
let written: Annotation | null;
/** As the feed tells an event. */
let tell: (body: RunEventBody) => void;

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Gives the group that was asked for last. */
async function give(given: Partial<GroupWithRollouts> = {}): Promise<void> {
  const last = asked.at(-1);
  const group = groups.find(({ id }) => id === last?.groupId);
  if (last && group) last.give({ ...group, ...given });
  await settle();
}

function open(at: RolloutsPlace = nowhere) {
  list = new List();
  asked = [];
  faults = [];
  written = null;
  place = new Store(at);
  reading = new Reading(
    {
      group: (groupId) =>
        new Promise((resolve, reject) => {
          asked.push({ groupId, give: resolve, refuse: reject });
        }),
      request: ((method: string) =>
        method in answers
          ? Promise.resolve(answers[method]?.())
          : Promise.reject(new Error('no trainer'))) as unknown as RunFeed['request'],
      connection: {
        on: () => () => {},
        request: (() => Promise.reject(new Error('no trainer'))) as unknown as RunFeed['connection']['request'],
      },
      fail: (thrown) => faults.push(thrown),
      ownVerdict: (rolloutId) => (written?.rolloutId === rolloutId ? written : null),
      watchEvents: (listener) => {
        tell = (body) => listener([{ runId: 'a', seq: 1, at: 1, body }]);
        return () => {};
      },
    },
    list,
    place,
  );
}

beforeEach(() => open());

describe('Reading', () => {
  it('shows the first row that is read, and goes on following', async () => {
    expect(reading.rollout).toBeNull();
    list.show(rows);
    await give();
    expect(reading.rollout?.id).toBe(ids[0]);
    expect(list.following).toBe(true);
    list.show([...rowsOfGroup(aGroup(4)), ...rows]);
    expect(place.get().rolloutId).toBe(ids[0]);
  });

  it('takes in what the update tells of the answer that is read, its tokens too, and moves nothing', async () => {
    list.show(rows);
    await give();
    reading.showFrame(1);
    const [other = '', read = ''] = [ids[3], ids[0]];
    tell({ type: 'references', step: 2, kl: { [other]: 0.5 } });
    await settle();
    expect(reading.rollout).not.toHaveProperty('kl');
    expect(reading.state.get().tokens).toBe(tokens);
    tokensNow = { ...tokens, referenceLogprobs: [0, -2, 0] };
    onTestFinished(() => {
      tokensNow = tokens;
    });
    tell({ type: 'references', step: 3, kl: { [read]: 0.25 } });
    await settle();
    expect(reading.rollout).toMatchObject({ id: read, kl: 0.25 });
    expect(reading.state.get()).toMatchObject({ tokens: tokensNow, frame: 1 });
    expect(list.following).toBe(true);
  });

  it('moves row by row, to the ends and no further, and holds the list', () => {
    list.show(rows);
    reading.move(-1);
    expect([place.get().rolloutId, list.following]).toEqual([ids[0], true]);
    reading.move(1);
    expect([place.get().rolloutId, list.following]).toEqual([ids[1], false]);
    for (let i = 0; i < 20; i += 1) reading.move(1);
    expect(place.get()).toMatchObject({ groupId: groups[2]?.id, rolloutId: ids[8], line: '' });
  });

  it('moves to the first row of the question below and above', () => {
    list.show(rows);
    reading.move(1);
    reading.moveQuestion(1);
    expect(place.get().rolloutId).toBe(ids[3]);
    reading.move(1);
    reading.moveQuestion(1);
    expect(place.get().rolloutId).toBe(ids[6]);
    reading.moveQuestion(1);
    expect(place.get().rolloutId).toBe(ids[6]);
    reading.move(1);
    reading.moveQuestion(-1);
    expect(place.get().rolloutId).toBe(ids[3]);
  });

  it('begins at the first row where the list does not hold what is read', () => {
    list.show(rows);
    for (const by of [1, -1] as const) {
      reading.select('gone', 'gone');
      reading.moveQuestion(by);
      expect(place.get().rolloutId).toBe(ids[0]);
    }
  });

  it('goes to the newest row and follows from there', () => {
    list.show(rows);
    reading.move(1);
    reading.moveToNewest();
    expect([place.get().rolloutId, list.following]).toEqual([ids[0], true]);
  });

  it('keeps the question that is read until the next is there, and drops answers that come too late', async () => {
    list.show(rows);
    await give();
    reading.moveQuestion(1);
    expect(reading.state.get().group?.id).toBe(groups[0]?.id);
    expect(reading.rollout).toBeNull();
    const late = asked.at(-1);
    reading.moveQuestion(1);
    late?.give(groups[1] as GroupWithRollouts);
    await settle();
    expect(reading.state.get().group?.id).toBe(groups[0]?.id);
    await give();
    expect(reading.rollout?.id).toBe(ids[6]);
    late?.refuse(new Error('too late'));
    expect(faults).toEqual([]);
  });

  it('says why a question could not be read, unless nobody reads it any more', async () => {
    list.show(rows);
    asked[0]?.refuse(new Error('gone'));
    await settle();
    expect(reading.state.get().unread?.message).toBe('gone');
    reading.readAgain();
    await give();
    expect(reading.state.get().unread).toBeNull();
    reading.moveQuestion(1);
    reading.dispose();
    asked.at(-1)?.refuse(new Error('gone too'));
    await settle();
    expect(reading.state.get().unread).toBeNull();
  });

  it('turns the frames round, and begins each question with the first', async () => {
    list.show(rows);
    await give();
    reading.moveFrame(1);
    expect(reading.state.get().frame).toBe(1);
    reading.moveFrame(1);
    expect(reading.state.get().frame).toBe(0);
    reading.moveFrame(-1);
    expect(reading.state.get().frame).toBe(1);
    reading.move(1);
    expect(reading.state.get().frame).toBe(1);
    reading.moveQuestion(1);
    expect(reading.state.get().frame).toBe(0);
  });

  it('plays the frames until it is stopped, by hand, by a chosen frame or by another question', async () => {
    list.show(rows);
    await give();
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const played = () => {
      const before = reading.state.get().frame;
      vi.advanceTimersByTime(220);
      return reading.state.get().frame !== before;
    };
    reading.toggleFlip();
    expect([played(), played()]).toEqual([true, true]);
    reading.toggleFlip();
    expect(played()).toBe(false);
    reading.toggleFlip();
    reading.showFrame(1);
    expect([reading.state.get().frame, played()]).toEqual([1, false]);
    reading.toggleFlip();
    reading.moveQuestion(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('jumps from aha to aha in the order of the text, round the ends, past cues that the prompt asks for', async () => {
    list.show(rows);
    const [first] = groups;
    await give({
      rollouts: (first?.rollouts ?? []).map((rollout) => ({
        ...rollout,
        aha: [aha(30, 3), aha(8, 2), aha(12, 1), aha(20, 5)],
      })),
    });
    const jump = (by: 1 | -1) => {
      reading.moveAha(by);
      return reading.state.get().aha?.start;
    };
    expect([jump(1), jump(1), jump(1), jump(1)]).toEqual([8, 20, 30, 8]);
    expect(jump(-1)).toBe(30);
    const before = reading.state.get().aha;
    reading.move(1);
    expect(reading.state.get().aha).toBeNull();
    expect(jump(-1)).toBe(30);
    expect(reading.state.get().aha).not.toBe(before);
  });

  it('goes through the hits of the filter in the text, and through its tokens, and lets go with the answer', async () => {
    list.show(rows);
    const parsed = { think: { start: 7, end: 14 }, answer: null, problems: [] };
    const text = (rollout: GroupWithRollouts['rollouts'][number]) => ({ ...rollout, text: '<think>one two', parsed });
    await give({ rollouts: (groups[0]?.rollouts ?? []).map(text) });
    list.state.update((state) => ({ ...state, query: parseQuery('two').expression ?? state.query }));
    expect(reading.hits).toEqual([{ start: 11, end: 14 }]);
    reading.moveHit(1);
    expect(reading.state.get().hit).toEqual({ start: 11 });
    const moved = (by: 1 | -1) => {
      reading.moveToken(by);
      return reading.state.get().token;
    };
    expect([moved(1), moved(1), moved(1), moved(-1), moved(-1)]).toEqual([1, 2, 2, 1, 1]);
    reading.move(1);
    expect(reading.state.get()).toMatchObject({ hit: null, token: null, tokens: null });
  });

  it('goes through the shades that can be had, in both directions', async () => {
    list.show(rows);
    await give();
    const shaded = (by: 1 | -1, noEntropy: string | null) => {
      reading.moveShade(by, noEntropy);
      return reading.state.get().shade;
    };
    const round = ['probability', 'entropy', 'order', 'frames', 'text'];
    expect(round.map(() => shaded(1, null))).toEqual(round);
    expect([shaded(-1, 'none'), shaded(1, 'none')]).toEqual(['frames', 'text']);
    expect([shaded(1, 'none'), shaded(1, 'none')]).toEqual(['probability', 'order']);
  });

  it('goes through the words that stood on much, and shades by it', async () => {
    const [shown] = groups[0]?.rollouts.filter(({ id }) => id === ids[0]) ?? [];
    tokensNow = { ...tokens, pieces };
    list.show(rows);
    await give(shown && { rollouts: [{ ...shown, ...answered(0.3) }] });
    reading.moveWord(1);
    expect(reading.state.get().shade).toBe('text');
    weighingNow = { ...aWeighing(), rolloutId: ids[0] ?? '' };
    await reading.evidence.readAgain();
    reading.moveWord(1);
    expect(reading.state.get().shade).toBe('order');
    expect(reading.evidence.state.get().picked).toEqual({ kind: 'word', start: startOf.left });
    reading.moveWord(-1);
    expect(reading.evidence.state.get().picked).toEqual({ kind: 'word', start: startOf.hence });
    reading.shade('frames');
    reading.moveWord(1);
    expect(reading.evidence.state.get().picked).toEqual({ kind: 'word', start: startOf.right });
    weighingNow = null;
    tokensNow = tokens;
  });

  it('has nowhere to jump in an answer without an aha', async () => {
    list.show(rows);
    await give();
    reading.moveAha(1);
    expect(reading.state.get().aha).toBeNull();
  });

  it('leaves a flag that was begun when another answer is read, and begins none on no answer', async () => {
    reading.flag(null);
    expect(reading.flagging.state.get().draft).toBeNull();
    list.show(rows);
    await give();
    reading.flag({ start: 7, end: 9 });
    expect(reading.flagging.state.get().draft?.span).toEqual({ start: 7, end: 9 });
    expect(reading.state.get().pane).toBe('rollout');
    reading.move(1);
    expect(reading.flagging.state.get().draft).toBeNull();
  });

  it('has a fixed text go on from the one that was written for this very answer', async () => {
    list.show(rows);
    await give();
    expect(reading.flagging.textToFix).toBe(reading.rollout?.text);
    written = { ...anAnnotation(1, ids[0] ?? ''), verdict: 'fix', fixed: 'as it should be' };
    expect(reading.flagging.textToFix).toBe('as it should be');
    reading.move(1);
    await give();
    expect(reading.flagging.textToFix).toBe(reading.rollout?.text);
  });

  it('keeps a flag open that could not be saved, and says why', async () => {
    list.show(rows);
    await give();
    reading.flag(null);
    await expect(reading.flagging.save()).resolves.toBe(false);
    reading.flagging.change({ category: 'other' });
    faults.length = 0;
    await expect(reading.flagging.save()).resolves.toBe(false);
    expect(reading.flagging.state.get().draft).toMatchObject({ span: null, category: 'other' });
    expect(faults).toHaveLength(1);
  });

  it('goes where somebody else puts it, and keeps the filter that is typed', async () => {
    open({ groupId: groups[1]?.id ?? null, rolloutId: ids[4] ?? null, line: 'aha>=2' });
    list.state.update((state) => ({ ...state, line: 'aha>=2' }));
    await give();
    expect(reading.rollout?.id).toBe(ids[4]);
    list.show(rows);
    expect(place.get().rolloutId).toBe(ids[4]);
    place.update((held) => ({ ...held, groupId: groups[2]?.id ?? null, rolloutId: ids[7] ?? null }));
    await give();
    expect(reading.rollout?.id).toBe(ids[7]);
    list.state.update((state) => ({ ...state, line: 'aha>=3' }));
    expect(place.get()).toEqual({
      groupId: groups[2]?.id,
      rolloutId: ids[7],
      line: 'aha>=3',
      sort: null,
      following: false,
    });
  });

  it('stays where somebody else puts it, and follows on after a reload where it followed before', () => {
    list.show(rows);
    expect([place.get().following, list.following]).toEqual([true, true]);
    const before = place.get();
    place.set({ groupId: groups[2]?.id ?? null, rolloutId: ids[7] ?? null, line: '' });
    expect([place.get().following, list.following]).toEqual([false, false]);
    place.set(before);
    expect(list.following).toBe(true);
    open({ ...before, groupId: groups[1]?.id ?? null, rolloutId: ids[4] ?? null });
    expect(list.following).toBe(true);
    open({ ...before, following: false });
    expect(list.following).toBe(false);
  });

  it('shows the first row of a filter that leaves out what is read', () => {
    list.show(rows);
    reading.move(1);
    reading.move(1);
    list.state.update((state) => ({ ...state, line: 'step:2', query: { kind: 'any', of: [] } }));
    list.renew(rows.slice(3, 6));
    expect(place.get().rolloutId).toBe(ids[3]);
    expect(reading.state.get().outside).toBe(false);
  });

  it('keeps what somebody linked to, and says that the filter does not keep it', () => {
    open({ groupId: groups[2]?.id ?? null, rolloutId: ids[7] ?? null, line: '' });
    list.renew(rows.slice(3, 6));
    expect([place.get().rolloutId, reading.state.get().outside]).toEqual([ids[7], true]);
    list.renew(rows);
    expect([place.get().rolloutId, reading.state.get().outside]).toEqual([ids[7], false]);
    reading.move(-1);
    place.update((held) => ({ ...held, groupId: groups[0]?.id ?? null, rolloutId: ids[0] ?? null }));
    list.renew(rows.slice(3, 6));
    expect([place.get().rolloutId, reading.state.get().outside]).toEqual([ids[0], true]);
    list.state.update((state) => ({ ...state, query: { kind: 'any', of: [] } }));
    list.renew(rows.slice(3, 6));
    expect([place.get().rolloutId, reading.state.get().outside]).toEqual([ids[3], false]);
  });

  it('keeps what a link leads to though the filter of the link itself leaves it out', () => {
    list.show(rows);
    place.set({ groupId: groups[2]?.id ?? null, rolloutId: ids[7] ?? null, line: 'step:2', sort: null });
    list.renew(rows.slice(3, 6));
    expect([place.get().rolloutId, reading.state.get().outside]).toEqual([ids[7], true]);
  });

  it('has the questions beside the one that is read before somebody asks', async () => {
    list.show(rows);
    reading.moveQuestion(1);
    await give();
    expect(asked.map(({ groupId }) => groupId)).toEqual([groups[0]?.id, groups[1]?.id, groups[2]?.id, groups[0]?.id]);
  });
});

it('a link that is followed brings its filter with it, and what is typed after stays', () => {
  place.set({ groupId: 's2-g0', rolloutId: 's2-g0-o0', line: 'correct:false' });
  expect(list.state.get().line).toBe('correct:false');
  list.setLine('correct:true');
  expect(place.get().line).toBe('correct:true');
});
