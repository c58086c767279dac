/** Looks into a dataset's videos and images with ffprobe, few at a time, and says what training would make of each. */
import type { DataType } from '../protocol/dataset.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { frameFactor, maxAspectRatio, sizeFactor } from '../video/choose.ts';
import { twiceIfInterrupted } from '../video/ended-child.ts';
import type { FfmpegTools } from '../video/ffmpeg.ts';
import { type MediaProbe, probeMedia } from '../video/probe.ts';
import type { FindingKind } from './finding.ts';

const probesAtOnce = 2;
/** Above it a picture that is scaled to a training size shows little of what it was. */
const oddAspectRatio = 10;

export interface MediaFault {
  readonly kind: Extract<FindingKind, `media-${string}`>;
  /** A sentence, without the file's name. */
  readonly message: string;
}

/** What is wrong with a file that could be probed; null when nothing is. */
function probedFault(media: MediaProbe): MediaFault | null {
  const { width, height, kind, totalFrames } = media;
  const size = `${width}x${height} pixels`;
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (kind === 'video' && totalFrames < frameFactor)
    return {
      kind: 'media-wrong-type',
      message: `It has ${totalFrames} frame, and a video needs ${frameFactor}; a picture is data_type "image".`,
    };
  if (ratio > maxAspectRatio)
    return {
      kind: 'media-unusable',
      message: `It has ${size}: one side is more than ${maxAspectRatio} times the other.`,
    };
  if (Math.min(width, height) < sizeFactor)
    return {
      kind: 'media-odd-size',
      message: `It has ${size}: a side is shorter than one visual token (${sizeFactor} pixels).`,
    };
  if (ratio > oddAspectRatio)
    return { kind: 'media-odd-size', message: `It has ${size}: one side is ${Math.round(ratio)} times the other.` };
  return null;
}

async function faultOf(tools: FfmpegTools, real: string, kind: DataType): Promise<MediaFault | null> {
  try {
    return probedFault(await probeMedia(tools, real, kind));
  } catch (thrown) {
    const fault = asStudioError(thrown);
    if (fault.kind !== 'bad-media') throw fault;
    const other = kind === 'video' ? 'image' : 'video';
    const fits = await probeMedia(tools, real, other).then(
      () => true,
      (failed: unknown) => {
        if (failed instanceof StudioError && failed.kind === 'bad-media') return false;
        throw failed;
      },
    );
    return fits
      ? { kind: 'media-wrong-type', message: `It is a readable ${other}, but data_type is "${kind}".` }
      : { kind: 'media-unusable', message: fault.message };
  }
}

/**
 * @param onFault told of each file that has a fault, in the order in which they are found
 * @throws StudioError `ffmpeg-missing`; the signal's reason, after the probes under way have ended
 */
export async function probeAll(
  tools: FfmpegTools,
  files: readonly { readonly real: string; readonly kind: DataType }[],
  onFault: (index: number, fault: MediaFault) => void,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<void> {
  let next = 0;
  let done = 0;
  let failed = false;
  const work = async () => {
    while (next < files.length && !failed && !options.signal?.aborted) {
      const index = next++;
      const { real, kind } = files[index] as (typeof files)[number];
      try {
        const fault = await twiceIfInterrupted(() => faultOf(tools, real, kind));
        if (fault) onFault(index, fault);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
      options.onProgress?.(++done, files.length);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: probesAtOnce }, work));
  options.signal?.throwIfAborted();
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
