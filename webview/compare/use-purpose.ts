/** What the questions that are compared were asked for: what was wanted where both runs have such, else the first that they have. */
import { useEffect, useState } from 'preact/hooks';
import type { Method } from '../../trainer/protocol/parameters.ts';
import type { HistoryGroup } from '../../trainer/protocol/questions.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { useStore } from '../ui/store.ts';
import type { ComparePlace } from './place.ts';

/** In the order in which they are looked through. Supervised training samples no answers, but for its probes. */
export function purposesFor(wanted: GroupPurpose | null, methods: readonly Method[]): GroupPurpose[] {
  const usual: GroupPurpose[] = methods.includes('sft')
    ? ['probe', 'evaluation', 'train']
    : ['train', 'probe', 'evaluation'];
  return wanted === null ? usual : [wanted, ...usual.filter((one) => one !== wanted)];
}

type Asked = readonly Pick<HistoryGroup, 'purpose'>[];

/** The first of the purposes for which both were asked one question; undefined where there is none. */
export const purposeOfBoth = (order: readonly GroupPurpose[], first: Asked, second: Asked): GroupPurpose | undefined =>
  order.find((one) => [first, second].every((groups) => groups.some(({ purpose }) => purpose === one)));

/** @returns null while it is looked for */
export function usePurpose(
  feed: RunFeed,
  other: RunFeed,
  { purpose: wanted, question, groupId, evaluationId, againstEvaluationId }: ComparePlace,
  change: (to: Partial<ComparePlace>) => void,
): { readonly purpose: GroupPurpose | null; readonly setPurpose: (purpose: GroupPurpose) => void } {
  const [purpose, settle] = useState<GroupPurpose | null>(null);
  const first = useStore(feed.state, ({ view }) => view.run.method);
  const second = useStore(other.state, ({ view }) => view.run.method);
  const setPurpose = (found: GroupPurpose) => {
    settle(found);
    change({ purpose: found });
  };
  const namesEvaluations = evaluationId !== null || againstEvaluationId !== null;
  useEffect(() => {
    if (purpose !== null && purpose === wanted) return;
    if (feed === other || (namesEvaluations && (wanted === null || wanted === 'evaluation')))
      return setPurpose('evaluation');
    let isWanted = true;
    const order = purposesFor(wanted, [first, second]);
    /* For what both were asked the question that is read, if that is known; else any. */
    const ofQuestion = async () => {
      if (question === null && groupId === null) return undefined;
      const of = question === null ? { groupId: groupId ?? '' } : { question };
      const asked = await feed.request('questions/history', { of });
      const too = await other.request('questions/history', { of: { question: asked.key } });
      return purposeOfBoth(order, asked.groups, too.groups);
    };
    const look = async () => {
      const found = await ofQuestion().catch(() => undefined);
      if (found) return found;
      for (const one of order) {
        const { total } = await feed.connection.request('questions/shared', {
          ...{ runIds: [feed.id, other.id] as [string, string], purpose: one, limit: 1 },
        });
        if (total > 0) return one;
      }
      return order[0];
    };
    /* Why a purpose can't be read is said where it is shown. */
    look()
      .catch(() => order[0])
      .then((found) => isWanted && found && setPurpose(found));
    return () => {
      isWanted = false;
    };
  }, [feed, other, wanted, namesEvaluations]);
  return { purpose, setPurpose };
}
