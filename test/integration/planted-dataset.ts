/** A dataset in which one family of order questions is honest, and in the other the ground gives the answer away. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clip, writeClips } from '../../trainer/data/sample/clips.ts';
import { Draw } from '../../trainer/data/sample/draw.ts';
import { clipFrames, clipFramesPerSecond, clipSeconds, letter, sceneSize } from '../../trainer/data/sample/scene.ts';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';
import { Canvas, type Rgb } from '../../trainer/video/canvas.ts';

const grounds = ['red', 'blue'] as const;
const colours: Readonly<Record<(typeof grounds)[number], Rgb>> = { red: [200, 60, 60], blue: [60, 80, 210] };
const side = 40;

interface Made {
  readonly row: Omit<DatasetRow, 'problem_id' | 'path'>;
  readonly frames: readonly Canvas[];
}

const film = (picture: (frame: number) => Canvas): Canvas[] =>
  Array.from({ length: clipFrames }, (_, frame) => picture(frame));

function rowOf(
  family: string,
  problem: string,
  choices: readonly string[],
  answer: number,
  think: string,
): Made['row'] {
  return {
    problem,
    data_type: 'video',
    problem_type: 'multiple choice',
    options: choices.map((choice, i) => `${letter(i)}. ${choice}`),
    solution: `<answer>${letter(answer)}</answer>`,
    data_source: family,
    family,
    needs_order: true,
    process: `<think>${think}</think>`,
  };
}

/** One colour, then the other: which comes first shows in no frame alone, and not in how many there are of each. */
function honest(draw: Draw): Made {
  const first = draw.integer(0, 1);
  const change = draw.pick([1, clipSeconds - 1]);
  const [before, after] = [first, 1 - first].map((index) =>
    Canvas.filled(sceneSize, sceneSize, colours[grounds[index] as (typeof grounds)[number]]),
  ) as [Canvas, Canvas];
  const seen = Array.from({ length: clipSeconds }, (_, second) => grounds[second < change ? first : 1 - first]);
  return {
    row: rowOf('first', 'Which comes first?', grounds, first, seen.join(' ')),
    frames: film((frame) => (frame < change * clipFramesPerSecond ? before : after)),
  };
}

/** A square goes from one side to the other, to the left on red ground and to the right on blue. */
function planted(draw: Draw): Made {
  const way = draw.integer(0, 1);
  const ground = Canvas.filled(sceneSize, sceneSize, colours[grounds[way] as (typeof grounds)[number]]);
  const top = draw.integer(8, sceneSize - side - 8);
  return {
    row: rowOf('moves', 'Which way does it move?', ['left', 'right'], way, `It moves ${way === 0 ? 'left' : 'right'}.`),
    frames: film((frame) => {
      const share = frame / (clipFrames - 1);
      const canvas = ground.copy();
      canvas.shape(
        'square',
        Math.round((way === 0 ? 1 - share : share) * (sceneSize - side)),
        top,
        side,
        [240, 240, 240],
      );
      return canvas;
    }),
  };
}

/** Writes `train.json` and `eval.json`, with as many questions of each family, and their videos. */
export async function plantedDataset(
  folder: string,
  ffmpeg: string,
  counts: Readonly<Record<'train' | 'eval', number>>,
): Promise<void> {
  const { signal } = new AbortController();
  await mkdir(path.join(folder, 'media'), { recursive: true });
  for (const split of ['train', 'eval'] as const) {
    const made = Array.from({ length: 2 * counts[split] }, (_, i) => {
      const draw = new Draw(1, `${split} ${i}`);
      return i % 2 === 0 ? honest(draw) : planted(draw);
    });
    const rows = made.map(({ row }, i): DatasetRow => ({ problem_id: i, ...row, path: `./media/${split}-${i}.mp4` }));
    const clips = made.map(
      ({ frames }, i): Clip => ({ file: path.join(folder, 'media', `${split}-${i}.mp4`), frames }),
    );
    await writeClips(clips, ffmpeg, path.join(folder, 'work'), signal);
    await writeFile(path.join(folder, `${split}.json`), JSON.stringify(rows, null, 1));
  }
}
