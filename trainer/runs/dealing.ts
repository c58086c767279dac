/** A run's answers dealt out to people. */
import { authorOfSetting } from '../annotations/author.ts';
import { annotatorOf, type DealtItem, dealOut, dealtItems, waitingItems } from '../annotations/dealing/deal.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import { itemKey } from '../protocol/annotations/entries.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Dealt } from '../protocol/review-queue.ts';
import type { RunLabels } from './run-labels.ts';
import type { DealAsked } from './service.ts';

type Labels = Pick<RunLabels, 'read' | 'append' | 'itemOf'>;

export interface DealtAnswer extends DealtItem {
  readonly rolloutId: string;
}

/** All of a run that have the text that was dealt out, in the order in which they were. */
export function dealtAnswers(labels: Labels, { book }: LabelFolder, runId: string): DealtAnswer[] {
  return dealtItems(book, (item) => item.kind === 'rollout' && item.run === runId).flatMap((dealt) => {
    const { item } = dealt.said;
    if (item.kind !== 'rollout' || hashNow(labels, runId, item.rollout) !== item.hash) return [];
    return [{ ...dealt, rolloutId: item.rollout }];
  });
}

/** Null for an answer that is not here. */
function hashNow(labels: Labels, runId: string, rolloutId: string): string | null {
  try {
    return labels.itemOf(runId, rolloutId).item.hash;
  } catch (thrown) {
    if (thrown instanceof StudioError && thrown.kind === 'not-found') return null;
    throw thrown;
  }
}

interface Dealing extends Pick<DealAsked, 'annotators' | 'overlap' | 'seed'> {
  readonly runId: string;
  /** Ids of the answers that may be dealt out, in the order in which they are worked. */
  readonly fresh: readonly string[];
  /** Who deals, as settings name them. */
  readonly by: string;
}

/** @throws StudioError `bad-input` for a name that can sign nothing, and as `dealOut` */
export async function dealAnswers(labels: Labels, { runId, fresh, by, annotators, ...how }: Dealing): Promise<Dealt> {
  const folder = await labels.read();
  const before = dealtAnswers(labels, folder, runId);
  const ids = [...fresh, ...before.map(({ rolloutId }) => rolloutId)];
  const answers = new Map(ids.map((id) => [itemKey(labels.itemOf(runId, id).item), id]));
  const keys = Array.from(answers.keys());
  const { entries, ...dealt } = await dealOut(folder, {
    ...how,
    before,
    fresh: keys.slice(0, fresh.length),
    annotators: annotators.map(annotatorOf),
    by: authorOfSetting(by),
    describe: (key) => labels.itemOf(runId, answers.get(key) ?? ''),
  });
  await labels.append(folder, entries);
  return { ...dealt, ids: [...dealt.ids], waiting: waitingItems(dealtAnswers(labels, await labels.read(), runId)) };
}
