/** Questions are asked again of the weights at hand, with what is changed; what comes of it is kept, and the run goes on as if nobody had. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Ask, type ExperimentAnswer, theSameAgain } from '../../trainer/protocol/ask.ts';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { Asking } from '../../trainer/runs/asking.ts';
import { WeightsDesk } from '../../trainer/runs/weights-at-hand.ts';
import { type AskedAnswer, type Script, ScriptedEngine, tokensOf } from '../engines/scripted-engine.ts';
import { aLoadedQuestion } from '../learning/scripted-training.ts';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const never = new AbortController().signal;
const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';

interface Told {
  readonly answered: [number, ExperimentAnswer][];
  readonly done: number[];
  readonly doing: (string | null)[];
  readonly texts: string[];
}

function askingOf(made: ScriptedRun, script: Script = () => right, can: { prefix: boolean } = { prefix: true }) {
  const engines: ScriptedEngine[] = [];
  const asked: AskedAnswer[] = [];
  const desk = new WeightsDesk({
    createEngine: async () => {
      const engine = new ScriptedEngine((one) => {
        asked.push(one);
        return script(one);
      }, can);
      engines.push(engine);
      return engine;
    },
    runs: () => [made.summary],
    log: () => {},
  });
  const { frames, view } = aLoadedQuestion(0, { dataType: 'video' });
  const asking = new Asking({
    desk,
    run: () => made.run,
    media: async () => ({ load: async () => ({ frames, view }) }) as never,
    frames: async () => frames,
  });
  const told: Told = { answered: [], done: [], doing: [], texts: [] };
  const start = (about: { rolloutId: string } | { groupId: string }, ask: Partial<Ask>, signal = never) =>
    asking.start('tgrpo-1', { id: randomUUID(), about, ask: { ...theSameAgain, ...ask } }, signal, {
      onAnswered: (part, answer) => told.answered.push([part, answer]),
      onProgress: ({ done, doing, writing }) => {
        told.done.push(done);
        told.doing.push(doing);
        told.texts.push(...writing.map(({ text }) => text));
      },
    });
  return { asking, asked, desk, engines, told, start };
}

async function completed(options: Parameters<typeof scriptedRun>[0] = {}): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, ...options });
  made.send({ kind: 'start' });
  await made.untilState('completed');
  return made;
}

const firstOf = (made: ScriptedRun, step = 1) => {
  const group = [...made.run.store.groups()].find((one) => one.step === step && one.purpose === 'train');
  const rollout = group?.rollouts.find(({ order }) => order === 'ordered');
  if (!group || !rollout) throw new Error('The run has no such group.');
  return { group, rollout, about: { rolloutId: rollout.id } };
};

test('answers are scored as rollouts are, and kept with the weights that gave them', async () => {
  const made = await completed();
  const { about, group } = firstOf(made);
  const { start, told, engines } = askingOf(made, ({ index }) => (index === 0 ? right : wrong));
  const kept = await start(about, { n: 3 });
  expect(kept).toMatchObject({ number: 1, groupId: group.id, ...about, given: '' });
  const [part] = kept.parts;
  expect(part).toMatchObject({ weights: { run: 'tgrpo-1', step: 0, same: true }, without: null });
  expect(
    part?.answers.map(({ text, answer, correct, accuracy, stopReason }) => [
      text,
      answer,
      correct,
      accuracy,
      stopReason,
    ]),
  ).toEqual([
    [right, 'B', true, 1, 'stop'],
    [wrong, 'A', false, 0, 'stop'],
    [wrong, 'A', false, 0, 'stop'],
  ]);
  expect(part?.answers[0]?.parsed.think).toEqual({ start: 7, end: 8 });
  expect(part?.answers[0]?.newTokens).toBe(tokensOf(right).length + 1);
  expect(made.run.store.experimentsAbout(about)).toEqual([kept]);
  expect(made.run.store.experiment(kept.id).tokens[0]?.[1]?.pieces.join('')).toContain(wrong);
  expect(told.answered.map(([at, { index }]) => [at, index])).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
  ]);
  expect(told.done.at(-1)).toBe(3);
  expect(told.doing[0]).toBe('loading the checkpoint');
  expect(engines).toHaveLength(1);
});

test('the prompt is what is changed: problem, options with what is right then, frames, and the answer so far', async () => {
  const made = await completed();
  const { about, rollout } = firstOf(made);
  const { start, asked } = askingOf(made);
  const keep = 3;
  const kept = await start(about, {
    ...{ keep, typed: ' <|im_end|> Wait.', problem: 'Whence?', options: ['A. right', 'B. left'], n: 1 },
    frames: { order: [3, 0] },
  });
  const { prompt, isShuffled } = asked[0] as AskedAnswer;
  expect(prompt).toContain('Whence?Options:\nA. right\nB. left\n');
  expect(prompt.endsWith(`${kept.given}`)).toBe(true);
  expect(kept.given).toBe(`${rollout.text.slice(0, tokensText(rollout.text, keep))} <|im_end|> Wait.`);
  expect(isShuffled).toBe(true);
  expect(kept.shown).toEqual({ key: 'media-0', order: [3, 0] });
  expect(kept.question.solution).toBe('A');
  const answer = kept.parts[0]?.answers[0];
  expect(answer?.text).toBe(kept.given + right);
  expect(answer?.from).toBe(kept.given.length);
  // B was right, and says left now.
  expect(answer?.correct).toBe(false);
});

/** Where so many tokens of a text of the scripted vocabulary end. */
function tokensText(text: string, count: number): number {
  const pieces = text.match(/<\/?(?:think|answer)>|[\s\S]/gu) ?? [];
  return pieces.slice(0, count).join('').length;
}

test('every way of showing frames', async () => {
  const made = await completed();
  const { about, group } = firstOf(made);
  const { start, asked } = askingOf(made);
  const shownWith = async (frames: Ask['frames']) => (await start(about, { frames, n: 1 })).shown?.order ?? null;
  expect(await shownWith('as seen')).toEqual([0, 1, 2, 3]);
  expect(await shownWith('reversed')).toEqual([3, 2, 1, 0]);
  expect(await shownWith('shuffled')).toEqual(group.media.shuffledOrder);
  expect(await shownWith('one')).toEqual([1, 1, 1, 1]);
  expect(await shownWith({ order: [2] })).toEqual([2]);
  expect(asked.at(-1)?.media).toBe('media-0');
  expect(await shownWith('none')).toBeNull();
  expect(asked.at(-1)?.media ?? '').toBe('');
  expect(await shownWith({ count: 4 })).toEqual([0, 1, 2, 3]);
  expect(String(await start(about, { frames: { count: 8 } }).catch(asStudioError))).toContain('4 can be chosen');
  const fault = await start(about, { frames: { order: [4] } }).catch(asStudioError);
  expect(String(fault)).toContain('no frame 5');
});

test('the same seed gives the same answers, another one others, whichever weights are asked', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { start, asked } = askingOf(made);
  await start(about, { n: 20, seed: 5, also: [{ run: 'tgrpo-1', step: 3 }] });
  await start(about, { n: 2, seed: 5 });
  await start(about, { n: 2, seed: 6 });
  const seeds = asked.map(({ seed }) => seed);
  const first = seeds.slice(0, 20);
  expect(new Set(first).size).toBe(20);
  expect(seeds.slice(20, 40)).toEqual(first);
  expect(seeds.slice(40, 42)).toEqual(first.slice(0, 2));
  expect(first).not.toContain(seeds[42]);
});

test('others are asked the same, grouped by their weights; those that are not there say why', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { start, engines } = askingOf(made);
  const { parts } = await start(about, {
    n: 1,
    also: [
      { run: 'tgrpo-1', step: 3 },
      { run: 'tgrpo-1', step: 2 },
    ],
  });
  expect(parts.map(({ weights, answers }) => [weights.step, weights.same, answers.length])).toEqual([
    [0, true, 1],
    [3, false, 1],
    [2, false, 0],
  ]);
  expect(parts[2]?.without).toContain('no whole checkpoint of step 2');
  expect(engines).toHaveLength(2);
});

test('a stop keeps the answers that are whole, and nothing where none is', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { asking, start } = askingOf(made);
  const stop = new AbortController();
  let whole = 0;
  const order = { id: randomUUID(), about, ask: { ...theSameAgain, n: 64 } };
  const { parts } = await asking.start('tgrpo-1', order, stop.signal, {
    onProgress: () => {},
    onAnswered: () => {
      whole++;
      if (whole === 18) stop.abort();
    },
  });
  expect(parts[0]?.answers.length).toBeGreaterThanOrEqual(18);
  expect(parts[0]?.answers.length).toBeLessThan(64);
  expect(parts[0]?.without).toBe('It was stopped.');
  const before = made.run.store.experimentsAbout(about).length;
  const fault = await start(about, {}, AbortSignal.abort()).catch(asStudioError);
  expect(fault).toMatchObject({ kind: 'cancelled' });
  expect(made.run.store.experimentsAbout(about)).toHaveLength(before);
});

test('answers are weighed by the weights that gave them: 0 by an engine that does not look, and nothing where there is no order', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { asking, start, engines } = askingOf(made);
  // Weights that are not there gave no answers, and take nothing from those that did.
  const also = [3, 2].map((step) => ({ run: 'tgrpo-1', step }));
  const { id, parts } = await start(about, { n: 2, keep: 3, typed: ' Wait.', also });
  expect(parts[0]?.answers[0]?.order).toBeNull();
  const weighed = await asking.weigh('tgrpo-1', id, never);
  const orders = weighed.parts.map(({ answers }) => answers.map(({ order }) => order));
  const none = { worth: 0, error: 0, uses: false };
  expect(orders).toMatchObject([[none, none], [none, none], []]);
  // Each word that the model wrote, by its place in the whole text.
  const [answer] = weighed.parts[0]?.answers ?? [];
  const words = answer?.order?.words?.map(({ span }) => answer.text.slice(span.start, span.end)) ?? [];
  expect(words).toEqual(answer?.text.slice(answer.from).match(/[\p{L}\p{N}]+/gu));
  expect(made.run.store.experiment(id).experiment).toEqual(weighed);
  // As seen and four shuffles of two answers, in one call each.
  expect(engines.flatMap(({ calls }) => calls).filter((call) => call === 'forward')).toHaveLength(2);
  const { id: without } = await start(about, { n: 1, frames: 'none' });
  expect(String(await asking.weigh('tgrpo-1', without, never).catch(asStudioError))).toContain('no order');
});

test('what takes the weights away leaves the answers that are whole, and says why there are no more', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { asking, desk } = askingOf(made);
  let whole = 0;
  const order = { id: randomUUID(), about, ask: { ...theSameAgain, n: 64 } };
  const { parts } = await asking.start('tgrpo-1', order, never, {
    onProgress: () => {},
    onAnswered: () => {
      whole++;
      if (whole === 18) void desk.letGo('sft-1 needs the machine.');
    },
  });
  expect(parts[0]?.answers.length).toBeGreaterThanOrEqual(18);
  expect(parts[0]?.answers.length).toBeLessThan(64);
  expect(parts[0]?.without).toContain('sft-1 needs the machine.');
});

test('a paused run answers by its own weights, and its numbers are those of a run that nobody asked', async () => {
  const plain = await completed();
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.until((run) => run.state === 'paused');
  const { start, engines } = askingOf(made);
  const { about } = firstOf(made);
  expect((await start(about, { frames: 'reversed' })).parts[0]?.weights).toEqual({
    run: 'tgrpo-1',
    step: 1,
    same: false,
  });
  expect(engines).toHaveLength(0);
  made.send({ kind: 'resume' });
  await made.untilState('completed');
  const numbers = ({ run }: ScriptedRun) => [
    run.store.metrics().map(({ step, loss, gradNorm, kl, accuracy }) => [step, loss, gradNorm, kl, accuracy]),
    [...run.store.groups()].map(({ id, rollouts }) => [id, rollouts.map(({ text, advantage }) => [text, advantage])]),
    run.store.counts().counts,
  ];
  expect(numbers(made)).toEqual(numbers(plain));
});

test('a run that goes on refuses with a way on, and with a share of its time is asked at a safe point', async () => {
  const made = scriptedRun({ unseen: 0, parameters: { steps: 40 } });
  made.onEngine = (engine) => {
    const gate = engine.holdNext('optimStep');
    void gate.entered.then(async () => {
      const { asking } = askingOf(made);
      const { about } = firstOf(made);
      const cost = await asking.cost('tgrpo-1', about, theSameAgain);
      expect(cost).toMatchObject({ weights: [null], refusal: expect.stringMatching(/tgrpo-1 is running.*Pause/s) });
      made.send({ kind: 'set', parameter: 'evidenceShare', value: 1 });
      gate.open();
    });
  };
  made.send({ kind: 'start' });
  await made.until((run) => run.parameters.evidenceShare === 1);
  const { asking, start, told, engines } = askingOf(made);
  const { about } = firstOf(made);
  expect(await asking.cost('tgrpo-1', about, theSameAgain)).toMatchObject({ waits: true, refusal: null, prefix: true });
  expect((await start(about, { n: 6 })).parts[0]?.answers).toHaveLength(6);
  expect(told.doing[0]).toBe('waiting for a safe point of tgrpo-1');
  expect(engines).toHaveLength(0);
  await made.untilState('completed');
});

test('an engine that takes no prefix asks anew, and says that it can do no more', async () => {
  const made = await completed();
  const { about } = firstOf(made);
  const { asking, start } = askingOf(made, () => right, { prefix: false });
  expect(await asking.cost('tgrpo-1', about, { ...theSameAgain, keep: 2 })).toMatchObject({
    prefix: null,
    refusal: null,
  });
  for (const ask of [{ keep: 2 }, { typed: 'Wait.' }])
    expect(String(await start(about, ask).catch(asStudioError))).toContain('takes no prefix');
  expect(await asking.cost('tgrpo-1', about, { ...theSameAgain, typed: 'Wait.' })).toMatchObject({
    prefix: false,
    refusal: expect.stringContaining('takes no prefix'),
  });
  expect((await start(about, { frames: 'reversed' })).parts[0]?.answers).toHaveLength(4);
});

test('more tokens than there are, a group without an answer and unknown rollouts are refused by name', async () => {
  const made = await completed();
  const { about, group, rollout } = firstOf(made);
  const { start, asking } = askingOf(made);
  const most = rollout.tokenCount - 1;
  expect(String(await start(about, { keep: most + 1 }).catch(asStudioError))).toContain(
    `${most} tokens that can be kept`,
  );
  expect(await start(about, { keep: most, n: 1 })).toMatchObject({ given: rollout.text });
  expect(String(await start({ groupId: group.id }, { keep: 1 }).catch(asStudioError))).toContain(
    'no answer to go on from',
  );
  expect(String(await start({ rolloutId: 's9' }, {}).catch(asStudioError))).toContain('no rollout s9');
  const template = { text: '{"system": 1}' };
  expect(await start(about, { template }).catch(asStudioError)).toMatchObject({ kind: 'bad-template' });
  const outside = { file: '../../etc/passwd' };
  expect(String(await start(about, { template: outside }).catch(asStudioError))).toContain('outside the project');
  asking.remove('tgrpo-1', made.run.store.experimentsAbout(about)[0]?.id ?? '');
  expect(made.run.store.experimentsAbout(about)).toEqual([]);
});

test('how often a group is right with less than the video: its own answers, and three asks that are kept for it', async () => {
  const made = await completed();
  const { group, about } = firstOf(made);
  const { asking, told } = askingOf(made, ({ index, isShuffled }) => (index < 2 || isShuffled ? right : wrong));
  const own = { asSeen: { right: 1, total: 2 }, shuffled: { right: 0, total: 1 }, chance: 0.5 };
  expect(asking.rightWith('tgrpo-1', group.id)).toEqual({
    ...own,
    ...{ none: null, one: null, reversed: null, kinds: ['none', 'one', 'reversed'], weights: null },
  });
  const listener = {
    onAnswered: (part: number, answer: ExperimentAnswer) => told.answered.push([part, answer]),
    onProgress: ({ done }: { done: number }) => told.done.push(done),
  };
  const found = await asking.startRightWith('tgrpo-1', group.id, never, listener);
  expect(found).toMatchObject({ ...own, none: { right: 2, total: 8 }, reversed: { right: 8, total: 8 } });
  expect(found.weights).toEqual({ run: 'tgrpo-1', step: 0, same: true });
  expect(told.done.at(-1)).toBe(24);
  expect(asking.rightWith('tgrpo-1', group.id)).toEqual(found);
  expect(made.run.store.experimentsAbout(about)).toEqual([]);
  expect(made.run.store.experimentsAbout({ groupId: group.id })).toHaveLength(3);
});

test('a prompt that is longer than questions may be, and options that are none, are refused before anything is sampled', async () => {
  const made = await completed({ parameters: { maxPromptTokens: 2000 } });
  const { about } = firstOf(made);
  const { start, engines } = askingOf(made);
  const long = await start(about, { problem: 'x'.repeat(5000) }).catch(asStudioError);
  expect(String(long)).toMatch(/The prompt has 5,\d{3} tokens; maxPromptTokens allows 2,000/);
  expect(engines.flatMap(({ calls }) => calls)).not.toContain('sample');
  for (const options of [[], ['A. x'], ['A. x', ' '], ['A. x', 'A. x']])
    expect(String(await start(about, { options }).catch(asStudioError))).toContain('not two or more that differ');
});
