/** Why something is not there that a rollout's tokens or a group's prompt may have, in words for people. */

/** What `missing` of a rollout's tokens speaks of. */
export const tokenArrays = ['ids', 'trainerLogprobs', 'referenceLogprobs', 'alternatives'] as const;

export const beforeKept = 'This was recorded before it was kept.';
