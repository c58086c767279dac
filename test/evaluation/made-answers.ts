/** Headers and lines of evaluations for tests, with only what a test is about written out. */
import type { AnsweredLine, AnswersHeader, GivenAnswer, SkippedLine } from '../../trainer/evaluation/answers-file.ts';

export function headerWith(changes: Partial<AnswersHeader> = {}): AnswersHeader {
  return {
    kind: 'video-r1 evaluation',
    version: 1,
    label: { model: 'sft-1', run: 'sft-1', step: 60 },
    model: { sha256: 'a'.repeat(64) },
    datasets: [{ name: 'eval', sha256: 'd'.repeat(64), rows: 10 }],
    frames: { maxFrames: 16, maxPixels: 1000 },
    sampling: { temperature: 0.01, topP: 0.001, maxTokens: 1024, seed: 1 },
    shuffled: true,
    nanRegressionPays: false,
    template: {
      system: null,
      instruction: 'Think.',
      answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
    },
    ...changes,
  };
}

export function given(accuracy: number, answer = accuracy === 1 ? 'A' : 'B'): GivenAnswer {
  const text = `<answer>${answer}</answer>`;
  return { text, tokens: 3, stop: 'stop', answer, accuracy, correct: accuracy === 1, reward: accuracy };
}

function question(row: number) {
  return {
    dataset: 'eval',
    row,
    key: `key-${row}`,
    problemId: String(row),
    problem: `Question ${row}?`,
    problemType: 'multiple choice' as const,
    dataType: 'video' as const,
    solution: 'A',
    path: `${row}.mp4`,
    source: 'clips',
    family: null,
    needsOrder: null,
  };
}

export function answered(
  row: number,
  ordered: number,
  shuffled: number | null = null,
  changes: Partial<AnsweredLine> = {},
): AnsweredLine {
  return {
    outcome: 'answered',
    ...question(row),
    ordered: given(ordered),
    shuffled: shuffled === null ? null : given(shuffled),
    ...changes,
  };
}

export function unreadable(row: number): SkippedLine {
  return { outcome: 'skipped', ...question(row), message: 'it is cut off' };
}
