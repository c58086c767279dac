/** Refuses a start on this machine that can't fit, before a gateway is started for it. */
import { StudioError } from '../../../protocol/errors.ts';
import type { VerlSettings } from '../../../protocol/runfile.ts';
import type { ModelConfig } from '../../qwen/config.ts';
import { askNvidia, type Gpu, memory } from '../machine.ts';
import type { Work } from './estimate.ts';
import { type Room, refuseWhatCantFit } from './fit.ts';

/** What is asked of this machine. */
export interface OwnMachine {
  readonly gpus: readonly Gpu[];
  readonly memoryBytes: number;
}

async function ownMachine(signal: AbortSignal): Promise<OwnMachine> {
  return { gpus: (await askNvidia(signal)).gpus, memoryBytes: memory().memoryBytes };
}

/**
 * A gateway that someone started, and a cluster that is joined, know their own machines: they are not judged.
 * @param place the run file
 * @throws StudioError `engine-failed` with the numbers and with what would make it fit; the signal's reason
 */
export async function requireRoom(
  asked: { readonly config: ModelConfig; readonly settings: VerlSettings; readonly work: Work },
  place: string,
  signal: AbortSignal,
  look: typeof ownMachine = ownMachine,
): Promise<void> {
  const { attach, ray, nodes, device: wanted, ranks } = asked.settings;
  if (attach !== undefined || ray !== undefined || nodes > 1) return;
  const { gpus, memoryBytes } = await look(signal);
  const device = wanted === 'cpu' || (wanted === 'auto' && gpus.length === 0) ? 'cpu' : 'cuda';
  if (device === 'cuda' && ranks > gpus.length)
    throw new StudioError(
      'engine-failed',
      gpus.length === 0
        ? 'The engine is to compute on GPUs, and nvidia-smi lists none here.'
        : `${ranks} ranks take a GPU each, and there ${gpus.length === 1 ? 'is one' : `are ${gpus.length}`} here.`,
      { place, remedy: 'Lower engine.ranks, or choose engine.device: video-r1 doctor says what this machine has.' },
    );
  const room: Room = {
    device,
    gpuBytes: device === 'cuda' ? Math.min(...gpus.map((gpu) => gpu.memoryBytes)) : null,
    hostBytes: memoryBytes,
  };
  refuseWhatCantFit(asked, room, place);
}
