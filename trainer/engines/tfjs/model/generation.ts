/** Writes answers: prefill of the prompts, then one token per answer and step, finished answers taken out of the batch. */
import * as tf from '@tensorflow/tfjs';
import type { SampleReport } from '../../qwen/sample-stream.ts';
import { EndingText } from '../../qwen/stop-texts.ts';
import type { SampleChunk } from '../messages.ts';
import { packBatch } from './batch.ts';
import { drawToken, keepLikeliest, largestLogits, likeliest } from './drawing.ts';
import type { Model } from './model.ts';
import type { DecodingCache, Ops } from './ops.ts';
import { uniform } from './random.ts';

const reportEveryMs = 100;

/** An answer under way. */
interface Open {
  readonly answer: number;
  readonly prompt: number;
  readonly seed: number;
  readonly tokens: number[];
  readonly logprobs: number[];
  readonly entropy: number[];
  /** Tokens and log-probabilities of the likeliest, token after token. */
  readonly alternatives: { readonly tokens: number[]; readonly logprobs: number[] };
  /** Looks for texts that end the answer; null without such texts. */
  readonly ending: EndingText | null;
  /** Tokens that were reported. */
  reported: number;
}

/** Answers a chunk, reporting about every 100 ms. Each answer is a function of its prompt, its seed and the weights alone. */
export async function generate(
  model: Model,
  ops: Ops,
  chunk: SampleChunk,
  report: (report: SampleReport) => void,
): Promise<void> {
  const { temperature, topP, topK = 0, maxTokens, alternatives = 0 } = chunk.options;
  let open: Open[] = chunk.answers.map((wanted) => ({
    ...wanted,
    tokens: [],
    logprobs: [],
    entropy: [],
    alternatives: { tokens: [], logprobs: [] },
    ending: chunk.stop === null ? null : new EndingText(chunk.stop, begunTokens(chunk, wanted)),
    reported: 0,
  }));
  let finished: SampleReport['finished'][number][] = [];
  let reportedAt = performance.now();

  const flush = (): void => {
    const added = open
      .filter(({ tokens, reported }) => tokens.length > reported)
      .map((answer) => {
        const tokens = answer.tokens.slice(answer.reported);
        answer.reported = answer.tokens.length;
        return { answer: answer.answer, tokens };
      });
    if (added.length + finished.length > 0) report({ added, finished });
    finished = [];
    reportedAt = performance.now();
  };
  const finish = (answer: Open, stopReason: 'stop' | 'length' | 'aborted'): void => {
    finished.push({
      answer: answer.answer,
      tokens: Int32Array.from(answer.tokens),
      logprobs: Float32Array.from(answer.logprobs),
      entropy: Float32Array.from(answer.entropy),
      alternatives:
        alternatives === 0
          ? null
          : {
              tokens: Int32Array.from(answer.alternatives.tokens),
              logprobs: Float32Array.from(answer.alternatives.logprobs),
            },
      stopReason,
    });
  };

  let { cache, logits } = start(model, ops, chunk);
  try {
    while (open.length > 0) {
      if (Atomics.load(chunk.abort, 0) !== 0) {
        for (const answer of open) finish(answer, 'aborted');
        open = [];
        break;
      }
      const vocabulary = logits.shape[1] ?? 0;
      const distribution = await ops.distribution(logits, temperature === 0 ? 1 : temperature, chunk.allowed);
      const kept: number[] = [];
      open.forEach((answer, row) => {
        const at = row * vocabulary;
        if (topK > 0) keepLikeliest(distribution.weights, at, vocabulary, topK);
        const token =
          temperature === 0
            ? likeliest(distribution.logits, at, chunk.allowed)
            : drawToken(
                distribution.weights,
                at,
                vocabulary,
                topP,
                uniform(answer.seed, begunTokens(chunk, answer).length + answer.tokens.length),
              );
        answer.tokens.push(token);
        answer.logprobs.push((distribution.logits[at + token] as number) - (distribution.logSums[row] as number));
        answer.entropy.push(distribution.entropy[row] as number);
        if (alternatives > 0) {
          for (const other of largestLogits(distribution.logits, at, vocabulary, alternatives)) {
            answer.alternatives.tokens.push(other);
            answer.alternatives.logprobs.push(
              (distribution.logits[at + other] as number) - (distribution.logSums[row] as number),
            );
          }
        }
        const ends = chunk.endTokens.includes(token) || answer.ending?.ends(token) === true;
        if (ends) finish(answer, 'stop');
        else if (answer.tokens.length >= maxTokens) finish(answer, 'length');
        else kept.push(row);
      });
      logits.dispose();
      if (kept.length < open.length) {
        open = kept.map((row) => open[row] as Open);
        if (open.length > 0) cache.keep(kept);
      }
      if (performance.now() - reportedAt >= reportEveryMs) flush();
      if (open.length === 0) break;
      const tokens = Int32Array.from(open, (answer) => answer.tokens.at(-1) ?? 0);
      const positions = Int32Array.from(
        open,
        (answer) => (chunk.prompts[answer.prompt]?.next ?? 0) + answer.tokens.length - 1,
      );
      logits = tf.tidy(() => model.step(tokens, positions, cache));
    }
  } finally {
    if (!logits.isDisposed) logits.dispose();
    cache.dispose();
  }
  flush();
}

/** Runs the prompts once; gives the cache and the first logits [answers, vocabulary]. */
function start(model: Model, ops: Ops, chunk: SampleChunk): { cache: DecodingCache; logits: tf.Tensor } {
  const batch = packBatch(chunk.prompts.map((prompt) => ({ prompt, answers: [] })));
  const last = Int32Array.from(batch.prompts, ({ rows }) => rows.at(-1) ?? 0);
  let qkv: tf.Tensor[] = [];
  const logits = tf.tidy(() => {
    const started = model.prefill(batch, last);
    qkv = started.qkv;
    return model.logits(
      started.hidden,
      Int32Array.from(chunk.answers, ({ prompt }) => prompt),
    );
  });
  const prompts = Int32Array.from(
    chunk.answers.flatMap(({ prompt }) => {
      const { first = 0, rows = new Int32Array() } = batch.prompts[prompt] ?? {};
      return [first, rows.length];
    }),
  );
  return { cache: ops.decodingCache({ promptQkv: qkv, prompts, shape: model.config.text.shape }), logits };
}

/** What the prompt of an answer holds of it already. */
function begunTokens({ prompts }: SampleChunk, { prompt }: { readonly prompt: number }): Int32Array {
  const { tokens = new Int32Array(), begun = 0 } = prompts[prompt] ?? {};
  return tokens.subarray(tokens.length - begun);
}
