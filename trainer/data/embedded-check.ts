/** Looks over the videos and images that lie in a dataset's rows themselves, as `dataset-check.ts` does those that are files. */
import { asStudioError } from '../protocol/errors.ts';
import { quote } from '../rewards/reward.ts';
import type { FrameLimits } from '../video/choose.ts';
import type { FfmpegTools } from '../video/ffmpeg.ts';
import { openDataset } from './dataset.ts';
import type { FindingKind } from './finding.ts';
import { FirstSeen } from './first-seen.ts';
import { decodeAll, type LookedAt, probeAll } from './media-probe.ts';

/** What is looked for in the media of a dataset, be they files or in its rows. */
export interface MediaCheckOptions {
  /** Look at every video and image with these programs. */
  readonly lookWith?: FfmpegTools | undefined;
  /** Decode of each what training with these limits takes, which finds what its structure does not show. */
  readonly decodeAs?: FrameLimits | undefined;
  /** Find one video or image under two paths also by content, of files of equal size. */
  readonly compareContent?: boolean | undefined;
  /** Another dataset, such as the evaluation split, whose videos and images must not be here. */
  readonly against?: string | undefined;
  /** Folders outside of the datasets' own that links among their media may lead into. */
  readonly allowedRoots?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (phase: 'content' | 'media' | 'frames', done: number, total: number) => void;
}

/** Fewer than `EmbeddedMedia` keeps as files. */
const lookedAtOnce = 64;

/** A row whose medium has been made a file. */
interface Waiting {
  readonly number: number;
  readonly named: string;
  readonly look: LookedAt;
}

/**
 * @param file the dataset, of which some rows hold their media
 * @param add told of each finding with the number of its row, from 1
 * @throws as `openDataset` and `probeAll`
 */
export async function checkEmbedded(
  file: string,
  options: MediaCheckOptions,
  add: (kind: FindingKind, row: number, message: string) => void,
): Promise<void> {
  const { lookWith, decodeAs, against, allowedRoots = [], signal } = options;
  const dataset = await openDataset(file, signal, { allowedRoots });
  const other = against === undefined ? null : await openDataset(against, signal, { allowedRoots });
  try {
    const others = new Map<string, string>();
    for (let row = 0; row < (other?.count ?? 0); row++) {
      const content = await other?.embeddedContent(row);
      if (other && content && !others.has(content)) others.set(content, other.place(row));
    }
    const seen = new FirstSeen();
    const waiting: Waiting[] = [];
    const look = async (rows: readonly Waiting[]): Promise<void> => {
      if (!lookWith || rows.length === 0) return;
      const onFault = (index: number, fault: { kind: FindingKind; message: string }) => {
        const found = rows[index];
        if (found) add(fault.kind, found.number, `${found.named}: ${fault.message}`);
      };
      const files = rows.map((one) => one.look);
      if (decodeAs) await decodeAll(lookWith, decodeAs, files, onFault, { signal });
      else await probeAll(lookWith, files, onFault, { signal });
    };
    for (let row = 0; row < dataset.count; row++) {
      signal?.throwIfAborted();
      if (!dataset.isEmbedded(row)) continue;
      const number = dataset.fileRow(row);
      const named = quote(dataset.row(row).path);
      const content = await dataset.embeddedContent(row);
      if (content !== null && options.compareContent) {
        const before = seen.meet(content, `row ${number}`);
        if (before !== null) add('same-medium', number, `${named} has the same content as that of ${before}.`);
      }
      const leak = content === null ? undefined : others.get(content);
      if (leak !== undefined) add('leak', number, `${named} is also used at ${leak}.`);
      if (lookWith) {
        const file = await dataset.medium(row).catch((thrown: unknown) => {
          const fault = asStudioError(thrown);
          if (fault.kind !== 'bad-media') throw thrown;
          add('media-missing', number, fault.message);
          return null;
        });
        if (file !== null) waiting.push({ number, named, look: { real: file, kind: dataset.dataType(row) } });
        if (waiting.length === lookedAtOnce) await look(waiting.splice(0));
      }
      options.onProgress?.(lookWith ? (decodeAs ? 'frames' : 'media') : 'content', row + 1, dataset.count);
    }
    await look(waiting);
  } finally {
    dataset.dispose();
    other?.dispose();
  }
}
