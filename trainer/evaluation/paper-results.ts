/** What the paper reports ("Video-R1", arXiv 2503.21776, tables 1 and 2), in percent. Reference rows: nothing here was measured by this program. */

/** Benchmarks in the order of the paper's columns, by the names of Video-R1's evaluation files. */
export const benchmarks = [
  { file: 'eval_vsibench.json', name: 'VSI-Bench' },
  { file: 'eval_videommmu.json', name: 'VideoMMMU' },
  { file: 'eval_mmvu.json', name: 'MMVU (mc)' },
  { file: 'eval_mvbench.json', name: 'MVBench' },
  { file: 'eval_tempcompass.json', name: 'TempCompass' },
  { file: 'eval_videomme.json', name: 'VideoMME' },
] as const;

export type BenchmarkName = (typeof benchmarks)[number]['name'];

export interface PaperRow {
  readonly model: string;
  /** Null where the paper does not say. */
  readonly frames: number | null;
  /** Null where the paper has none, or it is not legible in the copy that was read. */
  readonly accuracy: Readonly<Record<BenchmarkName, number | null>>;
}

function row(model: string, frames: number | null, ...values: readonly (number | null)[]): PaperRow {
  const entries = benchmarks.map(({ name }, i) => [name, values[i] ?? null] as const);
  return { model, frames, accuracy: Object.fromEntries(entries) as PaperRow['accuracy'] };
}

export const paperMainTable: readonly PaperRow[] = [
  row('GPT-4o', null, 34.0, 61.2, 75.4, null, null, null),
  row('Qwen2.5-VL-7B (CoT)', 16, 27.7, 47.8, 59.2, 57.4, 72.2, 53.1),
  row('Qwen2.5-VL-7B-SFT', 16, 31.8, 47.4, 61.3, 59.4, 69.2, 52.8),
  row('Video-R1-7B', 16, 34.6, 49.8, 64.2, 62.7, 72.6, 57.4),
  row('Qwen2.5-VL-7B (CoT)', 32, 30.1, 48.1, 60.0, 59.0, 72.6, 56.6),
  row('Qwen2.5-VL-7B-SFT', 32, 33.3, 49.4, 63.5, 60.5, 69.9, 55.4),
  row('Video-R1-7B', 32, 35.8, 52.3, 63.8, 63.9, 73.2, 59.3),
];

/** Table 2: what is lost without images and without the temporal reward. */
export const paperAblation: readonly PaperRow[] = [
  row('without images', 16, 32.3, 45.8, 60.6, 60.9, null, null),
  row('without temporal reward', 16, 32.7, 48.3, 62.1, 61.1, 71.3, 54.5),
  row('Video-R1-7B', 16, 34.6, 49.8, 64.2, 62.7, 72.6, 57.4),
];
