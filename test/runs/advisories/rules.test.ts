/** Each rule on a run that has the trouble and on one that has not, with the step from which it is said and that at which it is over. */
import { describe, expect, it } from 'vitest';
import type { AdvisoryRule, WayOn } from '../../../trainer/protocol/advisories.ts';
import { advisoryRules } from '../../../trainer/protocol/advisories.ts';
import { isParameterName } from '../../../trainer/protocol/parameters.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import { rules } from '../../../trainer/runs/advisories/judge.ts';
import { aCheckpoint } from '../../store/records.ts';
import { aSeries, evaluated, factsOf, hear, kind, noise, recordedRun } from './made-series.ts';

const settingsOf = (ways: readonly WayOn[] | undefined) =>
  Object.fromEntries((ways ?? []).flatMap((way) => (way.kind === 'set' ? [[way.parameter, way.value]] : [])));

describe('a run that goes well', () => {
  it('is told nothing, recorded or made', () => {
    const { method, steps } = recordedRun('healthy');
    expect(hear(steps, { method, steps: 40 }).told).toEqual([]);
    expect(hear(aSeries(200), { steps: 300 }).told).toEqual([]);
  });

  it('of SFT is told nothing of what only answers have', () => {
    const none = { accuracy: null, reward: null, kl: null, entropy: null, flatGroups: null };
    const steps = aSeries(120, () => ({ metrics: none, counts: {}, kinds: [] })).map((step) => ({
      ...step,
      counts: {},
    }));
    expect(hear(steps, { method: 'sft', steps: 300 }).told).toEqual([]);
  });

  it('of SFT is told nothing of probes whose entropy falls from where a new model begins', () => {
    const steps = aSeries(200, (step) => ({ metrics: { entropy: 6 * Math.exp(-step / 20), reward: 0, accuracy: 0 } }));
    expect(hear(steps, { steps: 300 }).told.map(({ key }) => key)).toContain('entropy-collapsed');
    expect(hear(steps, { method: 'sft', steps: 300 }).told).toEqual([]);
  });
});

describe('recorded runs that have the trouble', () => {
  it('lose the format', () => {
    const { method, steps } = recordedRun('formatLost');
    const heard = hear(steps, { method, steps: 40 });
    expect(heard.told).toEqual([{ key: 'format-lost', begins: 26, ends: null }]);
    expect(heard.of('format-lost')?.message).toMatch(
      /^\d\d % of the answers of the last 10 steps \(17 to 26\) have the right form; over the 10 steps up to \d+ it was 100 %\./,
    );
  });

  it('pay a temporal reward that nothing feels', () => {
    const { method, steps } = recordedRun('paidNotFelt');
    const heard = hear(steps, { method, steps: 40 });
    expect(heard.told).toEqual([{ key: 'order-not-felt', begins: 20, ends: null }]);
    expect(settingsOf(heard.of('order-not-felt')?.ways)).toEqual({ temporalCredit: 'answer', advantageScale: 'none' });
  });

  it('have groups in which all answers are right', () => {
    const { method, steps } = recordedRun('flat');
    const heard = hear(steps, { method, steps: 40 });
    expect(heard.told).toEqual([{ key: 'flat-groups', begins: 10, ends: null }]);
    expect(heard.of('flat-groups')?.message).toMatch(/96 of the 120 groups .* all answers are right\.$/);
  });
});

describe('rewards-zero', () => {
  const unpaid = { metrics: { reward: 0, accuracy: 0, flatGroups: 1 }, counts: { flatAllRight: 0, flatAllWrong: 12 } };

  it('is said after ten steps without a reward, over with the first one, and flat groups are not said beside it, but after it', () => {
    const heard = hear(aSeries(30, (step) => (step <= 13 ? unpaid : {})));
    // Half of the groups are flat from then on: of the ten steps up to 19, four tenths and half of six make 0.7.
    expect(heard.told).toEqual([
      { key: 'rewards-zero', begins: 10, ends: 14 },
      { key: 'flat-groups', begins: 14, ends: 20 },
    ]);
    expect(heard.of('rewards-zero')).toMatchObject({ numbers: { answers: 960, accuracy: 0 } });
  });

  it('is not said where one group in ten steps is paid, or rewards only cancel out', () => {
    const paid = { ...unpaid, metrics: { ...unpaid.metrics, reward: 0.01, flatGroups: 11 / 12 } };
    const isSaid = (steps: ReturnType<typeof aSeries>) => hear(steps).of('rewards-zero') !== undefined;
    expect(isSaid(aSeries(18, (step) => (step % 9 === 0 ? paid : unpaid)))).toBe(false);
    expect(isSaid(aSeries(18, () => ({ ...unpaid, metrics: { ...unpaid.metrics, flatGroups: 0 } })))).toBe(false);
  });

  it('offers to pay the form where it is not paid', () => {
    const { ways } =
      hear(
        aSeries(10, () => unpaid),
        { parameters: { formatWeight: 0 } },
      ).of('rewards-zero') ?? {};
    expect(settingsOf(ways)).toEqual({ formatWeight: 1 });
  });
});

describe('kl-runaway', () => {
  /** Doubles every eight steps from step 30 on, and is pulled back from step 80 on. */
  const away = (step: number) =>
    step < 30 ? 0.05 : step < 80 ? 0.05 * 2 ** ((step - 30) / 8) : 3 * 0.8 ** (step - 80);

  it('is said from 0.5 nats a token on, over below 0.25, and not said of what stays at 0.3', () => {
    const around = noise(3);
    const steps = aSeries(110, (step) => ({ metrics: { kl: away(step) * (1 + around(0.1)) } }));
    const { told, of } = hear(steps, { checkpoints: [aCheckpoint(40), aCheckpoint(60)] });
    // 0.05 · 2^(26.6 / 8) = 0.5 in the middle of the five steps up to 59; 3 · 0.8^11.1 = 0.25 in the middle of those up to 93.
    expect(told).toEqual([{ key: 'kl-runaway', begins: expect.any(Number), ends: expect.any(Number) }]);
    expect(Math.abs((told[0]?.begins ?? 0) - 59)).toBeLessThanOrEqual(1);
    expect(Math.abs((told[0]?.ends ?? 0) - 94)).toBeLessThanOrEqual(1);
    expect(settingsOf(of('kl-runaway')?.ways)).toEqual({ learningRate: 5e-5, beta: 0.02 });
    // It was last below 0.25 after about step 48: the checkpoint of 40 is from before, that of 60 is not.
    expect(of('kl-runaway')?.ways).toContainEqual(expect.objectContaining({ kind: 'fork', from: 40, set: {} }));
    expect(hear(aSeries(110, () => ({ metrics: { kl: 0.3 + around(0.05) } }))).told).toEqual([]);
  });
});

describe('format-lost', () => {
  const broken = (share: (step: number) => number) => (step: number) => ({
    counts: { brokenFormat: 96 * share(step) },
  });

  it('is said of a run that had it, and not of one that has yet to learn it', () => {
    const lost = hear(
      aSeries(
        60,
        broken((step) => (step > 30 && step <= 45 ? 0.5 : 0.02)),
      ),
    );
    // Six of ten steps at 0.5 make 0.31, 0.29 above 0.02; at four of ten it is 0.19 above, at three 0.14.
    expect(lost.told).toEqual([{ key: 'format-lost', begins: 36, ends: 52 }]);
    expect(
      hear(
        aSeries(
          60,
          broken((step) => Math.max(0.02, 0.9 - step / 40)),
        ),
      ).told,
    ).toEqual([]);
    expect(
      hear(
        aSeries(
          60,
          broken(() => 0.2),
        ),
      ).told,
    ).toEqual([]);
  });
});

describe('entropy-collapsed', () => {
  const entropy = (of: (step: number) => number) => (step: number) => ({ metrics: { entropy: of(step) } });

  it('is said where a quarter is left, and not of an entropy that halves or that was always low', () => {
    const around = noise(5);
    const collapse = hear(
      aSeries(
        80,
        entropy((step) => 0.8 * Math.max(0.05, 1 - step / 50) * (1 + around(0.05))),
      ),
    );
    expect(collapse.told.map(({ key }) => key)).toEqual(['entropy-collapsed']);
    // The first ten have 0.89 of it; a quarter of that, 0.22, is the mean of the ten up to step 44.
    expect(Math.abs((collapse.told[0]?.begins ?? 0) - 44)).toBeLessThanOrEqual(1);
    expect(settingsOf(collapse.of('entropy-collapsed')?.ways)).toEqual({
      ...{ temperature: 1.2, beta: 0.02, learningRate: 5e-5 },
    });
    expect(
      hear(
        aSeries(
          80,
          entropy((step) => 0.8 - 0.4 * (step / 80)),
        ),
      ).told,
    ).toEqual([]);
    expect(
      hear(
        aSeries(
          80,
          entropy(() => 0.01 + around(0.001)),
        ),
      ).told,
    ).toEqual([]);
  });
});

describe('evaluation-falls', () => {
  const rising = aSeries(60);

  it('is said where the reward rises and an evaluation is below the best by more than chance allows for', () => {
    const heard = hear(rising, { evaluations: [evaluated(20, 0.7), evaluated(40, 0.66), evaluated(60, 0.58)] });
    // 1.96 · √(0.7 · 0.3 / 400 + 0.58 · 0.42 / 400) = 0.066; 0.04 is within it, 0.12 is not.
    expect(heard.told).toEqual([{ key: 'evaluation-falls', begins: 60, ends: null }]);
    expect(heard.of('evaluation-falls')?.message).toContain(
      '58 % right on 400 questions, the one after step 20 had 70 %',
    );
  });

  it('is over when a later one is near the best again', () => {
    const evaluations = [evaluated(20, 0.7), evaluated(40, 0.58), evaluated(50, 0.65), evaluated(60, 0.69)];
    expect(hear(rising, { evaluations }).told).toEqual([{ key: 'evaluation-falls', begins: 40, ends: 60 }]);
  });

  it('is not said where the reward falls too, of other questions, or of few', () => {
    const fall = (count: number) => [evaluated(20, 0.7, count), evaluated(60, 0.58, count)];
    const falling = aSeries(60, (step) => ({ metrics: { reward: 2 - step / 60 } }));
    expect(hear(falling, { evaluations: fall(400) }).told).toEqual([]);
    expect(hear(rising, { evaluations: fall(40) }).told).toEqual([]);
    expect(hear(rising, { evaluations: [evaluated(20, 0.7, 400), evaluated(60, 0.58, 390)] }).told).toEqual([]);
  });
});

describe('flat-groups', () => {
  const flat = (right: number, wrong: number, alike: number) => () => ({
    counts: { flatAllRight: right, flatAllWrong: wrong, flatAlike: alike },
  });

  it('says why, and what helps against that', () => {
    const because = (...counts: [number, number, number]) => hear(aSeries(12, flat(...counts))).of('flat-groups');
    const [right, wrong, alike] = [because(10, 1, 0), because(1, 9, 0), because(0, 0, 10)];
    expect(right?.message).toMatch(/: in 100 of them all answers are right, in 10 all answers are wrong\.$/);
    expect(right?.ways.at(-1)).toMatchObject({ kind: 'person', why: expect.stringContaining('Harder questions') });
    expect(wrong?.message).toMatch(/: in 90 of them all answers are wrong, in 10 all answers are right\.$/);
    expect(wrong?.ways.at(-1)).toMatchObject({ kind: 'person', why: expect.stringContaining('Easier questions') });
    expect(alike?.message).toMatch(/: in 100 of them all answers were paid alike in other ways\.$/);
    expect(settingsOf(alike?.ways)).toEqual({ temperature: 1.2, fillFlatGroups: true });
  });

  it('begins at four in five and ends below seven in ten, and does not flicker in between', () => {
    const share = (step: number) => (step <= 10 ? 9.7 : step <= 40 ? 8.9 + (step % 2) * 1.4 : 8);
    const told = hear(aSeries(60, (step) => flat(share(step), 0, 0)())).told;
    expect(told).toEqual([{ key: 'flat-groups', begins: 10, ends: expect.any(Number) }]);
    expect(told[0]?.ends).toBeGreaterThan(40);
    expect(hear(aSeries(60, flat(9, 0, 0))).told).toEqual([]);
    expect(hear(aSeries(12, () => ({ counts: { groups: 1, flatAllRight: 1, flatAllWrong: 0 } }))).told).toEqual([]);
  });
});

describe('source-fails', () => {
  const others = [kind('b', 5, 0.7), kind('c', 5, 0.6)];
  const ofA = (mean: (step: number) => number) => (step: number) => ({ kinds: [kind('a', 2, mean(step)), ...others] });

  it('is said of a source that falls while others go on, and over when it comes back', () => {
    const heard = hear(
      aSeries(
        120,
        ofA((step) => (step > 50 && step <= 70 ? 0.1 : 0.8)),
      ),
    );
    expect(heard.told).toEqual([
      { key: 'source-fails:source a', begins: expect.any(Number), ends: expect.any(Number) },
    ]);
    const { begins = 0, ends = 0 } = heard.told[0] ?? {};
    expect(begins).toBeGreaterThan(55);
    expect(begins).toBeLessThanOrEqual(65);
    expect(ends).toBeGreaterThan(75);
    expect(heard.of('source-fails')?.ways[0]).toMatchObject({
      query: expect.stringContaining('source:"a" correct:false'),
    });
  });

  it('is said of one that was never right, and of a type as of a source', () => {
    expect(
      hear(
        aSeries(
          30,
          ofA(() => 0),
        ),
      ).told,
    ).toEqual([{ key: 'source-fails:source a', begins: 20, ends: null }]);
    const types = [kind('OCR', 2, 0, 0, 'type'), kind('multiple choice', 10, 0.7, 0.3, 'type')];
    expect(hear(aSeries(30, () => ({ kinds: types }))).told.map(({ key }) => key)).toEqual(['source-fails:type OCR']);
  });

  it('is not said where all fall, where there are no others, or where too few were asked', () => {
    const all = (step: number) => ({
      kinds: ['a', 'b', 'c'].map((name) => kind(name, 4, step > 50 ? 0.2 : 0.8)),
    });
    expect(hear(aSeries(100, all)).told).toEqual([]);
    expect(hear(aSeries(30, () => ({ kinds: [kind('a', 12, 0)] }))).told).toEqual([]);
    const rare = (step: number) => ({ kinds: [...others, ...(step % 4 === 0 ? [kind('a', 1, 0, 0)] : [])] });
    expect(hear(aSeries(60, rare)).told).toEqual([]);
  });
});

describe('length-limit', () => {
  const cut = (count: (step: number) => number) => (step: number) => ({ counts: { cutAtLimit: count(step) } });

  it('is said from one in four on and over below three in twenty', () => {
    const heard = hear(
      aSeries(
        80,
        cut((step) => (step <= 40 ? step : Math.max(0, 80 - step))),
      ),
    );
    // The mean of the ten up to 29 is 24.5 of 96 answers; that of the ten up to 71 is 13.5.
    expect(heard.told).toEqual([{ key: 'length-limit', begins: 29, ends: 71 }]);
    expect(settingsOf(heard.of('length-limit')?.ways)).toEqual({ maxNewTokens: 96, overlongPenalty: 0.5 });
    expect(
      hear(
        aSeries(
          80,
          cut(() => 20),
        ),
      ).told,
    ).toEqual([]);
  });
});

describe('order-not-felt', () => {
  const felt = (count: number) => () => ({ counts: { felt: count } });

  it('is said of T-GRPO below one in twenty, and not of GRPO or of few paid answers', () => {
    expect(hear(aSeries(40, felt(2))).told).toEqual([{ key: 'order-not-felt', begins: 20, ends: null }]);
    expect(hear(aSeries(40, felt(4))).told).toEqual([]);
    expect(hear(aSeries(40, felt(0)), { method: 'grpo' }).told).toEqual([]);
    expect(hear(aSeries(40, () => ({ counts: { paid: 2, felt: 0 } }))).told).toEqual([]);
  });

  it('leaves credit by answer where it is, and offers to divide by nothing', () => {
    const { ways } =
      hear(aSeries(20, felt(0)), { parameters: { temporalCredit: 'answer' } }).of('order-not-felt') ?? {};
    expect(settingsOf(ways)).toEqual({ advantageScale: 'none' });
  });
});

describe('stalled', () => {
  const accuracy = (of: (step: number) => number) => {
    const around = noise(11);
    return (step: number) => ({ metrics: { accuracy: of(step) + around(0.06) } });
  };

  it('is said of a run that has stopped rising, with the interval that says so', () => {
    const heard = hear(
      aSeries(
        400,
        accuracy((step) => 0.4 + 0.3 * Math.min(1, step / 100)),
      ),
      { steps: 500 },
    );
    expect(heard.told.map(({ key }) => key)).toEqual(['stalled']);
    expect(heard.told[0]?.begins).toBeGreaterThan(200);
    expect(heard.of('stalled')?.numbers).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
    const { low = 0, high = 0, left = 0 } = heard.of('stalled')?.numbers ?? {};
    expect(low).toBeLessThanOrEqual(0);
    expect(high * left).toBeLessThan(0.05);
  });

  it('is not said of a slow and sure rise, of a fast one, or of what can’t be told yet', () => {
    // 0.0005 a step: 0.1 over the last 200 steps, which the interval tells from 0 at this noise.
    expect(
      hear(
        aSeries(
          400,
          accuracy((step) => 0.4 + 0.0005 * step),
        ),
        { steps: 500 },
      ).of('stalled'),
    ).toBeUndefined();
    expect(
      hear(
        aSeries(
          100,
          accuracy((step) => 0.3 + 0.005 * step),
        ),
        { steps: 150 },
      ).told,
    ).toEqual([]);
    // Flat so far, but with ten times as many steps to go: the upper end still allows for much.
    expect(
      hear(
        aSeries(
          100,
          accuracy(() => 0.5),
        ),
        { steps: 1100 },
      ).told,
    ).toEqual([]);
  });

  it('is not said where there is no more to gain, in the last tenth of a run, or beside what explains it', () => {
    expect(
      hear(
        aSeries(
          180,
          accuracy(() => 0.97),
        ),
        { steps: 200 },
      ).told,
    ).toEqual([]);
    const late = aSeries(
      100,
      accuracy(() => 0.5),
    );
    expect(hear(late, { steps: 105 }).told.filter(({ begins }) => begins > 95)).toEqual([]);
    const flat = aSeries(400, (step) => ({ ...accuracy(() => 0.5)(step), counts: { flatAllRight: 10 } }));
    expect(hear(flat, { steps: 500 }).told.map(({ key }) => key)).toEqual(['flat-groups']);
  });
});

describe('disk-low', () => {
  const checkpoints = [aCheckpoint(50, { sizeBytes: 2e9 }), aCheckpoint(100, { sizeBytes: 2e9 })];
  const judged = (freeBytes: number | null, stands = false) =>
    rules['disk-low'](
      factsOf(aSeries(1), {
        ...{ checkpoints, disk: freeBytes === null ? null : { freeBytes, folder: '.video-r1/runs/tgrpo-1' } },
      }),
      () => stands,
    );

  it('is said below three checkpoints, over from four on, and left as it is where nothing can be known', () => {
    expect(judged(5.9e9)).toHaveLength(1);
    expect(judged(6e9)).toEqual([]);
    expect(judged(7.9e9, true)).toHaveLength(1);
    expect(judged(8e9, true)).toEqual([]);
    expect(judged(null)).toBeNull();
    expect(rules['disk-low'](factsOf([], { disk: { freeBytes: 1, folder: 'x' } }), () => false)).toBeNull();
  });

  it('names the room, and offers to keep fewer', () => {
    const [found] = judged(2.5e9) ?? [];
    expect(found?.message).toMatch(/^2\.5 GB are free .* takes 2\.0 GB: there is room for 1 more\./);
    expect(settingsOf(found?.ways)).toEqual({ checkpointsKept: 1 });
  });
});

it('every rule but that of settings is judged, the gravest first', () => {
  expect(Object.keys(rules)).toEqual(advisoryRules.filter((rule) => rule !== 'settings'));
});

it('every filter that is offered is one, and every line begins with the program', () => {
  const flat = { reward: 0, accuracy: 0, flatGroups: 1 };
  const everything: [AdvisoryRule, readonly WayOn[]][] = [
    hear(aSeries(10, () => ({ metrics: flat, counts: { flatAllRight: 0, flatAllWrong: 12 } }))),
    hear(aSeries(10, () => ({ counts: { cutAtLimit: 90, flatAllWrong: 12, flatAllRight: 0, felt: 0 } }))),
    hear(aSeries(20, () => ({ counts: { felt: 0, flatAlike: 12, flatAllRight: 0 } }))),
    hear(aSeries(20, () => ({ metrics: { kl: 2 }, counts: { flatAllRight: 12 } }))),
    hear(aSeries(20, (step) => ({ counts: { brokenFormat: step > 10 ? 90 : 0 } }))),
    hear(aSeries(20, () => ({ kinds: [kind('it "was" so, or', 6, 0), kind('b', 6, 0.7)] }))),
  ].flatMap(({ advisories }) => advisories.map((one): [AdvisoryRule, readonly WayOn[]] => [one.rule, one.ways]));
  expect(new Set(everything.map(([rule]) => rule)).size).toBe(7);
  for (const [rule, ways] of everything) {
    expect(ways.length, rule).toBeGreaterThan(0);
    for (const way of ways) {
      if (way.kind === 'look') expect(parseQuery(way.query).faults, way.query).toEqual([]);
      if (way.kind === 'fork') expect(Object.keys(way.set).filter((name) => !isParameterName(name))).toEqual([]);
    }
  }
});
