/**
 * Looks into a dataset's videos and images, few at a time, and says what training would make of each: by their structure,
 * which is quick, or by decoding the frames that training would take.
 */
import type { DataType } from '../protocol/dataset.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { type FrameLimits, frameFactor, maxAspectRatio, sizeFactor } from '../video/choose.ts';
import { DecoderProcess } from '../video/decoder-process.ts';
import { twiceIfInterrupted } from '../video/ended-child.ts';
import type { FfmpegTools } from '../video/ffmpeg.ts';
import { type MediaProbe, probeMedia } from '../video/probe.ts';
import type { FindingKind } from './finding.ts';

const filesAtOnce = 2;
/** Above it a picture that is scaled to a training size shows little of what it was. */
const oddAspectRatio = 10;

export interface MediaFault {
  readonly kind: Extract<FindingKind, `media-${string}`>;
  /** A sentence, without the file's name. */
  readonly message: string;
}

/** What is wrong with a size that can be shown; null when nothing is. */
function sizeFault(width: number, height: number): MediaFault | null {
  const size = `${width}x${height} pixels`;
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (Math.min(width, height) < sizeFactor)
    return {
      kind: 'media-odd-size',
      message: `It has ${size}: a side is shorter than one visual token (${sizeFactor} pixels).`,
    };
  if (ratio > oddAspectRatio)
    return { kind: 'media-odd-size', message: `It has ${size}: one side is ${Math.round(ratio)} times the other.` };
  return null;
}

/** What is wrong with a file that could be probed; null when nothing is. */
function probedFault({ width, height, kind, totalFrames }: MediaProbe): MediaFault | null {
  if (kind === 'video' && totalFrames < frameFactor)
    return {
      kind: 'media-wrong-type',
      message: `It has ${totalFrames} frame, and a video needs ${frameFactor}; a picture is data_type "image".`,
    };
  if (Math.max(width, height) / Math.min(width, height) > maxAspectRatio)
    return {
      kind: 'media-unusable',
      message: `It has ${width}x${height} pixels: one side is more than ${maxAspectRatio} times the other.`,
    };
  return sizeFault(width, height);
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

export interface LookedAt {
  readonly real: string;
  readonly kind: DataType;
}

interface LookOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

type OnFault = (index: number, fault: MediaFault) => void;

/**
 * Probes files.
 * @param onFault told of each file that has a fault, in the order in which they are found
 * @throws StudioError `ffmpeg-missing`; `cancelled` for a program that was ended from outside twice; the signal's reason,
 *   after the probes under way have ended
 */
export function probeAll(
  tools: FfmpegTools,
  files: readonly LookedAt[],
  onFault: OnFault,
  options: LookOptions = {},
): Promise<void> {
  return lookAtAll(files, ({ real, kind }) => faultOf(tools, real, kind), onFault, options);
}

/**
 * Decodes of each file what training takes of it, in a process of its own, and keeps nothing.
 * @param onFault as for `probeAll`
 * @throws as `probeAll`; the signal's reason at once
 */
export async function decodeAll(
  tools: FfmpegTools,
  limits: FrameLimits,
  files: readonly LookedAt[],
  onFault: OnFault,
  options: LookOptions = {},
): Promise<void> {
  const decoder = new DecoderProcess();
  const stop = () => decoder.dispose();
  options.signal?.addEventListener('abort', stop);
  const look = async ({ real, kind }: LookedAt): Promise<MediaFault | null> => {
    try {
      const { view } = await decoder.decode({ tools, key: real, file: real, kind, limits });
      return sizeFault(view.sourceWidth, view.sourceHeight);
    } catch (thrown) {
      const fault = asStudioError(thrown);
      if (fault.kind !== 'bad-media') throw fault;
      const ofProbe = await faultOf(tools, real, kind);
      return ofProbe && ofProbe.kind !== 'media-odd-size'
        ? ofProbe
        : { kind: 'media-unusable', message: fault.message };
    }
  };
  try {
    await lookAtAll(files, look, onFault, options);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    decoder.dispose();
  }
}

/** A few files at a time, each once more where what looks at it was ended from outside. */
async function lookAtAll(
  files: readonly LookedAt[],
  look: (file: LookedAt) => Promise<MediaFault | null>,
  onFault: OnFault,
  { signal, onProgress }: LookOptions,
): Promise<void> {
  let next = 0;
  let done = 0;
  let failed = false;
  const work = async () => {
    while (next < files.length && !failed && !signal?.aborted) {
      const index = next++;
      try {
        const fault = await twiceIfInterrupted(() => {
          signal?.throwIfAborted();
          return look(files[index] as LookedAt);
        });
        if (fault) onFault(index, fault);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
      onProgress?.(++done, files.length);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: filesAtOnce }, work));
  signal?.throwIfAborted();
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
