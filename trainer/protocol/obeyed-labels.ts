/** What a run obeys of what people say of the rows that it trains on. */
import { z } from 'zod';

/** Rows that are named in one event. */
export const mostNamedRows = 100;

const someRows = z.object({
  count: z.number().int(),
  /** `problem_id` of the first `mostNamedRows`, in the order of the dataset. */
  ids: z.array(z.string()),
});

export type NamedRows = z.infer<typeof someRows>;

export const obeyedLabels = z.object({
  /** Of what is left out, every fixed text and all flagged words: the same where the same is trained on. */
  hash: z.string(),
  /** The first step that they hold for. */
  step: z.number().int(),
  leftOut: someRows,
  /** Trained with the text that somebody wrote in place of theirs. */
  fixed: someRows,
  /** Their authors differ and nobody settled it: trained as they are. */
  disputed: someRows,
  /** To be fixed, and nobody has written how: trained as they are. */
  unfixed: someRows,
  /** Answers to them are looked through for words that people flagged in answers to the same question. */
  flagged: someRows,
  /** Labels are of a text that they had earlier, and none of the one that they have: trained as they are. Older runs don't tell. */
  earlier: someRows.optional(),
});
export type ObeyedLabels = z.infer<typeof obeyedLabels>;

/** `2 rows are left out (4, 7), 1 is trained with its fixed text (9)`. */
export function obeyedWords({
  leftOut,
  fixed,
  disputed,
  unfixed,
  flagged,
  earlier = { count: 0, ids: [] },
}: Omit<ObeyedLabels, 'hash' | 'step'>): string {
  const parts = (
    [
      [leftOut, 'is left out', 'are left out'],
      [fixed, 'is trained with its fixed text', 'are trained with their fixed texts'],
      [disputed, 'is disputed and trained as it is', 'are disputed and trained as they are'],
      [
        unfixed,
        'is to be fixed, has no text yet and is trained as it is',
        'are to be fixed, have no text yet and are trained as they are',
      ],
      [flagged, 'has answers with flagged words', 'have answers with flagged words'],
      [
        earlier,
        'has labels of an earlier text alone and is trained as it is',
        'have labels of an earlier text alone and are trained as they are',
      ],
    ] as const
  )
    .filter(([{ count }]) => count > 0)
    .map(
      ([{ count, ids }, one, more]) => `${count} ${count === 1 ? `row ${one}` : `rows ${more}`} (${named(ids, count)})`,
    );
  return parts.length === 0 ? 'no row has a label that changes what is trained' : parts.join('; ');
}

/** What is told of an event, as a sentence. */
export const labelsSentence = (labels: ObeyedLabels): string =>
  `Labels as of step ${labels.step}: ${obeyedWords(labels)}.`;

const mostInWords = 5;

function named(ids: readonly string[], count: number): string {
  const shown = ids.slice(0, mostInWords);
  const more = count - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
