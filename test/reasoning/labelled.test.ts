/** How well the analysis finds what is labelled, both halves apart, and that the guide and the pages say so. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readReasoning } from '../../trainer/reasoning/aha.ts';
import { ahaFigures } from '../../webview/formulas/aha-figures.ts';
import { figureTable, kinds, measure, readTraces } from './labelled.ts';

const halves = {
  'mended-on': readTraces('mended-on'),
  'held-out': readTraces('held-out'),
};
const outcomes = Object.fromEntries(
  Object.entries(halves).map(([half, traces]) => [
    half,
    measure(traces, ({ text, context }) => {
      const { aha, commitments } = readReasoning(text, context);
      return { moments: aha, commitments };
    }),
  ]),
) as Record<keyof typeof halves, ReturnType<typeof measure>>;

describe('labelled reasoning', () => {
  it('is at least 60 traces, half of them held out, of every problem type and six wordings', () => {
    const all = [...halves['mended-on'], ...halves['held-out']];
    expect(all.length).toBeGreaterThanOrEqual(60);
    expect(halves['held-out'].length).toBeGreaterThanOrEqual(30);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ context }) => context.problemType)).size).toBe(5);
    expect(new Set(all.map(({ wording }) => wording)).size).toBeGreaterThanOrEqual(5);
  });

  it.each(['mended-on', 'held-out'] as const)('%s: most is found, and most of what is found is there', (half) => {
    const { figures, nearMisses, faults } = outcomes[half];
    for (const kind of kinds) {
      const { labelled, found, hits } = figures[kind];
      expect(hits / labelled, `recall of ${kind}: ${faults.join('\n')}`).toBeGreaterThanOrEqual(0.7);
      expect(hits / found, `precision of ${kind}: ${faults.join('\n')}`).toBeGreaterThanOrEqual(0.7);
    }
    expect(nearMisses.marked).toBeGreaterThanOrEqual(10);
    expect(nearMisses.found).toBe(0);
  });

  it('has its figures in the guide, as they are', () => {
    const guide = readFileSync(path.join(import.meta.dirname, '../../media/guide/aha.md'), 'utf8');
    const table = figureTable([outcomes['mended-on'], outcomes['held-out']]);
    expect(guide, `The guide should say:\n${table}`).toContain(table);
  });

  it('has those of the held-out half on the pages', () => {
    expect(ahaFigures).toEqual(
      Object.fromEntries(
        kinds.map((kind) => {
          const { labelled, found, hits } = outcomes['held-out'].figures[kind];
          return [kind, { labelled, found, hits }];
        }),
      ),
    );
  });
});

it('reads a trace of 200,000 characters in time that grows with its length', () => {
  const pieces = halves['held-out'].filter(({ context }) => context.problemType === 'multiple choice');
  const one = pieces.map(({ text }) => text).join('\n');
  const context = pieces[0]?.context;
  if (!context) throw new Error('no trace');
  const cost = (length: number) => {
    const text = one.repeat(Math.ceil(length / one.length)).slice(0, length);
    const started = process.cpuUsage();
    readReasoning(text, { ...context, think: { start: 0, end: text.length } });
    return process.cpuUsage(started).user / 1000;
  };
  cost(200_000);
  const [short, long] = [cost(200_000), cost(800_000)];
  expect(short).toBeLessThan(2000);
  // Four times as long; what grows with the square would take 16 times.
  expect(long).toBeLessThan(Math.max(8 * short, 400));
});
