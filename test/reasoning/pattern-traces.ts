/** Labelled answers, some of which have a pattern and some nearly: what a detector is held to. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PatternName } from '../../trainer/protocol/patterns.ts';
import type { AnalysedGroup } from '../../trainer/reasoning/analysis.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import type { PatternAnswer } from '../../trainer/reasoning/patterns.ts';

const trace = z.strictObject({
  type: z.enum(['multiple choice', 'numerical', 'OCR', 'free-form', 'regression']).default('multiple choice'),
  problem: z.string().default('Which way does the ball go?'),
  options: z.array(z.string()).default(['A. left', 'B. right']),
  solution: z.string().default('B'),
  think: z.string().optional(),
  /** The whole completion, where it is not the usual form. */
  text: z.string().optional(),
  answer: z.string().default('B'),
  stop: z.enum(['stop', 'length', 'aborted']).default('stop'),
  temporal: z.strictObject({ p: z.number(), pShuffled: z.number(), passed: z.boolean() }).optional(),
  /** The temporal part of its reward. */
  paid: z.number().default(0),
});
const traces = z.strictObject({ pattern: z.string(), has: z.array(trace), near: z.array(trace) });

/** A video of eight frames, one a second. */
const media = { kind: 'video', times: [0, 1, 2, 3, 4, 5, 6, 7], durationSeconds: 8 } as const;

export interface LabelledTrace {
  readonly label: 'has' | 'near';
  readonly type: z.infer<typeof trace>['type'];
  readonly answer: PatternAnswer;
  readonly group: AnalysedGroup;
}

/** @param set the rules were written beside the `own`; `held-out` ones were labelled by another hand, without sight of them */
export function labelledTraces(pattern: PatternName, set: 'own' | 'held-out' = 'own'): LabelledTrace[] {
  const folder = path.join(import.meta.dirname, 'pattern-traces', set === 'own' ? '' : set);
  const file = path.join(folder, `${pattern.replaceAll(' ', '-')}.json`);
  const read = traces.parse(JSON.parse(readFileSync(file, 'utf8')));
  return (['has', 'near'] as const).flatMap((label) =>
    read[label].map((row): LabelledTrace => {
      const { type, problem, options, solution, think, text, answer, stop, temporal, paid } = row;
      const whole = text ?? `<think>${think}</think><answer>${answer}</answer>`;
      const parsed = parseCompletion(whole);
      return {
        label,
        type,
        answer: {
          text: whole,
          parsed: { think: parsed.think, answer: parsed.answer, problems: parsed.problems },
          stopReason: stop,
          answer,
          correct: answer === solution,
          reward: { parts: [{ name: 'temporal', value: paid, possible: 0.3, explanation: '' }], total: paid },
        },
        group: {
          temporal: temporal ? { ...temporal, mu: 0.8, comparison: '>', paid } : null,
          media: { ...media, times: [...media.times] },
          question: { problem, options, solution, problemType: type },
        },
      };
    }),
  );
}
