/** How many parameters a Qwen2.5-VL has, by the parts that FSDP2 gathers one by one. */
import { type ModelConfig, mergeSize, patchLength } from '../../qwen/config.ts';

/** Numbers of parameters. */
export interface ParameterCounts {
  /** One block of the decoder. */
  readonly layer: number;
  /** The rows of tokens, which a tied head shares. */
  readonly embedding: number;
  /** 0 for a tied head. */
  readonly head: number;
  /** One block of the vision tower. */
  readonly block: number;
  /** The tower without its blocks: patch embedding and merger. */
  readonly towerRest: number;
  readonly vision: number;
  readonly all: number;
}

/**
 * By the shapes of transformers' `Qwen2_5_VLForConditionalGeneration`: projections of queries, keys and values have a bias, that of
 * attention's output and the decoder's MLP have none; the tower's projections all have one.
 */
export function parameterCounts({ text, vision }: ModelConfig): ParameterCounts {
  const hidden = text.hiddenSize;
  const keys = text.shape.kvHeads * text.shape.headDim;
  const queries = text.shape.heads * text.shape.headDim;
  const attention = hidden * queries + queries + 2 * (hidden * keys + keys) + queries * hidden;
  const layer = attention + 3 * hidden * text.intermediateSize + 2 * hidden;
  const width = vision.hiddenSize;
  const inner = vision.intermediateSize;
  const block =
    2 * width + linear(width, 3 * width) + linear(width, width) + 2 * linear(width, inner) + linear(inner, width);
  const merged = width * mergeSize ** 2;
  const towerRest = patchLength * width + width + linear(merged, merged) + linear(merged, hidden);
  const embedding = text.vocabularySize * hidden;
  const head = text.tiedHead ? 0 : embedding;
  const tower = vision.depth * block + towerRest;
  return {
    ...{ layer, embedding, head, block, towerRest },
    vision: tower,
    all: text.layers * layer + embedding + head + hidden + tower,
  };
}

/** Of a LoRA adapter of a rank at every linear layer but the head: `rank * (inputs + outputs)` each (Hu et al. 2021, section 4.1). */
export function adapterParameters({ text, vision }: ModelConfig, rank: number, ofVision: boolean): number {
  const hidden = text.hiddenSize;
  const keys = text.shape.kvHeads * text.shape.headDim;
  const queries = text.shape.heads * text.shape.headDim;
  const layer = hidden + queries + 2 * (hidden + keys) + queries + hidden + 3 * (hidden + text.intermediateSize);
  const width = vision.hiddenSize;
  const merged = width * mergeSize ** 2;
  const block = width + 3 * width + 2 * width + 3 * (width + vision.intermediateSize);
  const tower = vision.depth * block + 2 * merged + merged + hidden;
  return rank * (text.layers * layer + (ofVision ? tower : 0));
}

const linear = (inputs: number, outputs: number): number => inputs * outputs + outputs;
