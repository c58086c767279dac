/** The PyTorch process that the engine is compared with; see `torch_baseline.py`. */
import path from 'node:path';
import type { Measured } from './interleaved.ts';
import { PythonPeer } from './python-peer.ts';

const program = path.join(import.meta.dirname, 'torch_baseline.py');

/** A prompt as transformers' processor gives it. */
export interface TorchPrompt {
  readonly tokens: readonly number[];
  /** Per token 0 for text, 2 for video. */
  readonly types: readonly number[];
  /** Normalised patches, 32-bit floats in base64. */
  readonly pixels: string;
  readonly patchLength: number;
  readonly grid: readonly [number, number, number];
  readonly secondsPerPair: number;
}

export type TorchRequest =
  | {
      readonly do: 'load';
      readonly what: 'text' | 'reinforcement';
      readonly folder: string;
      readonly threads: number;
      readonly seed: number;
      readonly learningRate: number;
    }
  | { readonly do: 'step'; readonly how: 'eager' | 'compiled'; readonly tokens: readonly (readonly number[])[] }
  | {
      readonly do: 'decode';
      readonly prompts: readonly (readonly number[])[];
      /** Answers to each prompt. */
      readonly answers: number;
      readonly newTokens: number;
    }
  | {
      readonly do: 'tgrpo';
      readonly questions: readonly (readonly [ordered: TorchPrompt, shuffled: TorchPrompt])[];
      readonly ordered: number;
      readonly shuffled: number;
      readonly newTokens: number;
      readonly advantages: readonly number[];
      readonly clipEpsilon: number;
      readonly beta: number;
    };

export interface TorchAnswers {
  readonly load: { readonly version: string };
  readonly step: Measured & { readonly loss: number };
  readonly decode: Measured & { readonly tokens: number };
  readonly tgrpo: Measured & { readonly tokens: number };
}

export class TorchProcess {
  private readonly peer: PythonPeer;

  constructor(python: string, threads: number) {
    this.peer = new PythonPeer('PyTorch', python, program, threads);
  }

  /** @throws Error with what Python said when it could not answer */
  async ask<K extends TorchRequest['do']>(request: Extract<TorchRequest, { do: K }>): Promise<TorchAnswers[K]> {
    return (await this.peer.ask(request)) as TorchAnswers[K];
  }

  dispose(): void {
    this.peer.dispose();
  }
}
