/** What an answer stood on, for a page that shows one at a time and keeps nothing else of it. */
import { useEffect, useMemo } from 'preact/hooks';
import { answeredBy } from '../../../trainer/protocol/evidence.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import { toldOfAnswers } from '../../../trainer/protocol/updated-group.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { useStore } from '../../ui/store.ts';
import { useFetched } from '../use-fetched.ts';
import { type AnswerEvidence, answerEvidence } from './answer-evidence.ts';
import { evidenceDoor } from './evidence-door.ts';
import { EvidenceModel } from './evidence-model.ts';

/** `evidence` is null where the answer was not weighed, and until its tokens are there. */
export function useEvidence(
  feed: RunFeed,
  group: GroupWithRollouts,
  rollout: Rollout,
): { readonly model: EvidenceModel; readonly evidence: AnswerEvidence | null } {
  const model = useMemo(() => new EvidenceModel(evidenceDoor(feed)), [feed]);
  useEffect(() => () => model.dispose(), [model]);
  useEffect(() => model.show({ rolloutId: rollout.id, answeredBy: answeredBy(group) }), [model, group.id, rollout.id]);
  useEffect(
    () =>
      feed.watchEvents((events) => {
        const { item } = model.state.get();
        const isTold = events.some(
          ({ body }) => body.type === 'weighed' && item !== null && toldOfAnswers(body)?.has(item.rolloutId),
        );
        if (isTold) void model.readAgain();
      }),
    [feed, model],
  );
  const weighing = useStore(model.state, (state) => state.weighing);
  const own = weighing?.rolloutId === rollout.id ? weighing : null;
  const tokens = useFetched(feed, own && rollout.id, (rolloutId) => feed.request('rollouts/tokens', { rolloutId }));
  const evidence = useMemo(
    () => (own && tokens ? answerEvidence(own, rollout, tokens.pieces) : null),
    [own, tokens, rollout],
  );
  return { model, evidence };
}
