/** The body of a group as the database holds it; what an older version wrote under former names is read under those of today. */
import { normalisation } from '../protocol/normalise.ts';
import type { Group } from '../protocol/records.ts';

export function groupOf(body: string): Group {
  const group = JSON.parse(body) as Group;
  const { normalised } = group.stats;
  if (normalised === undefined || 'advantageScale' in normalised) return group;
  return { ...group, stats: { ...group.stats, normalised: normalisation.parse(normalised) } };
}
