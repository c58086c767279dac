import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineTeacher } from '../../trainer/cot/engine-teacher.ts';
import type { TeacherRequest } from '../../trainer/cot/teacher.ts';
import type { Engine, ModelHandle } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import type { Question } from '../../trainer/protocol/records.ts';
import type { PromptTemplate } from '../../trainer/reasoning/template.ts';
import { clip, colourNames, newModel } from '../engines/tfjs/tiny.ts';

const template: PromptTemplate = {
  system: null,
  instruction: '',
  answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
};

const request = (number: number, dataType: Question['dataType'] = 'video'): TeacherRequest => ({
  question: {
    row: number,
    dataset: 'd.json',
    problemId: String(number),
    problem: 'Which colour comes first?',
    problemType: 'free-form',
    dataType,
    options: [],
    solution: 'red',
    path: './x.mp4',
    source: '',
    family: null,
    needsOrder: null,
  },
  medium: {
    kind: 'frames',
    frames: clip(dataType === 'video' ? ['red', colourNames[number % 4] ?? 'red'] : ['red']),
  },
  sample: 0,
  seed: 1000 + number,
});

let engine: Engine;
let model: ModelHandle;
beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  model = await newModel(engine);
});
afterAll(() => engine.dispose());

const teacherOf = (maxTokens: number) =>
  new EngineTeacher(engine, model, {
    template,
    sampling: { maxTokens, temperature: 1, topP: 0.95 },
    samplesPerCall: 8,
  });

describe('a model of our own as the teacher', () => {
  it('says the same to the same seed, whatever else it is asked with', async () => {
    const teacher = teacherOf(12);
    const requests = [request(0), request(1), request(2, 'image'), request(3)];
    const together = await teacher.sample(requests);
    const alone = [];
    for (const one of [...requests].reverse()) alone.unshift(...(await teacher.sample([one])));
    expect(alone).toEqual(together);
    const other = await teacher.sample([{ ...request(0), seed: 1 }]);
    expect(other[0]).not.toEqual(together[0]);
  });

  it('counts tokens, and says which answers were cut off', async () => {
    const [short] = await teacherOf(2).sample([request(0)]);
    expect(short).toMatchObject({ outcome: 'cut-off', usage: { tokensOut: 2 } });
    expect(short?.outcome === 'cut-off' && (short.usage?.tokensIn ?? 0) > 10).toBe(true);
    const many = await teacherOf(400).sample(Array.from({ length: 8 }, (_, i) => request(i)));
    for (const answer of many) {
      if (answer.outcome === 'failed') throw new Error(answer.message);
      expect(answer.outcome === 'cut-off').toBe(answer.usage?.tokensOut === 400);
    }
  });
});
