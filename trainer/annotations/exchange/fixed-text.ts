/** A corrected text; null for one of blanks alone, which is a field that nobody filled in. */
export const fixedText = (typed: string | null): string | null => (typed?.trim() ? typed : null);
