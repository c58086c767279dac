/** Where one is on the page of audits: what a link names and a reload finds again. */
import type { Place } from '../../trainer/protocol/place.ts';

export interface AuditPlace {
  /** Of the audit; null for the newest. */
  readonly name: string | null;
  /** `familyKey` of the questions that are listed; null for none yet. */
  readonly family: string | null;
}

export const noAudit: AuditPlace = { name: null, family: null };

export const auditPlaceOf = ({ audit, family }: Place): AuditPlace => ({
  name: audit ?? null,
  family: family ?? null,
});

export const placeOfAudit = ({ name, family }: AuditPlace): Omit<Place, 'page'> => ({
  ...(name !== null && { audit: name }),
  ...(family !== null && { family }),
});

/** A family by its name and that of its dataset: two datasets may have one of the same name. */
export const familyKey = ({ dataset, family }: { readonly dataset: string; readonly family: string }): string =>
  `${dataset}: ${family}`;
