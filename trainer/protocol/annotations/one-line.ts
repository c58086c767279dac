/** A name as one line, without control characters and those that turn the direction of writing. */
import { z } from 'zod';

export const oneLine = (mostLetters: number) =>
  z
    .string()
    .max(mostLetters)
    .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u, 'must be one line that is not empty');
