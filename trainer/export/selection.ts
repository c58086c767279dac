/** The rollouts that a list shows: what a query keeps, in the list's order, the first so many of them. */
import { setImmediate } from 'node:timers/promises';
import { answerOrder } from '../protocol/answer-order.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Expression } from '../protocol/query/expression.ts';
import type { ListSort } from '../protocol/query/sort.ts';
import type { GroupWithRollouts } from '../protocol/records.ts';
import type { ListAsked, RolloutPage } from '../store/rollout-list.ts';
import type { RolloutReader } from '../store/rollout-reader.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Chosen } from './export-run.ts';
import { type RolloutRecord, rolloutRecord } from './tables.ts';

export interface Selected {
  readonly expression: Expression;
  /** Null is the newest first. */
  readonly sort: ListSort | null;
  /** Null takes all that there are. */
  readonly limit: number | null;
}

export interface ChosenRollouts extends Chosen {
  readonly records: AsyncIterable<RolloutRecord>;
  /** How many there are without the limit. */
  readonly matching: number;
}

const pageRows = 200;

/** At a time, of what is indexed anew; whoever else is served in this thread waits no longer. */
const fillMs = 15;

/**
 * Of a run of an older version, what queries need is filled first, so that nothing is left out.
 * @throws StudioError as the reader does; what is taken from `records` throws as the store
 */
export async function selectedRollouts(
  reader: RolloutReader,
  store: RunStore,
  { expression, sort, limit }: Selected,
  signal?: AbortSignal,
): Promise<ChosenRollouts> {
  const attention = signal ? { signal } : {};
  while (store.filledShare() < 1) {
    signal?.throwIfAborted();
    store.fill(fillMs);
    await setImmediate();
  }
  const { matching } = await reader.count(store.folder, { expression, sort, facets: false }, attention);
  const most = limit ?? Number.POSITIVE_INFINITY;
  /** As the list shows them: where it is the newest first, the answers of one group in their order. */
  async function* rows(): AsyncGenerator<RolloutPage['rows'][number]> {
    const together: RolloutPage['rows'][number][] = [];
    for (let at: { readonly after: string } | null = null; ; ) {
      const asked: ListAsked = { expression, sort, at, limit: pageRows };
      const page: RolloutPage = await reader.list(store.folder, asked, attention);
      for (const row of page.rows) {
        if (sort !== null || together[0]?.groupId !== row.groupId) yield* together.splice(0).sort(answerOrder);
        together.push(row);
      }
      if (!page.more || page.last === null) break;
      at = { after: page.last };
    }
    yield* together.sort(answerOrder);
  }
  async function* records(): AsyncGenerator<RolloutRecord> {
    /** The group of the row before, since those of one group mostly follow each other. */
    let group: GroupWithRollouts | null = null;
    let taken = 0;
    for await (const { id, groupId } of rows()) {
      if (taken === most) return;
      if (group?.id !== groupId) group = store.group(groupId);
      const rollout = group.rollouts.find((one) => one.id === id);
      if (!rollout)
        throw new StudioError('conflict', `The run went back over ${id} while it was exported.`, {
          remedy: 'Export again.',
        });
      yield rolloutRecord(rollout, group);
      taken++;
    }
  }
  return { records: records(), count: Math.min(matching, most), matching };
}
