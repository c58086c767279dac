/**
 * The program of the decoder process: answers one message a file. It stays small, so that starting ffmpeg from it is cheap;
 * ends with the trainer that started it.
 */
import { giveWayAsProcess } from '../programs/give-way.ts';
import { sentError } from '../protocol/errors.ts';
import { decodeMedia } from './decode.ts';
import type { DecoderAnswer, DecoderRequest } from './decoder-process.ts';

giveWayAsProcess();
const answer = (message: DecoderAnswer) => {
  process.send?.(message, undefined, undefined, () => {
    // The trainer is gone: nobody waits for the answer.
  });
};

process.on('message', ({ id, request }: DecoderRequest) => {
  decodeMedia(request).then(
    ({ frames, view }) => {
      const { pixels, ...rest } = frames;
      // A copy over plain memory: shared memory does not travel between processes.
      answer({ id, frames: { ...rest, pixels: Uint8Array.from(pixels) }, view });
    },
    (thrown: unknown) => answer({ id, fault: sentError(thrown) }),
  );
});
process.on('disconnect', () => {
  // This process leads a group, in which every ffmpeg that it started is.
  if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL');
  process.exit();
});
// On Windows Ctrl-C reaches every process of the console; the trainer decides when decoding ends.
process.on('SIGINT', () => {});
