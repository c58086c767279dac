/** How far people agree in what they say of a run's answers or a dataset's rows, as pages show it. */
import { z } from 'zod';
import { verdict } from '../records.ts';

/** A value with its interval of 95 %, or in a sentence why there is none. */
const measured = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Of what does not exist: the value, or the interval alone. */
  why: z.string().nullable(),
  /** Items that it stands on. */
  items: z.number().int(),
});
export type Measured = z.infer<typeof measured>;

/** Cohen's kappa of two authors. */
const pairKappa = z.object({ first: z.string(), second: z.string(), kappa: measured });

/** Of what two people marked: F1 of spans of the same category, matched one to one. */
const pairSpans = z.object({ first: z.string(), second: z.string(), exact: measured, overlapping: measured });

export const agreementShown = z.object({
  /** Who gave a verdict, each as one line. */
  authors: z.array(z.string()),
  /** The verdict, which has no category, then each category that somebody flagged. */
  subjects: z.array(
    z.object({
      category: z.string().nullable(),
      /** Krippendorff's alpha over all. */
      alpha: measured,
      pairs: z.array(pairKappa),
    }),
  ),
  spans: z.array(pairSpans),
  /** Items that people judge differently, which nobody has settled. */
  toSettle: z.number().int(),
});
export type AgreementShown = z.infer<typeof agreementShown>;

/** One thing that was said of an item. */
export const historyLine = z.object({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  author: z.string(),
  /** What was said, in words for people. */
  what: z.string(),
  /** It was not taken back or replaced by a later word of the same author. */
  stands: z.boolean(),
});
export type HistoryLine = z.infer<typeof historyLine>;

/** What was said of an item, as far as who asks may know it. */
export const itemHistory = z.object({
  /** Oldest first; without what others said where that is hidden. */
  lines: z.array(historyLine),
  /** What was settled, which training obeys; null where nothing was, or where it is hidden. */
  settled: z.object({ verdict, author: z.string(), at: z.number() }).nullable(),
  /** Why what others say is hidden; null where it is shown. */
  hidden: z.string().nullable(),
  /** To whom it was dealt out; null where everyone may judge it. */
  annotators: z.array(z.string()).nullable(),
});
export type ItemHistory = z.infer<typeof itemHistory>;
