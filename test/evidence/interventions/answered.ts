/** A question with made-up frames, and an answer to it as tokens. */
import type { Frames } from '../../../trainer/engines/engine.ts';
import type { WeighedAnswer } from '../../../trainer/evidence/interventions/asked.ts';
import { parseCompletion } from '../../../trainer/reasoning/completion.ts';
import { defaultTemplate } from '../../../trainer/reasoning/template.ts';

/** Frames of one colour each, 28 x 28. @param colours one per frame; the same number gives the same pixels */
export function coloured(colours: readonly number[]): Frames {
  const size = 3 * 28 * 28;
  const pixels = new Uint8Array(new SharedArrayBuffer(size * colours.length));
  for (const [i, colour] of colours.entries()) pixels.fill(colour, i * size, (i + 1) * size);
  return {
    ...{ key: `colours ${colours.join()}`, width: 28, height: 28, count: colours.length },
    ...{ pixels, place: null, sampleFps: 2 },
  };
}

export const choices = ['A. left', 'B. right', 'C. up'];

interface Wanted {
  readonly frames?: number;
  readonly seen?: readonly number[] | null;
  readonly colours?: readonly number[];
  readonly pieces?: readonly string[];
  readonly ids?: readonly number[];
}

const usual = [
  '<think>',
  'It',
  ' goes',
  ' left',
  '.',
  ' So',
  ' left',
  '.',
  '</think>',
  '\n',
  '<answer>',
  'A',
  '</answer>',
];

export function answered({ frames = 4, seen, colours, pieces = usual, ids }: Wanted = {}): WeighedAnswer {
  const shown = coloured(colours ?? Array.from({ length: frames }, (_, i) => 20 * i));
  const text = pieces.filter((piece) => !piece.startsWith('<|')).join('');
  const { think, answer, problems } = parseCompletion(text);
  return {
    rolloutId: 's1-g0-o0',
    question: {
      problem: 'Which way does it go?',
      problemType: 'multiple choice',
      dataType: seen === null ? 'image' : 'video',
      options: choices,
    },
    frames: shown,
    seen: seen === undefined ? Array.from({ length: shown.count }, (_, i) => i) : seen,
    template: defaultTemplate,
    text,
    parsed: { think, answer, problems },
    ids: Int32Array.from(ids ?? pieces.map((_, i) => i)),
    pieces,
    recorded: pieces.map(() => -1),
  };
}
