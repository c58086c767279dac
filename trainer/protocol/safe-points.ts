/** The safe points of a step, and where else a run can stand still. */
import { z } from 'zod';

export const safePoint = z.enum(['before-step', 'after-sampling', 'before-update', 'after-update']);
export type SafePoint = z.infer<typeof safePoint>;

/** In the order of a step. `sampling` lies between two tokens of its answers: a run can stand still there, and nothing that a step is made of changes. */
export const runPoint = z.enum(['before-step', 'sampling', 'after-sampling', 'before-update', 'after-update']);
export type RunPoint = z.infer<typeof runPoint>;

/** Where a run stands still, and where a command took effect. */
export const runPlace = z.object({ point: runPoint, step: z.number().int() });
export type RunPlace = z.infer<typeof runPlace>;
