/** In place of the engines by name: one that samples as vLLM does, with what it tells of a token now and then far from what it trains. */
import type {
  CreateEngine,
  ModelHandle,
  SampleEvent,
  SampleOptions,
  SampleRequest,
} from '../../trainer/engines/engine.ts';
import { type Script, ScriptedEngine, vllmLike } from '../engines/scripted-engine.ts';

const letters = ['A', 'B', 'C', 'D'];
const script: Script = ({ seed, index }) => {
  const letter = letters[(seed + index) % letters.length] ?? 'A';
  return `<think>The ball moves to the left first. Wait, let me look at frame ${(seed % 4) + 1} again: it is ${letter}.</think><answer>${letter}</answer>`;
};

class OwnSampler extends ScriptedEngine {
  override async *sample(
    model: ModelHandle,
    requests: readonly SampleRequest[],
    options: SampleOptions,
    signal: AbortSignal,
  ): AsyncIterable<SampleEvent> {
    for await (const event of super.sample(model, requests, options, signal)) {
      if (event.kind !== 'done') yield event;
      else {
        const logprobs = event.completion.logprobs.map((logprob, i) => logprob - 0.4 * Math.sin(i) ** 3);
        yield { ...event, completion: { ...event.completion, logprobs } };
      }
    }
  }
}

let last: OwnSampler | null = null;

export const createEngine: CreateEngine = async () => {
  last = new OwnSampler(script, { ...vllmLike, snapshot: false, prefix: false });
  last.rankBytes = [41.2e9, 40.8e9];
  return last;
};

// A rank of the engine dies.
process.on('SIGUSR2', () => {
  last?.ownLog.push('[rank1]: <b>CUDA error</b>: an illegal memory access was encountered');
  last?.die('Rank 1 of the engine ended with signal 9.');
});
