/**
 * The reasoning that a run's answers gave, each with the video or image that it was first given for: an answer that repeats
 * another one's about something else has the pattern `same text`.
 */
import { createHash } from 'node:crypto';
import { wordsOf } from '../protocol/query/words.ts';
import type { GroupWithRollouts, Rollout } from '../protocol/records.ts';
import type { Database } from './database.ts';

/** Short ones are alike by chance. */
const leastWords = 12;

/** What equal reasoning has in common, whatever its case and marks; null where it is too short to tell. */
function fingerprint({ text, parsed: { think } }: Rollout): Uint8Array | null {
  const words = think === null ? [] : wordsOf(text.slice(think.start, think.end));
  return words.length < leastWords ? null : createHash('sha256').update(words.join(' ')).digest().subarray(0, 12);
}

export class SameTexts {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** The group with the pattern where it belongs; its reasoning is remembered. */
  mark(group: GroupWithRollouts): GroupWithRollouts {
    const media = group.media.key;
    const rollouts = group.rollouts.map((rollout) => {
      const print = fingerprint(rollout);
      const others = (rollout.patterns ?? []).filter((name) => name !== 'same text');
      if (print === null) return rollout;
      const known = this.database.get(
        'SELECT 1 FROM same_texts WHERE print = ? AND media_key <> ? AND step <= ? LIMIT 1',
        print,
        media,
        group.step,
      );
      this.database.run(
        'INSERT INTO same_texts (print, media_key, step) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET step = min(step, excluded.step)',
        print,
        media,
        group.step,
      );
      return known ? { ...rollout, patterns: [...others, 'same text' as const] } : rollout;
    });
    return { ...group, rollouts };
  }

  /** Forgets what was first given after a step. */
  forgetAfter(step: number): void {
    this.database.run('DELETE FROM same_texts WHERE step > ?', step);
  }
}
