/** A run of many rollouts behind a scripted trainer, whose list and counts are worked out plainly from all rows in memory. */
import { StudioError } from '../../../../trainer/protocol/errors.ts';
import type { RequestInput, RequestResult, RolloutRow } from '../../../../trainer/protocol/messages.ts';
import { everything } from '../../../../trainer/protocol/query/expression.ts';
import type { Subject } from '../../../../trainer/protocol/query/fields.ts';
import { matches } from '../../../../trainer/protocol/query/matches.ts';
import { parseQuery } from '../../../../trainer/protocol/query/parse.ts';
import { compareSortValues, sortValue } from '../../../../trainer/protocol/query/sort.ts';
import type { GroupWithRollouts } from '../../../../trainer/protocol/records.ts';
import { Fetched, RunFeed } from '../../../../webview/state/run-feed.ts';
import { aRunThat } from '../../../protocol/every-standing.ts';
import { aGroup, aRollout } from '../../../store/records.ts';
import { newConnection, ScriptedTrainer } from '../../state/scripted-trainer.ts';

/** `answers` ordered answers and half as many shuffled ones to the question of a step; every third answer is wrong. */
export function groupOfStep(step: number, answers = 4): GroupWithRollouts {
  const id = `s${step}`;
  const one = (order: 'ordered' | 'shuffled', index: number) =>
    aRollout({
      id: `${id}-${order === 'ordered' ? 'o' : 's'}${index}`,
      groupId: id,
      step,
      order,
      index,
      correct: (step + index) % 3 > 0,
      tokenCount: 10 + ((step * 7 + index * 3) % 50),
    });
  return aGroup(step, {
    id,
    rollouts: [
      ...Array.from({ length: answers }, (_, index) => one('ordered', index)),
      ...Array.from({ length: answers / 2 }, (_, index) => one('shuffled', index)),
    ],
  });
}

interface Stored extends Subject {
  readonly key: number;
}

export class ListModel {
  readonly trainer: ScriptedTrainer;
  readonly feed: RunFeed;
  readonly link: ReturnType<ScriptedTrainer['link']>;
  private readonly stored: Stored[] = [];
  private readonly results = new Map<string, readonly Stored[]>();
  readonly connection = newConnection();

  constructor(groups: readonly GroupWithRollouts[]) {
    for (const group of groups) this.store(group);
    this.trainer = new ScriptedTrainer([aRunThat({ state: 'running', doing: null }, { id: 'a', name: 'a', step: 0 })], {
      'rollouts/list': async (asked) => this.list(asked),
      'rollouts/count': async (asked) => this.count(asked),
      'rollouts/cancel': async () => ({}),
    });
    this.link = this.trainer.link(this.connection);
    const source = {
      connection: this.connection,
      fetched: new Fetched(),
      nextPaint: (run: () => void) => void setImmediate(run),
    };
    this.feed = new RunFeed(source, aRunThat({ state: 'running', doing: null }, { id: 'a', name: 'a', step: 0 }));
  }

  /** A new group: stored and told of. */
  arrive(group: GroupWithRollouts): void {
    this.store(group);
    this.trainer.record('a', { type: 'group', group });
  }

  /** Ids of a result, in the trainer's order. */
  ids(query: string, sort: RequestInput<'rollouts/list'>['sort'] = undefined): string[] {
    return this.result(query, sort).map(({ rollout }) => rollout.id);
  }

  private store(group: GroupWithRollouts): void {
    for (const rollout of group.rollouts) {
      this.stored.push({ key: this.stored.length + 1, run: { id: 'a', name: 'a' }, group, rollout, annotations: [] });
    }
  }

  private result(query: string, sort: RequestInput<'rollouts/list'>['sort']): readonly Stored[] {
    const asked = JSON.stringify([query, sort, this.stored.length]);
    const known = this.results.get(asked) ?? this.ordered(query, sort);
    this.results.set(asked, known);
    return known;
  }

  private ordered(query: string, sort: RequestInput<'rollouts/list'>['sort']): Stored[] {
    const expression = parseQuery(query).expression ?? everything;
    const kept = this.stored.filter((one) => matches(expression, one));
    return kept.sort(
      (a, b) =>
        (sort ? compareSortValues(sortValue(sort.by, a), sortValue(sort.by, b), sort.descending) : 0) || b.key - a.key,
    );
  }

  private list({ query, sort, at, limit }: RequestInput<'rollouts/list'>): RequestResult<'rollouts/list'> {
    const result = this.result(query, sort);
    const placeOf = (cursor: string) => result.findIndex(({ key }) => String(key) === cursor);
    let from = 0;
    let to: number | null = null;
    if (at && 'index' in at) from = at.index;
    if (at && 'after' in at) from = placeOf(at.after) + 1;
    if (at && 'before' in at) {
      to = placeOf(at.before);
      from = Math.max(0, to - limit);
    }
    if (at && 'step' in at)
      from = Math.max(
        0,
        result.findIndex(({ group }) => group.step <= at.step),
      );
    if (at && 'rollout' in at) {
      if (!this.stored.some(({ rollout }) => rollout.id === at.rollout))
        throw new StudioError('not-found', 'no such one');
      from = Math.max(
        0,
        result.findIndex(({ rollout }) => rollout.id === at.rollout),
      );
    }
    const page = result.slice(from, to ?? from + limit);
    const cursor = (one: Stored | undefined) => (one ? String(one.key) : null);
    return {
      rows: page.map(rowOf),
      index: from,
      exact: true,
      total: this.stored.length,
      first: cursor(page[0]),
      last: cursor(page.at(-1)),
      more: from + page.length < result.length,
    };
  }

  private count({ query }: RequestInput<'rollouts/count'>): RequestResult<'rollouts/count'> {
    return {
      matching: this.result(query, undefined).length,
      total: this.stored.length,
      facets: {},
      outdated: 0,
      weighed: null,
      filled: 1,
    };
  }
}

function rowOf({ key, group, rollout }: Stored): RolloutRow {
  const { text: _, parsed: __, ...shown } = rollout;
  const { problem, problemType, dataType } = group.question;
  const of = { purpose: group.purpose, at: group.at, p: group.temporal?.p ?? null };
  return {
    ...shown,
    ...of,
    key,
    kl: null,
    pShuffled: group.temporal?.pShuffled ?? null,
    flags: 0,
    problem,
    problemType,
    dataType,
  };
}
