/** What the detectors that read a text alone find in a row's chain of thought: neither frames nor other answers are asked. */
import type { FoundPattern } from '../../trainer/annotations/suggestions.ts';
import { datasetRow } from '../../trainer/protocol/dataset.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { readReasoning } from '../../trainer/reasoning/aha.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { patternSpan } from '../../trainer/reasoning/pattern-spans.ts';
import { findPatterns, type PatternAnswer, type PatternGroup } from '../../trainer/reasoning/patterns.ts';
import { solutionText } from '../../trainer/reasoning/prompt.ts';
import { extractAnswer } from '../../trainer/rewards/answer.ts';
import { score } from '../../trainer/rewards/score.ts';

/** As a picture has none: which frames and times a video has is in its file. */
const noFrames: PatternGroup['media'] = { kind: 'image', times: [], durationSeconds: 0 };

/** Spans are in the chain of thought, in UTF-16 code units. None for a row that is no question with a chain of thought. */
export function patternsOfRow(values: unknown): FoundPattern[] {
  const row = datasetRow.safeParse(values).data;
  const text = row ? solutionText(row) : null;
  if (!row || text === null) return [];
  const parsed = parseCompletion(text);
  const { think } = parsed;
  const { options, problem, problem_type: problemType } = row;
  const solution = extractAnswer(row.solution) ?? row.solution;
  const reasoned = think && readReasoning(text, { think, options, solution, problemType });
  const { accuracy, answer } = score(text, { problemType, solution });
  const { commitments = [], rejectsSolution = false } = reasoned ?? {};
  const read: PatternAnswer & Pick<Rollout, 'commitments'> = {
    ...{ text, parsed, answer, correct: accuracy === 1, commitments: [...commitments] },
    // Nobody cut it, and no run has paid it.
    ...{ stopReason: 'stop', reward: { parts: [], total: 0 } },
  };
  const group: PatternGroup = { temporal: null, question: { problem, options, solution }, media: noFrames };
  return findPatterns(read, { commitments, rejectsSolution }, group).map((detector) => ({
    detector,
    span: patternSpan(detector, read, group),
  }));
}
