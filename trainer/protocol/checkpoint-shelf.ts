/** What is asked about the checkpoints that lie on the disk: how they are, what deleting one means, how two of them differ. */
import { z } from 'zod';
import { checkpoint, evaluation } from './records.ts';

const step = z.number().int().min(0);

export const shelfState = z.object({
  /** Free on the disk, for this user. */
  freeBytes: z.number(),
  /** Of checkpoints that a resume from an earlier one has put aside. */
  asideBytes: z.number(),
  checkpoints: z.array(
    z.object({
      step,
      /** What is wrong with it as far as its files need not be read, as a clause; null for nothing. */
      fault: z.string().nullable(),
      /** Runs that were made from it, by id. */
      usedBy: z.array(z.string()),
    }),
  ),
});
export type ShelfState = z.infer<typeof shelfState>;

/** What a person should know before a checkpoint is deleted. */
export const checkpointRemoval = z.object({
  folder: z.string(),
  sizeBytes: z.number(),
  /** Sentences; where there are any, deleting it wants a person's word. */
  asks: z.array(z.string()),
});
export type CheckpointRemoval = z.infer<typeof checkpointRemoval>;

const sideOfComparison = z.object({
  checkpoint,
  /** Of its weights; null where they were not evaluated. */
  evaluation: evaluation.nullable(),
  /** Means over the ten steps that it ends; null where there is none. */
  reward: z.number().nullable(),
  accuracy: z.number().nullable(),
});
export const comparedCheckpoints = z.object({
  first: sideOfComparison,
  second: sideOfComparison,
  /** Parameters that differ, as they were when each was saved. */
  differences: z.array(z.object({ name: z.string(), first: z.unknown(), second: z.unknown() })),
});
export type ComparedCheckpoints = z.infer<typeof comparedCheckpoints>;
