/** What a page knows of a run's advisories beyond those that stand, which are in its summary: when each was told, and when it was over. */
import type { Advisory } from '../../trainer/protocol/advisories.ts';
import type { RunEvent } from '../../trainer/protocol/records.ts';

export interface ToldAdvisory {
  /** Number of the event that told it. */
  readonly seq: number;
  readonly at: number;
  readonly advisory: Advisory;
  /** After this step it held no longer, or was told anew; null while it stands. */
  readonly ended: number | null;
}

/** With an event about advisories; any other, and one that is in already, changes nothing. Oldest first. */
export function withTold(told: readonly ToldAdvisory[], { body, seq, at }: RunEvent): readonly ToldAdvisory[] {
  switch (body.type) {
    case 'advisory': {
      if (told.some((one) => one.seq === seq)) return told;
      const { advisory } = body;
      const added = [...endedOf(told, advisory.key, seq, advisory.since), { seq, at, advisory, ended: null }];
      return added.sort((a, b) => a.seq - b.seq);
    }
    case 'advisory-ended':
      return endedOf(told, body.key, seq, body.step);
    case 'rewound':
      return told
        .filter(({ advisory }) => advisory.since <= body.toStep)
        .map((one) => (one.ended !== null && one.ended > body.toStep ? { ...one, ended: null } : one));
    default:
      return told;
  }
}

/** Those of the key that stood before an event, as ended. */
const endedOf = (told: readonly ToldAdvisory[], key: string, before: number, step: number): ToldAdvisory[] =>
  told.map((one) =>
    one.advisory.key === key && one.seq < before && one.ended === null ? { ...one, ended: step } : one,
  );
