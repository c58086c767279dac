/** A dataset as large as Video-R1's RL split, made row by row: kinds, lengths and shares are like its own, texts are not. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { randomFrom } from '../../trainer/data/random.ts';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';

export const fullRows = 260_000;

const words =
  'which object moves behind the red box before it turns left and stops near a door while the camera pans over the table slowly then first second person hand picks cup “quoted” café Δx \\frac{1}{2} 25 "sign"'.split(
    ' ',
  );
const sources = ['LLaVA-Video-178K', 'STAR', 'NeXT-QA', 'CLEVRER', 'PerceptionTest', 'Math', 'Chart', 'OCR', 'Spatial'];

/** Row number `n` of the made dataset: the same for the same number. */
export function madeRow(n: number): DatasetRow {
  const random = randomFrom('made dataset', n);
  const text = (count: number) =>
    Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' ');
  const source = Math.floor(random() * sources.length);
  const kind = random();
  const common = {
    problem_id: n,
    problem: `${text(18 + Math.floor(random() * 14))}?`,
    data_type: source < 5 ? ('video' as const) : ('image' as const),
    path: `./${sources[source]}/academic_source/part_${n % 97}/${String(n).padStart(9, '0')}.${source < 5 ? 'mp4' : 'png'}`,
    data_source: sources[source] as string,
    ...(n % 5 === 0 ? { process: `<think>${text(60)}\n\n${text(30)}</think>` } : {}),
  };
  if (kind < 0.65) {
    const options = ['A', 'B', 'C', 'D'].map((letter) => `${letter}. ${text(5)}`);
    return { ...common, problem_type: 'multiple choice', options, solution: `<answer>${'ABCD'[n % 4]}</answer>` };
  }
  if (kind < 0.8) return { ...common, problem_type: 'free-form', options: [], solution: `<answer>${text(9)}</answer>` };
  if (kind < 0.93)
    return { ...common, problem_type: 'numerical', options: [], solution: `<answer>${n % 1000}</answer>` };
  if (kind < 0.98) return { ...common, problem_type: 'OCR', options: [], solution: `<answer>${text(3)}</answer>` };
  return { ...common, problem_type: 'regression', options: [], solution: `<answer>${n / 100}</answer>` };
}

/** Writes the first `count` rows, as an array that is indented as Python's `json.dump(…, indent=1)` does, or as lines. */
export async function writeMadeDataset(file: string, count: number, form: 'array' | 'lines'): Promise<void> {
  const out = createWriteStream(file);
  if (form === 'array') out.write('[\n');
  for (let n = 0; n < count; n++) {
    const row = madeRow(n);
    const text =
      form === 'lines' ? `${JSON.stringify(row)}\n` : `${n === 0 ? '' : ',\n'}${JSON.stringify(row, null, 1)}`;
    if (!out.write(text)) await once(out, 'drain');
  }
  if (form === 'array') out.write('\n]\n');
  out.end();
  await once(out, 'close');
}
