/** The safe points of a step: where a run can stand still, and where commands take effect. */
import { z } from 'zod';

export const safePoint = z.enum(['before-step', 'after-sampling', 'before-update', 'after-update']);
export type SafePoint = z.infer<typeof safePoint>;

/** A safe point of a step: where a run stands still, and where a command took effect. */
export const runPlace = z.object({ point: safePoint, step: z.number().int() });
export type RunPlace = z.infer<typeof runPlace>;
