/** The error of a video or image that can't be used. */
import { StudioError } from '../protocol/errors.ts';

/** @param file is named in the error as it is given here */
export function badMedia(file: string, reason: string, remedy?: string): StudioError {
  return new StudioError('bad-media', `The file can't be used: ${reason}.`, {
    place: file,
    remedy: remedy ?? 'Replace the file, or take the question out of the dataset.',
  });
}
