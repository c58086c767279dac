/** A dataset on disk for tests of the generation: choices whose media are files that nobody decodes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JournalHeader } from '../../trainer/cot/journal.ts';
import type { TeacherAnswer } from '../../trainer/cot/teacher.ts';
import { type Dataset, openDataset } from '../../trainer/data/dataset.ts';

export interface Project {
  readonly folder: string;
  readonly dataset: Dataset;
  readonly header: JournalHeader;
  remove(): void;
}

/** Question `i` asks for option B; the media of the rows in `missing` are not there. */
export async function makeProject(rows: number, missing: readonly number[] = []): Promise<Project> {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-cot-'));
  await mkdir(path.join(folder, 'data', 'media'), { recursive: true });
  const all = Array.from({ length: rows }, (_, i) => {
    if (!missing.includes(i)) writeFileSync(path.join(folder, 'data', 'media', `${i}.mp4`), 'video');
    return {
      problem_id: `q${i}`,
      problem: `Question ${i}?`,
      data_type: 'video',
      problem_type: i % 2 === 0 ? 'multiple choice' : 'OCR',
      options: i % 2 === 0 ? ['A. left', 'B. right'] : [],
      solution: i % 2 === 0 ? '<answer>B</answer>' : '<answer>stop here</answer>',
      path: `./media/${i}.mp4`,
      data_source: 'test',
      mine: { kept: i },
    };
  });
  const file = path.join(folder, 'data', 'questions.json');
  writeFileSync(file, JSON.stringify(all));
  const dataset = await openDataset(file);
  return {
    folder,
    dataset,
    header: {
      kind: 'video-r1 cot journal',
      version: 1,
      dataset: { sha256: 'abc', rows },
      teacher: { endpoint: 'http://127.0.0.1:1/v1', model: 'm' },
      sampling: { temperature: 1, topP: 0.95, maxTokens: 512, seed: 1 },
      media: { as: 'video-url' },
      template: {},
    },
    remove() {
      dataset.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A right answer to a question of either kind. */
export function rightAnswer(problemType: string, words = 'The ball goes over to the right side, so'): TeacherAnswer {
  const answer = problemType === 'OCR' ? 'stop here' : 'B';
  return {
    outcome: 'answered',
    text: `<think>${words} ${answer}.</think>\n<answer>${answer}</answer>`,
    usage: { tokensIn: 10, tokensOut: 3 },
  };
}
