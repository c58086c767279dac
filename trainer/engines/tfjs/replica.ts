/** One replica: a full copy of each model on one backend, computing its share of every batch. Runs in a worker thread. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { StudioError } from '../../protocol/errors.ts';
import type { LossScored, Scored } from '../engine.ts';
import type { ExactSums, LossSums, LossTerms, PolicyTerms } from '../losses.ts';
import { exactPolicySums, lossSums } from '../losses.ts';
import { readConfig } from '../qwen/config.ts';
import type { SampleReport } from '../qwen/sample-stream.ts';
import { trainTokenizer } from '../qwen/tokenizer/training.ts';
import type { AnswerBackend, StartedBackend } from './backends/backend.ts';
import type { NamedTensor } from './checkpoint/safetensors.ts';
import { readSafetensors, writeSafetensors } from './checkpoint/safetensors.ts';
import {
  joinParts,
  momentSuffixes,
  readWeights,
  refuseUnknown,
  splitParts,
  writeWeights,
} from './checkpoint/weights.ts';
import type { ForwardBackward, ReplicaAnswers, ReplicaRequest, SampleChunk, WeightsOrigin } from './messages.ts';
import type { PackedBatch, PackedGroup, Targets } from './model/batch.ts';
import { packBatch } from './model/batch.ts';
import { sharedBatches } from './model/common-rows.ts';
import { generate } from './model/generation.ts';
import { Model } from './model/model.ts';
import type { Ops } from './model/ops.ts';
import type { Parameter, ParameterTable } from './model/parameters.ts';
import { initialValues, parameterTable } from './model/parameters.ts';
import { PatchCache } from './model/patches.ts';
import { keptTensor, type Moments, putBack, type Trained, type TrainedValues, takeSnapshot } from './snapshots.ts';

interface Held extends Trained {
  readonly model: Model;
  /** Gradients of all replicas; null for a reference. */
  readonly gradients: readonly Float32Array[] | null;
  /** By number. */
  readonly snapshots: Map<number, TrainedValues>;
  /** The model as the backend that writes answers holds it; null before the first answer. */
  answering: { readonly model: Model; readonly weights: readonly tf.Tensor[]; readonly version: number } | null;
}

/** Parameters up to which answers are written on a backend of their own: WebAssembly's heap, of 4 GB, takes more than the weights. */
const mostAnsweringParameters = 2 ** 28;

/** A part of a batch, and what its loss is made of. */
interface BatchLoss extends Targets {
  readonly batch: PackedBatch;
  readonly terms: LossTerms;
  readonly reference: number | null;
}

export class Replica {
  private readonly ops: Ops;
  private readonly answers: AnswerBackend | null;
  private readonly index: number;
  /** Rows of activations that are held for one backward pass. */
  private readonly rows: number;
  private readonly models = new Map<number, Held>();
  private readonly patches = new PatchCache();
  /** Of weights; each step gives them one that no others had. */
  private versions = 0;

  constructor({ ops, answers }: Pick<StartedBackend, 'ops' | 'answers'>, index: number, microBatchRows: number) {
    this.ops = ops;
    this.answers = answers;
    this.index = index;
    this.rows = microBatchRows;
  }

  async answer(
    request: ReplicaRequest,
    report: (report: SampleReport) => void,
  ): Promise<ReplicaAnswers[ReplicaRequest['kind']]> {
    switch (request.kind) {
      case 'train-tokenizer':
        return { tokenizer: trainTokenizer(request.texts, request.vocabularySize) };
      case 'create':
        return await this.create(request);
      case 'sample':
        return await this.sample(this.held(request.model), request.chunk, report);
      case 'forward':
        return await this.forward(this.held(request.model), request.groups, request.entropy);
      case 'forward-backward':
        return await this.forwardBackward(this.held(request.model), request.work);
      case 'reduce-gradient':
        return this.reduceGradient(this.held(request.model), request.contributing);
      case 'optim-step':
        return this.optimStep(this.held(request.model), request);
      case 'snapshot': {
        const held = this.held(request.model);
        held.snapshots.set(request.snapshot, await takeSnapshot(held, this.ops));
        return null;
      }
      case 'restore': {
        const held = this.held(request.model);
        putBack(held, snapshotOf(held, request.snapshot));
        return null;
      }
      case 'release':
        // Those of a model that was unloaded went with it.
        this.models.get(request.model)?.snapshots.delete(request.snapshot);
        return null;
      case 'save':
        return await this.save(this.held(request.model), request.folder);
      case 'unload':
        return this.unload(request.model);
      case 'memory':
        return { bytes: this.ops.bytes(), tensors: tf.memory().numTensors };
    }
  }

  private async create({
    model,
    config: file,
    place,
    origin,
    gradients,
  }: Extract<ReplicaRequest, { kind: 'create' }>): Promise<ReplicaAnswers['create']> {
    const config = readConfig(file, place);
    const table = parameterTable(config);
    const { values, moments, step } = await this.load(table, origin);
    const weights = new Map(
      table.parameters.map((parameter) => [parameter.name, keptTensor(parameter, values(parameter))]),
    );
    this.models.set(model, {
      model: new Model(config, weights, this.ops, this.patches),
      table,
      weights,
      moments,
      gradients,
      optimizerStep: step,
      version: this.versions++,
      snapshots: new Map(),
      answering: null,
    });
    return { parameters: table.size };
  }

  private async load(
    table: ParameterTable,
    origin: WeightsOrigin,
  ): Promise<{ values: (parameter: Parameter) => Float32Array; moments: Map<string, Moments>; step: number }> {
    const none = { moments: new Map<string, Moments>(), step: 0 };
    if (origin.kind === 'seed') return { values: (parameter) => initialValues(parameter, origin.seed), ...none };
    if (origin.kind === 'copy') {
      const copies = await this.weightsOf(this.held(origin.of));
      return { values: ({ name }) => copies.get(name) as Float32Array, ...none };
    }
    const { tensors, file } = await readWeights(origin.folder, table);
    const joined = new Map(table.parameters.map((parameter) => [parameter.name, joinParts(parameter, tensors, file)]));
    const values = ({ name }: Parameter): Float32Array => joined.get(name) ?? new Float32Array();
    if (origin.optimizerStep === null || origin.optimizerStep === 0) return { values, ...none };
    const stateFile = join(origin.folder, 'optimizer.safetensors');
    const state = await readSafetensors(stateFile);
    refuseUnknown(table, state, stateFile, momentSuffixes);
    const [first, second] = momentSuffixes;
    const read = table.parameters.map((parameter) => ({
      parameter,
      m: joinParts(parameter, state, stateFile, first),
      v: joinParts(parameter, state, stateFile, second),
    }));
    const moments = new Map(
      read.map(({ parameter, m, v }) => [parameter.name, { m: keptTensor(parameter, m), v: keptTensor(parameter, v) }]),
    );
    return { values, moments, step: origin.optimizerStep };
  }

  private async sample(held: Held, chunk: SampleChunk, report: (report: SampleReport) => void): Promise<null> {
    const answers = this.answers;
    if (answers === null || held.table.size > mostAnsweringParameters) {
      await generate(held.model, this.ops, chunk, report);
      return null;
    }
    const current = held.answering?.version === held.version ? held.answering.model : null;
    const values = current === null ? await this.weightsOf(held) : null;
    await answers.within(async () => {
      const model = values === null ? (current as Model) : answeringModel(held, values, answers.ops, this.patches);
      await generate(model, answers.ops, chunk, report);
    });
    return null;
  }

  private async weightsOf({ weights }: Held): Promise<Map<string, Float32Array>> {
    const copies = new Map<string, Float32Array>();
    for (const [name, weight] of weights) copies.set(name, (await this.ops.read(weight)).slice());
    return copies;
  }

  private async forward({ model }: Held, groups: readonly PackedGroup[], entropy: boolean): Promise<Scored> {
    const parts: Scored[] = [];
    for (const [start, end] of sharedBatches(groups, this.rows)) {
      const batch = packBatch(groups.slice(start, end), 'all rows');
      const { targets, place } = distinctTargets(batch.answerTargets);
      const scored = entropy
        ? await this.withEntropy(model, batch, targets)
        : { logprobs: await this.logprobs(model, batch, targets), entropy: null };
      const ofEach = (values: Float32Array): Float32Array => Float32Array.from(place, (i) => values[i] as number);
      parts.push({ logprobs: ofEach(scored.logprobs), entropy: scored.entropy && ofEach(scored.entropy) });
    }
    return {
      logprobs: concatenated(parts.map(({ logprobs }) => logprobs)),
      entropy: entropy ? concatenated(parts.map((part) => part.entropy ?? new Float32Array())) : null,
    };
  }

  private async logprobs(model: Model, batch: PackedBatch, targets: Targets): Promise<Float32Array> {
    if (targets.rows.length === 0) return new Float32Array();
    return await this.values(() => model.logprobs(batch, targets));
  }

  /** A copy of what is computed. */
  private async values(compute: () => tf.Tensor): Promise<Float32Array> {
    const computed = tf.tidy(compute);
    const values = (await this.ops.read(computed)).slice();
    computed.dispose();
    return values;
  }

  private async withEntropy(model: Model, batch: PackedBatch, { rows, targets }: Targets): Promise<Scored> {
    if (rows.length === 0) return { logprobs: new Float32Array(), entropy: new Float32Array() };
    const logits = tf.tidy(() => model.logitsAt(batch, rows));
    const vocabulary = model.config.text.vocabularySize;
    const {
      logits: values,
      logSums,
      entropy,
    } = await this.ops.distribution(logits, 1, new Float32Array(vocabulary).fill(1));
    const logprobs = Float32Array.from(
      targets,
      (target, i) => (values[i * vocabulary + target] as number) - (logSums[i] as number),
    );
    logits.dispose();
    return { logprobs, entropy: entropy.slice() };
  }

  private async forwardBackward(
    held: Held,
    { groups, terms, promptWeights, reference, fresh }: ForwardBackward,
  ): Promise<ReplicaAnswers['forward-backward']> {
    const gradient = held.gradients?.[this.index];
    if (gradient === undefined) throw new StudioError('internal', 'A reference model takes no gradient.');
    const { parameters } = held.table;
    const weights = parameters.map(({ name }) => held.weights.get(name) as tf.Tensor);
    const totals = parameters.map((): tf.Tensor | null => null);
    const sums = { loss: 0, kl: 0, clipped: 0 };
    const scored: LossScored[] = [];
    let done = 0;
    for (const [start, end] of microBatches(groups, this.rows)) {
      const batch = packBatch(groups.slice(start, end));
      const answered = batch.answerTargets.rows.length;
      const weightsOfPrompts = promptWeights?.subarray(start, end) ?? null;
      const { rows, targets } =
        weightsOfPrompts === null ? batch.answerTargets : joinTargets(batch.answerTargets, batch.promptTargets);
      const part = slicedTerms(
        terms,
        done,
        done + answered,
        weightsOfPrompts === null ? null : batch.promptTargets.group,
        weightsOfPrompts,
      );
      done += answered;
      if (rows.length === 0) continue;
      const { compute, loss } = await this.loss(held.model, { batch, rows, targets, terms: part, reference });
      const told = (values: Float32Array) => {
        const { loss: value, kl, clipped, gradient: by, ...ofTokens } = loss(values);
        if (part.kind === 'policy') scored.push(scoredOf(part, ofTokens, values));
        sums.loss += value;
        sums.kl += kl;
        sums.clipped += clipped;
        return { value, gradient: by };
      };
      const grads = await this.ops.lossGradients(compute, told, weights);
      grads.forEach((grad, i) => {
        const total = totals[i] ?? null;
        // A batch without media leads through no parameter of the vision tower.
        if (grad == null) return;
        totals[i] = total === null ? grad : this.ops.add(total, grad);
        if (total !== null) tf.dispose([total, grad]);
      });
    }
    for (const [i, total] of totals.entries()) {
      const { offset, size } = parameters[i] as Parameter;
      const place = gradient.subarray(offset, offset + size);
      if (total === null && fresh) place.fill(0);
      else if (total !== null && fresh) place.set(await this.ops.read(total));
      else if (total !== null) add(place, await this.ops.read(total));
      total?.dispose();
    }
    return { ...sums, scored: terms.kind === 'policy' ? joinScored(scored) : null };
  }

  /** What is computed of a batch, and the loss of it: of log-probabilities, or of logits where the KL is exact. */
  private async loss(
    model: Model,
    { batch, rows, targets, terms, reference }: BatchLoss,
  ): Promise<{ compute: () => tf.Tensor; loss: (values: Float32Array) => LossSums | ExactSums }> {
    if (reference === null || terms.kind !== 'policy') {
      return {
        compute: () => model.logprobs(batch, { rows, targets }),
        loss: (logprobs) => lossSums(terms, logprobs),
      };
    }
    const refLogits = await this.values(() => this.held(reference).model.logitsAt(batch, rows));
    return {
      compute: () => model.logitsAt(batch, rows),
      loss: (logits) => exactPolicySums(terms, targets, logits, refLogits),
    };
  }

  /** Adds up the replicas' gradients in this replica's range, in place in the first one's array. */
  private reduceGradient({ gradients }: Held, contributing: readonly number[]): ReplicaAnswers['reduce-gradient'] {
    const [total, ...others] = contributing.map((replica) => gradients?.[replica]);
    if (gradients === null || total === undefined) throw new StudioError('internal', 'There is no gradient to add up.');
    const share = Math.ceil(total.length / gradients.length);
    const own = (whole: Float32Array): Float32Array => whole.subarray(this.index * share, (this.index + 1) * share);
    const sum = own(total);
    for (const other of others) add(sum, own(other as Float32Array));
    let squares = 0;
    for (let i = 0; i < sum.length; i++) squares += (sum[i] as number) * (sum[i] as number);
    return { squares };
  }

  private optimStep(
    held: Held,
    { step, gradientOf, scale }: Extract<ReplicaRequest, { kind: 'optim-step' }>,
  ): ReplicaAnswers['optim-step'] {
    const { table, weights, moments } = held;
    const gradient = held.gradients?.[gradientOf];
    if (gradient === undefined) throw new StudioError('internal', 'A reference model takes no step.');
    held.optimizerStep++;
    held.version = this.versions++;
    for (const parameter of table.parameters) {
      const { name, offset, size, decays } = parameter;
      const { m, v } = moments.get(name) ?? {
        m: keptTensor(parameter, new Float32Array(size)),
        v: keptTensor(parameter, new Float32Array(size)),
      };
      const optimized = { value: weights.get(name) as tf.Tensor, m, v };
      this.ops.adamw(optimized, gradient.subarray(offset, offset + size), {
        scale,
        learningRate: step.learningRate,
        beta1: step.beta1,
        beta2: step.beta2,
        epsilon: step.epsilon,
        weightDecay: decays ? step.weightDecay : 0,
        correction1: 1 - step.beta1 ** held.optimizerStep,
        correction2: 1 - step.beta2 ** held.optimizerStep,
      });
      weights.set(name, optimized.value);
      moments.set(name, { m: optimized.m, v: optimized.v });
    }
    return null;
  }

  private async save(
    { table, weights, moments, optimizerStep }: Held,
    folder: string,
  ): Promise<ReplicaAnswers['save']> {
    const read = async (tensor: tf.Tensor): Promise<Float32Array> => (await this.ops.read(tensor)).slice();
    const model: NamedTensor[] = [];
    const state: NamedTensor[] = [];
    for (const parameter of table.parameters) {
      model.push(...splitParts(parameter, await read(weights.get(parameter.name) as tf.Tensor)));
      const held = moments.get(parameter.name);
      if (held === undefined) continue;
      state.push(
        ...splitParts(parameter, await read(held.m), momentSuffixes[0]),
        ...splitParts(parameter, await read(held.v), momentSuffixes[1]),
      );
    }
    const hashes = await writeWeights(folder, model);
    const optimizerFile = 'optimizer.safetensors';
    hashes.set(optimizerFile, await writeSafetensors(join(folder, optimizerFile), state));
    return { optimizerStep, hashes };
  }

  private unload(model: number): null {
    const { weights, moments, answering } = this.held(model);
    tf.dispose([...(answering?.weights ?? [])]);
    for (const tensor of weights.values()) tensor.dispose();
    for (const { m, v } of moments.values()) tf.dispose([m, v]);
    this.models.delete(model);
    return null;
  }

  private held(model: number): Held {
    const held = this.models.get(model);
    if (held === undefined) throw new StudioError('internal', `No model ${model} is loaded.`);
    return held;
  }
}

function add(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) (sum[i] as number) += values[i] as number;
}

/** The model on the current backend, with its weights as they are now. */
function answeringModel(held: Held, values: ReadonlyMap<string, Float32Array>, ops: Ops, patches: PatchCache): Model {
  tf.dispose([...(held.answering?.weights ?? [])]);
  const weights = new Map(
    held.table.parameters.map((parameter) => [
      parameter.name,
      keptTensor(parameter, values.get(parameter.name) as Float32Array),
    ]),
  );
  const model = new Model(held.model.config, weights, ops, patches);
  held.answering = { model, weights: [...weights.values()], version: held.version };
  return model;
}

function snapshotOf({ snapshots }: Held, number: number): TrainedValues {
  const snapshot = snapshots.get(number);
  if (snapshot === undefined) throw new StudioError('internal', `There is no snapshot ${number} of this model.`);
  return snapshot;
}

/** Ranges of groups whose rows stay below the bound; a group is never cut. */
function microBatches(groups: readonly PackedGroup[], mostRows: number): [number, number][] {
  const ranges: [number, number][] = [];
  let start = 0;
  let rows = 0;
  groups.forEach(({ prompt, answers }, i) => {
    const own = prompt.tokens.length + answers.reduce((sum, { length }) => sum + length, 0);
    if (rows > 0 && rows + own > mostRows) {
      ranges.push([start, i]);
      start = i;
      rows = 0;
    }
    rows += own;
  });
  if (start < groups.length) ranges.push([start, groups.length]);
  return ranges;
}

/** Each pair of row and token once, and for every target which of them it is. */
function distinctTargets({ rows, targets }: Targets): { targets: Targets; place: Int32Array } {
  const known = new Map<string, number>();
  const first: number[] = [];
  const place = Int32Array.from(rows, (row, i) => {
    const key = `${row} ${targets[i]}`;
    const number = known.get(key) ?? known.size;
    if (number === known.size) {
      known.set(key, number);
      first.push(i);
    }
    return number;
  });
  const taken = (values: Int32Array): Int32Array => Int32Array.from(first, (i) => values[i] as number);
  return { targets: { rows: taken(rows), targets: taken(targets) }, place };
}

function joinTargets(
  a: { rows: Int32Array; targets: Int32Array },
  b: { rows: Int32Array; targets: Int32Array },
): { rows: Int32Array; targets: Int32Array } {
  return { rows: Int32Array.from([...a.rows, ...b.rows]), targets: Int32Array.from([...a.targets, ...b.targets]) };
}

/** The terms of answer tokens from..to, and behind them those of prompt tokens, which take their group's weight. */
function slicedTerms(
  terms: LossTerms,
  from: number,
  to: number,
  promptGroups: Int32Array | null,
  promptWeights: Float32Array | null,
): LossTerms {
  if (terms.kind === 'policy') {
    return {
      ...terms,
      weights: terms.weights.subarray(from, to),
      advantages: terms.advantages.subarray(from, to),
      answers: terms.answers.subarray(from, to),
      oldLogprobs: terms.oldLogprobs.subarray(from, to),
      refLogprobs: terms.refLogprobs?.subarray(from, to) ?? null,
    };
  }
  const ofAnswers = terms.weights.subarray(from, to);
  if (promptGroups === null || promptWeights === null) return { ...terms, weights: ofAnswers };
  return {
    ...terms,
    weights: concatenated([ofAnswers, Float32Array.from(promptGroups, (group) => promptWeights[group] ?? 0)]),
  };
}

/** Copies of what a policy loss was made of: `values` are log-probabilities, or logits where `exact` has them. */
function scoredOf(terms: PolicyTerms, exact: Partial<LossScored>, values: Float32Array): LossScored {
  return {
    logprobs: exact.logprobs ?? values.slice(),
    refLogprobs: exact.refLogprobs ?? terms.refLogprobs,
  };
}

function joinScored(parts: readonly LossScored[]): LossScored {
  const references = parts.map(({ refLogprobs }) => refLogprobs);
  return {
    logprobs: concatenated(parts.map(({ logprobs }) => logprobs)),
    refLogprobs: references.every((values) => values !== null) ? concatenated(references) : null,
  };
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    whole.set(part, at);
    return at + part.length;
  }, 0);
  return whole;
}
