/** The PyTorch process that the engine is compared with; see `torch_baseline.py`. It computes nothing unless it is asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Measured } from './interleaved.ts';

const program = path.join(import.meta.dirname, 'torch_baseline.py');

/** Waiting threads that spin take the cores from whoever is measured next. */
const environment = {
  OMP_WAIT_POLICY: 'PASSIVE',
  GOMP_SPINCOUNT: '0',
  KMP_BLOCKTIME: '0',
  TOKENIZERS_PARALLELISM: 'false',
};

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
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private said = '';

  constructor(python: string, threads: number) {
    this.child = spawn(python, [program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, OMP_NUM_THREADS: String(threads) },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString()).slice(-4000);
    });
    this.child.on('error', (error) => {
      this.said += error.message;
    });
    if (this.child.stdout === null) throw new Error('no standard output');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error with what Python said when it could not answer */
  async ask<K extends TorchRequest['do']>(request: Extract<TorchRequest, { do: K }>): Promise<TorchAnswers[K]> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`PyTorch ended: ${this.said}`);
    const answer = JSON.parse(value) as TorchAnswers[K] | { error: string };
    if ('error' in answer) throw new Error(`PyTorch failed at “${request.do}”: ${answer.error}\n${this.said}`);
    return answer;
  }

  dispose(): void {
    this.child.kill();
  }
}
