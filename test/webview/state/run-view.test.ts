/** What a page knows of a run after its events: each is taken once, in order, and a rewind voids what came after. */
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import type { RunEvent, RunEventBody } from '../../../trainer/protocol/records.ts';
import { type CountedSteps, emptyView, withEvents, withLists } from '../../../webview/state/run-view.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { aCheckpoint, aGroup, anAnnotation, anEvaluation, aQuestion, someMetrics } from '../../store/records.ts';
import { curvesOf } from './curves-answer.ts';

const event = (seq: number, body: RunEventBody): RunEvent => ({ runId: 'r', seq, at: seq, body });
const step = (seq: number, number: number, accuracy = 0.5) =>
  event(seq, { type: 'step', metrics: someMetrics(number, { accuracy }) });
const fresh = emptyView(aRunThat({ state: 'running', doing: null }, { step: 0 }), 0);

const taken = { request: { kind: 'resume' }, by: 'ada', requestedAt: 1 } as const;
const requested = (number: number): CommandRecord => ({ ...taken, id: `c${number}`, number, state: 'requested' });
const applied = (number: number): CommandRecord => ({
  ...requested(number),
  state: 'applied',
  endedAt: 2,
  at: { point: 'before-step', step: 4 },
  change: null,
  note: null,
});

const skipped = event(1, {
  type: 'skipped',
  step: 1,
  question: aQuestion(),
  kind: 'bad-media',
  message: 'cut off',
});

describe('withEvents', () => {
  it('puts steps into columns in order, a repeated one in the place of the first', () => {
    const view = withEvents(fresh, [step(1, 1, 0.1), step(2, 2, 0.2), step(3, 2, 0.4)]);
    expect(view.metrics.steps).toEqual([1, 2]);
    expect(view.metrics.columns.accuracy.mean).toEqual([0.1, 0.4]);
    expect(view.seq).toBe(3);
    expect(view.run.step).toBe(2);
  });

  it('takes no event twice, so that a reconnect may send some again', () => {
    const once = withEvents(fresh, [step(1, 1), step(2, 2)]);
    const again = withEvents(once, [step(2, 2, 0.9), step(3, 3)]);
    expect(again.metrics.columns.accuracy.mean).toEqual([0.5, 0.5, 0.5]);
    expect(again.seq).toBe(3);
  });

  it('drops steps, evaluations and skipped questions after the step that a run went back to', () => {
    const question = aQuestion();
    const view = withEvents(fresh, [
      step(1, 1),
      step(2, 2),
      event(3, { type: 'skipped', step: 3, question, kind: 'bad-media', message: 'cut off' }),
      step(4, 3),
      event(5, { type: 'evaluation', evaluation: anEvaluation(3) }),
      event(6, { type: 'evaluation', evaluation: anEvaluation(2) }),
      step(7, 4),
      event(8, { type: 'rewound', toStep: 2 }),
      step(9, 3, 0.9),
    ]);
    expect(view.metrics.steps).toEqual([1, 2, 3]);
    expect(view.metrics.columns.accuracy.mean).toEqual([0.5, 0.5, 0.9]);
    expect(view.metrics.recent.map((record) => record.accuracy)).toEqual([0.5, 0.5, 0.9]);
    expect(view.evaluations.map((evaluation) => evaluation.step)).toEqual([2]);
    expect(view.run.step).toBe(3);
    expect(view.skipped).toEqual([]);
  });

  it('follows the life of a command and keeps the newest first', () => {
    const view = withEvents(fresh, [
      event(1, { type: 'command', command: requested(1) }),
      event(2, { type: 'command', command: requested(2) }),
      event(3, { type: 'command', command: applied(1) }),
    ]);
    expect(view.commands.map(({ id, state }) => [id, state])).toEqual([
      ['c2', 'requested'],
      ['c1', 'applied'],
    ]);
  });

  it('follows state, checkpoints and annotations', () => {
    const view = withEvents(fresh, [
      event(1, { type: 'state', run: { ...fresh.run, state: 'stopped' } }),
      event(2, { type: 'checkpoint', checkpoint: aCheckpoint(1) }),
      event(3, { type: 'checkpoint', checkpoint: aCheckpoint(2, { at: 1_800_000_000_000 }) }),
      event(4, { type: 'checkpoint-removed', id: aCheckpoint(1).id }),
      event(5, { type: 'annotation', annotation: anAnnotation(1, 'x') }),
      event(6, { type: 'annotation', annotation: anAnnotation(2, 'x') }),
      event(7, { type: 'annotation-removed', id: '1' }),
    ]);
    expect(view.run.state).toBe('stopped');
    expect(view.checkpoints.map((checkpoint) => checkpoint.step)).toEqual([2]);
    expect(view.annotations.map(({ id }) => id)).toEqual(['2']);
  });

  it('takes skipped questions and warnings once, in the order of their events', () => {
    const warning = event(2, { type: 'warning', message: 'slow disk' });
    const view = withEvents(fresh, [skipped, warning, warning]);
    expect(view.skipped.map(({ seq }) => seq)).toEqual([1]);
    expect(view.warnings.map(({ message }) => message)).toEqual(['slow disk']);
  });

  it('keeps the hits of breakpoints, each once, from events and from what is listed', () => {
    const hit = (number: number) => ({
      ...{ number, condition: 'kl > 0.5', logOnly: true, hits: 1, place: { point: 'after-update' as const, step: 3 } },
      cause: { sentence: 'kl is 0.6', rolloutId: null, groupId: null, values: [] },
    });
    const [first, second] = [1, 2].map((number) => event(number, { type: 'breakpoint-hit', hit: hit(number) }));
    const view = withEvents(fresh, [second as RunEvent]);
    expect(withLists(view, { notices: [first, second] as RunEvent[] }, [second as RunEvent]).hits).toEqual([
      { seq: 1, hit: hit(1) },
      { seq: 2, hit: hit(2) },
    ]);
    expect(view.hits.map(({ seq }) => seq)).toEqual([2]);
  });

  it('leaves a gap where a number is not finite', () => {
    const view = withEvents(fresh, [
      event(1, { type: 'step', metrics: someMetrics(1, { loss: Number.NaN, kl: null }) }),
    ]);
    expect(view.metrics.columns.loss.mean).toEqual([null]);
    expect(view.metrics.columns.kl.mean).toEqual([null]);
  });

  it('changes nothing in the view that it was given', () => {
    const before = withEvents(fresh, [step(1, 1)]);
    const steps = [...before.metrics.steps];
    withEvents(before, [step(2, 2), event(3, { type: 'rewound', toStep: 0 })]);
    expect(before.metrics.steps).toEqual(steps);
  });
});

describe('withLists', () => {
  it('has what labels change among the warnings, in words', () => {
    const none = { count: 0, ids: [] };
    const labels = { hash: 'h', step: 4, leftOut: { count: 7, ids: ['1', '2', '3', '4', '5', '6', '7'] }, fixed: none };
    const view = withEvents(fresh, [
      event(1, {
        type: 'labels',
        labels: { ...labels, disputed: { count: 1, ids: ['9'] }, unfixed: none, flagged: none },
      }),
    ]);
    expect(view.warnings.map(({ message }) => message)).toEqual([
      'Labels as of step 4: 7 rows are left out (1, 2, 3, 4, 5 and 2 more); 1 row is disputed and trained as it is (9).',
    ]);
    expect(view.run.labelsHash).toBe('h');
  });

  it('takes in what was left out and warnings of the past, once, whatever has been seen since', () => {
    const early = withEvents(fresh, [skipped]);
    const past = [event(0, { type: 'warning', message: 'slow disk' }), skipped, step(3, 1)];
    const view = withLists({ ...early, seq: 50 }, { notices: past }, [skipped]);
    expect(view.skipped.map(({ seq }) => seq)).toEqual([1]);
    expect(view.warnings.map(({ message }) => message)).toEqual(['slow disk']);
    expect([view.seq, view.metrics.steps]).toEqual([50, []]);
  });

  it('holds what the lists hold, with what events have changed since they were asked for', () => {
    const since = [
      step(11, 3, 0.9),
      event(12, { type: 'command', command: applied(1) }),
      event(13, { type: 'annotation-removed', id: '3' }),
    ];
    const early = withEvents({ ...fresh, seq: 10 }, since);
    const view = withLists(
      early,
      {
        curves: curvesOf([someMetrics(1), someMetrics(2), someMetrics(3, { accuracy: 0.1 })]),
        commands: [requested(1), requested(0)],
        checkpoints: [aCheckpoint(1)],
        evaluations: [anEvaluation(1)],
        annotations: [anAnnotation(1, 'x'), anAnnotation(2, 'x'), anAnnotation(3, 'x')],
      },
      since,
    );
    expect(view.metrics.columns.accuracy.mean).toEqual([0.5, 0.5, 0.9]);
    expect(view.commands.map(({ id, state }) => [id, state])).toEqual([
      ['c1', 'applied'],
      ['c0', 'requested'],
    ]);
    expect(view.annotations.map(({ id }) => id)).toEqual(['1', '2']);
    expect([view.checkpoints.length, view.evaluations.length]).toEqual([1, 1]);
    expect([view.seq, view.run]).toEqual([early.seq, early.run]);
  });

  it('comes to the same whether the list was read before or after a rewind', () => {
    const since = [step(11, 3), event(12, { type: 'rewound', toStep: 1 }), step(13, 2, 0.7)];
    const view = withEvents({ ...fresh, seq: 10 }, since);
    const before = withLists(view, { curves: curvesOf([someMetrics(1), someMetrics(2)]) }, since);
    const after = withLists(view, { curves: curvesOf([someMetrics(1), someMetrics(2, { accuracy: 0.7 })]) }, since);
    expect(before.metrics).toEqual(after.metrics);
    expect(after.metrics.columns.accuracy.mean).toEqual([0.5, 0.7]);
  });

  it('counts each group once, wherever between the events the sums were read', () => {
    const group = (seq: number, step: number) => event(seq, { type: 'group', group: aGroup(step, { id: `g${seq}` }) });
    const since = [group(11, 2), group(12, 3), event(13, { type: 'rewound', toStep: 1 }), group(14, 2), group(15, 2)];
    const view = withEvents({ ...fresh, seq: 10 }, since);
    /* As the trainer's sums are after each of these events; two groups of step 1 came before them. */
    const sums: Record<number, [steps: number[], groups: number[]]> = {
      10: [[1], [2]],
      11: [
        [1, 2],
        [2, 1],
      ],
      12: [
        [1, 2, 3],
        [2, 1, 1],
      ],
      13: [[1], [2]],
      14: [
        [1, 2],
        [2, 1],
      ],
      15: [
        [1, 2],
        [2, 2],
      ],
    };
    for (const [seq, [steps, groups]] of Object.entries(sums)) {
      const counted: CountedSteps = {
        counts: [{ purpose: 'train', steps, sums: { groups } }],
        seq: Number(seq),
        counted: 1,
        outdated: 0,
      };
      const [read] = withLists(view, { counted }, since).counted.counts;
      expect([read?.steps, read?.sums.groups], `read after event ${seq}`).toEqual([
        [1, 2],
        [2, 2],
      ]);
    }
  });

  it('leaves alone the parts that were not read', () => {
    const view = withEvents(fresh, [step(1, 1)]);
    expect(withLists(view, { annotations: [] }, []).metrics).toEqual(view.metrics);
  });
});
