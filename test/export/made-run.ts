/** A finished run in a store of its own, with one of everything that an export writes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { RunStore } from '../../trainer/store/run-store.ts';
import {
  aCheckpoint,
  aCommand,
  aGroup,
  anAnnotation,
  anEvaluation,
  aQuestion,
  aRollout,
  aRun,
  someMetrics,
} from '../store/records.ts';

/** What a hostile model writes: a formula, quotes, line breaks, half a surrogate pair. */
export const hostile = '=HYPERLINK("http://evil"),\r\n"x"\ud800';

export interface MadeRun {
  readonly folder: string;
  readonly store: RunStore;
  /** A path in a folder that is gone after the test. */
  at(name: string): string;
}

export function madeRun(): MadeRun {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-export-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const runFolder = path.join(folder, '.video-r1', 'runs', 'tgrpo-1');
  const store = RunStore.create(runFolder, aRun({ state: 'completed', step: 2, steps: 2 }));
  onTestFinished(() => store.dispose());
  const group = aGroup(1, { question: aQuestion({ problemId: '9007199254740993', family: null, needsOrder: null }) });
  const [first, second, third] = group.rollouts as [
    (typeof group.rollouts)[0],
    (typeof group.rollouts)[0],
    (typeof group.rollouts)[0],
  ];
  const rollouts = [
    { ...first, text: hostile, answer: '-1' },
    { ...second, advantage: -0.5, parsed: { ...second.parsed, problems: ['no think', 'text, outside'] } },
    third,
  ];
  store.append({ type: 'group', group: { ...group, rollouts } });
  store.append({ type: 'step', metrics: someMetrics(1, { loss: -0.125, kl: null }) });
  store.append({ type: 'step', metrics: someMetrics(2, { loss: 0.1 }) });
  store.append({ type: 'evaluation', evaluation: anEvaluation(2) });
  store.append({ type: 'checkpoint', checkpoint: aCheckpoint(2) });
  store.append({ type: 'command', command: aCommand(1) });
  store.append({
    type: 'annotation',
    annotation: anAnnotation(1, 's1-g0-o1', { span: null, quote: '', note: '@sum' }),
  });
  return { folder, store, at: (name) => path.join(folder, name) };
}

/** Adds groups of one answer each, so that an export is long. */
export function addGroups(store: RunStore, count: number): void {
  for (let from = 0; from < count; from += 500)
    store.appendAll(
      Array.from({ length: Math.min(500, count - from) }, (_, i) => {
        const id = `s2-g${from + i}`;
        return {
          type: 'group',
          group: aGroup(2, { id, rollouts: [aRollout({ id: `${id}-o0`, groupId: id, step: 2 })] }),
        };
      }),
    );
}
