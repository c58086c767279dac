/**
 * Rollouts as a long T-GRPO run leaves them, the same every time: accuracy that rises, lengths with a tail, a temporal test
 * for each video, few aha moments, answers of several forms. And the store of a million of them, made once and kept.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { schemaVersion } from '../../trainer/store/migrations.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aGroup, anAnnotation, aQuestion, aRollout, aRun } from '../store/records.ts';

export const perGroup = 12;
const groupsPerStep = 8;
/** Groups that are stored in one go while the run is made. */
const atOnce = 500;
/** To be raised when what is made changes: a store that is kept is of one making. */
const making = 2;

/** Numbers from 0 to 1 that are the same every time. */
function* numbers(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Three thousand words, the first ones much more often than the last. */
export const words = Array.from({ length: 3000 }, (_, number) => {
  const letters = 'etaoinshrdlu';
  let word = '';
  for (let rest = number + 20; rest > 0; rest = Math.floor(rest / letters.length))
    word += letters[rest % letters.length];
  return word;
});

const problemTypes = [
  'multiple choice',
  'multiple choice',
  'multiple choice',
  'numerical',
  'regression',
  'free-form',
] as const;
const families = ['direction', 'bounces', 'count', 'light', null] as const;

/** Groups of eight ordered answers and four shuffled ones of about eighty words. */
export function* madeGroups(steps = 10_000): Generator<GroupWithRollouts, never> {
  const random = numbers();
  const next = () => random.next().value;
  const text = (length: number) =>
    Array.from({ length }, () => words[Math.floor(next() ** 3 * words.length)]).join(' ');
  for (let number = 0; ; number++) {
    const step = 1 + Math.floor(number / groupsPerStep);
    const id = `s${step}-g${number % groupsPerStep}`;
    const isVideo = number % 4 !== 0;
    const learned = Math.min(1, step / steps);
    const hard = next();
    const odds = 0.15 + 0.6 * learned - 0.3 * hard;
    const problemType = problemTypes[number % problemTypes.length] ?? 'multiple choice';
    const right = Array.from({ length: perGroup }, (_, index) => next() < odds * (index < 8 ? 1 : 0.7));
    const share = (of: readonly boolean[]) => of.filter(Boolean).length / of.length;
    const [p, pShuffled] = [share(right.slice(0, 8)), share(right.slice(8))];
    const passed = isVideo && p > 0 && p >= 0.8 * pShuffled;
    const answerOf = (isRight: boolean, index: number) => {
      if (problemType === 'multiple choice') return isRight ? 'B' : ('ACD'[index % 3] ?? 'A');
      if (problemType === 'free-form') return isRight ? 'it moves left' : text(3);
      return isRight ? '12' : (next() * 100).toFixed(2);
    };
    const rewards = right.map((isRight, index) => {
      const format = next() < 0.9 + 0.09 * learned ? 1 : 0;
      const temporal = passed && isRight && index < 8 ? 0.3 : 0;
      const long = isRight && index < 8 && next() < 0.5 ? 0.2 : 0;
      return { accuracy: Number(isRight), format, temporal, long };
    });
    const totals = rewards.map(({ accuracy, format, temporal, long }) => accuracy + format + temporal + long);
    const mean = totals.slice(0, 8).reduce((sum, total) => sum + total, 0) / 8;
    const std = Math.sqrt(totals.slice(0, 8).reduce((sum, total) => sum + (total - mean) ** 2, 0) / 7);
    const isTrained = number % 50 !== 49;
    yield aGroup(step, {
      id,
      purpose: isTrained ? 'train' : 'evaluation',
      at: 1_700_000_000_000 + number * 1000,
      question: aQuestion({
        row: number % 5000,
        problemId: String(number % 5000),
        dataType: isVideo ? 'video' : 'image',
        problemType,
        family: families[number % families.length] ?? null,
        source: `source ${number % 7}`,
        problem: text(20),
      }),
      temporal: isVideo ? { p, pShuffled, mu: 0.8, comparison: '>=', passed, paid: 0.3 } : null,
      stats: { mean, std, count: 8 },
      rollouts: rewards.map(({ accuracy, format, temporal, long }, index) => {
        const isOrdered = index < 8;
        const isRight = accuracy === 1;
        const parts = [
          { name: 'accuracy' as const, value: accuracy, possible: 1, explanation: '' },
          { name: 'format' as const, value: format, possible: 1, explanation: '' },
          ...(isOrdered
            ? [
                { name: 'temporal' as const, value: temporal, possible: 0.3, explanation: '' },
                { name: 'length' as const, value: long, possible: 0.2, explanation: '' },
              ]
            : []),
        ];
        const answer = answerOf(isRight, index);
        const tier = next() < 0.03 ? ((1 + Math.floor(next() * 5)) as 1 | 2 | 3 | 4 | 5) : null;
        return aRollout({
          id: `${id}-${isOrdered ? 'o' : 's'}${index}`,
          groupId: id,
          step,
          order: isOrdered ? 'ordered' : 'shuffled',
          index: index % 8,
          text: `<think>${text(80)}</think><answer>${answer}</answer>`,
          answer,
          correct: isRight,
          accuracy,
          reward: { parts, total: totals[index] ?? 0 },
          advantage: isOrdered && isTrained ? ((totals[index] ?? 0) - mean) / (std + 1e-4) : null,
          stopReason: next() < 0.04 ? 'length' : 'stop',
          tokenCount: Math.floor(40 + 100 * -Math.log(1 - next())),
          meanLogprob: -next() * 0.8,
          meanEntropy: next() ** 2 * 2,
          kl: isTrained && isOrdered ? next() ** 3 * 0.2 : null,
          aha: tier === null ? [] : [{ span: { start: 0, end: 1 }, tier, rule: 'r', evidence: 'e' }],
        });
      }),
    });
  }
}

/** The same groups under names of their own, numbered from 0, as they come after those of a run that is kept. */
export function* lateGroups(): Generator<GroupWithRollouts, never> {
  const groups = madeGroups();
  for (let number = 0; ; number++) {
    const { id: _, ...group } = groups.next().value;
    const id = `late-${number}`;
    const rollouts = group.rollouts.map((one, place) => ({ ...one, id: `${id}-${place}`, groupId: id }));
    yield { ...group, id, rollouts };
  }
}

/** The folder of a run with so many rollouts, a thousand of them flagged, made where it is not there yet. */
export async function keptRun(rollouts: number, say: (line: string) => void): Promise<string> {
  const folder = path.join(tmpdir(), `video-r1-bench-${rollouts}-${schemaVersion}-${making}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const store = RunStore.create(unfinished, aRun({ parameters: presetParameters('sample', 'tgrpo') }));
  try {
    const groups = madeGroups();
    for (let made = 0; made < rollouts; made += atOnce * perGroup) {
      const count = Math.min(atOnce, Math.ceil((rollouts - made) / perGroup));
      store.appendAll(Array.from({ length: count }, () => ({ type: 'group', group: groups.next().value })));
      if ((made / (atOnce * perGroup)) % 20 === 0) say(`making a run: ${made} of ${rollouts} rollouts`);
      await setImmediate();
    }
    const steps = Math.floor(rollouts / perGroup / groupsPerStep);
    for (let id = 1; id <= Math.min(1000, steps); id++) {
      const step = Math.ceil((id * steps) / 1000) || 1;
      const category = builtInCategories[id % builtInCategories.length]?.id ?? 'other';
      const annotation = { ...anAnnotation(id, `s${step}-g0-o0`, { span: null }), category };
      store.append({ type: 'annotation', annotation });
    }
  } finally {
    store.dispose();
  }
  renameSync(unfinished, folder);
  return folder;
}
