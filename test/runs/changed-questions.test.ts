/** What people change of the questions that are asked, where nothing would be left of them. */
import { expect, it } from 'vitest';
import { QuestionOrder } from '../../trainer/data/mixing.ts';
import { QuestionLoader } from '../../trainer/data/questions.ts';
import { changeQuestions } from '../../trainer/runs/changed-questions.ts';
import type { RunJournal } from '../../trainer/runs/run-journal.ts';
import { aRunThat } from '../protocol/every-standing.ts';

const rows = [
  { row: 0, isImage: true, source: 'pictures' },
  { row: 1, isImage: false, source: 'clips' },
  { row: 2, isImage: false, source: 'films' },
];

function asked(imageShare: number | null, skippedRows: number[] = []) {
  const run = aRunThat({ state: 'running', doing: null }, { skippedRows });
  const known: unknown[] = [];
  const summary = { ...run, parameters: { ...run.parameters, imageShare } };
  const journal = { summary, know: (facts: unknown) => void known.push(facts) } as unknown as RunJournal;
  const dataset = { count: rows.length, file: 'rows.json' } as QuestionLoader['dataset'];
  const questions = new QuestionLoader(dataset, null as never, null as never, () => {});
  questions.skip(skippedRows);
  const order = new QuestionOrder(rows, 1, { pictures: 1, clips: 1, films: 1 });
  const ahead = () => Array.from({ length: 12 }, (_, position) => order.at(position, imageShare));
  return {
    known,
    ahead,
    mix: (weights: Record<string, number>) =>
      changeQuestions({ kind: 'mix', weights }, { questions, order } as never, journal, 0),
  };
}

it('a mix that leaves no image where a share of images is wanted is refused, and the order stays', () => {
  const { known, ahead, mix } = asked(0.5);
  const before = ahead();
  expect(() => mix({ pictures: 0, clips: 1, films: 1 })).toThrow('the dataset has no image question to take');
  expect([ahead(), known]).toEqual([before, []]);
  mix({ pictures: 1, clips: 0, films: 1 });
  expect(new Set(ahead())).toEqual(new Set([0, 2]));
});

it('a mix of sources of which every row is skipped is refused, and the order stays', () => {
  const { known, ahead, mix } = asked(null, [2]);
  const before = ahead();
  expect(() => mix({ pictures: 0, clips: 0, films: 1 })).toThrow('leave out every row that is asked for');
  expect([ahead(), known]).toEqual([before, []]);
});
