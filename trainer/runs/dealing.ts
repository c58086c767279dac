/** A run's answers dealt out to people: who is to judge which, and what waits for whom. */
import { type Assignment, assign } from '../annotations/agreement/assignment.ts';
import { byKey } from '../annotations/agreement/judgements.ts';
import { authorOfSetting } from '../annotations/author.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import { assignmentOf } from '../annotations/say.ts';
import { type AssignmentEntry, authorKey, authorLine, authorOf, type Entry } from '../protocol/annotations/entries.ts';
import type { ItemLabels } from '../protocol/annotations/label-book.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Dealt } from '../protocol/review-queue.ts';
import type { RunLabels } from './run-labels.ts';

type Labels = Pick<RunLabels, 'read' | 'append' | 'itemOf'>;

/** An answer that was dealt out, with the text that it has now. */
export interface DealtAnswer {
  readonly rolloutId: string;
  readonly said: ItemLabels;
  readonly assignment: AssignmentEntry;
}

/** All of a run, in the order in which they were dealt out. */
export function dealtAnswers(labels: Labels, { book }: LabelFolder, runId: string): DealtAnswer[] {
  const found = Array.from(book.keys()).flatMap((key): DealtAnswer[] => {
    const said = book.get(key);
    if (said?.item.kind !== 'rollout' || said.item.run !== runId || said.assignment === null) return [];
    const { rollout: rolloutId, hash } = said.item;
    return hashNow(labels, runId, rolloutId) === hash ? [{ rolloutId, said, assignment: said.assignment }] : [];
  });
  return found.sort((a, b) => Date.parse(a.assignment.at) - Date.parse(b.assignment.at));
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

/** Whether an answer was dealt out to somebody who has not judged it. @param author key */
export function isWaitingFor(author: string, { assignment, said }: DealtAnswer): boolean {
  const isOf = (other: Parameters<typeof authorKey>[0]) => authorKey(other) === author;
  return assignment.annotators.some(isOf) && !said.verdicts.some((verdict) => isOf(verdict.author));
}

interface Dealing {
  readonly runId: string;
  /** Ids of the answers that may be dealt out, in the order in which they are worked. */
  readonly fresh: readonly string[];
  /** As settings name them. */
  readonly annotators: readonly string[];
  readonly overlap: number;
  readonly seed: number;
  /** Who deals. */
  readonly by: string;
}

/** @throws StudioError `bad-input` for a name that can sign nothing, and as `assign` */
export async function deal(labels: Labels, { runId, fresh, annotators, overlap, seed, by }: Dealing): Promise<Dealt> {
  const author = authorOfSetting(by);
  const keys = annotators.map((name) => authorKey(authorOfSetting(name)));
  const folder = await labels.read();
  const before = dealtAnswers(labels, folder, runId);
  const given = before.map(
    ({ rolloutId, assignment }): Assignment => ({
      ...{ item: rolloutId, shared: assignment.shared, annotators: assignment.annotators.map(authorKey) },
    }),
  );
  const plan = assign({ given, items: fresh, annotators: keys, overlap, seed });
  const had = new Map(given.map((one) => [one.item, one.annotators.length]));
  const changed = plan.filter((one) => one.annotators.length !== had.get(one.item));
  const entries: Entry[] = [];
  const ids: string[] = [];
  for (const [place, { item, annotators: of, shared }] of changed.entries()) {
    const who = { annotators: of.map(authorOf), shared };
    const said = assignmentOf(who, labels.itemOf(runId, item), author, folder);
    // One after the other, so that they are worked in this order.
    entries.push(...said.entries.map((entry) => ({ ...entry, at: laterBy(entry.at, place) })));
    ids.push(...said.ids);
  }
  await labels.append(folder, entries);
  const after = dealtAnswers(labels, await labels.read(), runId);
  const isNew = changed.filter(({ item }) => !had.has(item));
  const everyone = new Set(after.flatMap(({ assignment }) => assignment.annotators.map(authorKey)));
  return {
    items: isNew.length,
    shared: isNew.filter(({ shared }) => shared).length,
    waiting: Array.from(everyone)
      .sort(byKey)
      .map((key) => ({
        annotator: authorLine(authorOf(key)),
        items: after.filter((one) => isWaitingFor(key, one)).length,
      })),
    ids,
  };
}

const laterBy = (at: string, milliseconds: number) => new Date(Date.parse(at) + milliseconds).toISOString();
