/** Questions of a small run asked again from a shell, by the embedded engine: an answer goes on as it did, and what is asked is kept beside the run. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Experiment, experiment } from '../../trainer/protocol/ask.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { runProgram, sampleProject } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let group: GroupWithRollouts;
let rollout: Rollout;
const runFolder = () => path.join(project.folder, '.video-r1/runs/tgrpo-1');
const set = (...pairs: string[]) => pairs.flatMap((pair) => ['--set', pair]);

beforeAll(async () => {
  project = await sampleProject();
  const run = async (file: string, pairs: string[]) => {
    const trained = await runProgram(['run', file, '--folder', project.folder, ...set(...pairs)]);
    if (trained.code !== 0) throw new Error(trained.stderr);
  };
  const few = ['evaluationQuestions=2', 'probeEvery=0', 'steps=2'];
  await run('sft.run.json', [...few, 'questionsPerStep=2']);
  // The likeliest token each time: what is asked the same again is the same again.
  await run('tgrpo.run.json', [
    ...few,
    'questionsPerStep=2',
    'groupSize=2',
    'shuffledGroupSize=1',
    'maxNewTokens=12',
    'imageShare=0',
    'topP=0.001',
  ]);
  group = reading((store) =>
    [...store.groups()].find(({ step, purpose }) => step === 1 && purpose === 'train'),
  ) as GroupWithRollouts;
  rollout = group.rollouts.find(({ order }) => order === 'ordered') as Rollout;
});
afterAll(() => project?.remove());

function reading<T>(read: (store: RunStore) => T): T {
  const store = RunStore.open(runFolder());
  try {
    return read(store);
  } finally {
    store.dispose();
  }
}

const program = (...args: string[]) => runProgram(['ask', 'tgrpo-1', rollout.id, ...args, '--folder', project.folder]);

async function asked(...args: string[]): Promise<Experiment> {
  const { code, stdout, stderr } = await program(...args, '--json');
  expect(stderr.replaceAll('\r', '\n')).not.toContain('video-r1:');
  expect(code).toBe(0);
  return experiment.parse(JSON.parse(stdout));
}

describe('video-r1 ask', () => {
  it('with nothing changed gives the answer again, from its start and from each of its tokens', async () => {
    const { pieces, logprobs } = reading((store) => store.tokens(rollout.id));
    const most = pieces.length - Number(rollout.stopReason === 'stop');
    for (const keep of [0, 1, Math.floor(most / 2), most - 1]) {
      const { parts, number, id } = await asked('--keep', String(keep), '-n', '2');
      expect(number).toBeGreaterThan(0);
      expect(parts.map(({ weights }) => weights)).toEqual([{ run: 'tgrpo-1', step: 0, same: true }]);
      for (const answer of parts[0]?.answers ?? [])
        expect(answer).toMatchObject({
          ...{ text: rollout.text, answer: rollout.answer, accuracy: rollout.accuracy, correct: rollout.correct },
          ...{ stopReason: rollout.stopReason, newTokens: pieces.length - keep },
        });
      const { tokens } = reading((store) => store.experiment(id));
      tokens[0]?.[0]?.logprobs.forEach((logprob, i) => {
        expect(logprob).toBeCloseTo(logprobs[keep + i] as number, 3);
      });
    }
  });

  it('with a cue in it goes on behind the cue, and a special token that is typed is text', async () => {
    const cue = ' <|im_end|> wait';
    const { parts, given } = await asked('--keep', '2', '--type', cue, '-n', '1');
    expect(given.endsWith(cue)).toBe(true);
    const answer = parts[0]?.answers[0];
    expect(answer?.text.startsWith(given)).toBe(true);
    expect(answer?.from).toBe(given.length);
    expect(answer?.newTokens).toBeGreaterThan(0);
  });

  it('asks other weights the same, in words that a person reads', async () => {
    const { stdout, code } = await program(
      '--frames',
      'reversed',
      '--also',
      '2',
      '-n',
      '2',
      '--temperature',
      '1',
      '--weigh',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Ask \d+: frames reversed, also of step 2, temperature 1 \(seed \d+\)\. It is an experiment/,
    );
    expect(stdout).toMatch(/\d new {2}order .?\d+\.\d/);
    expect(stdout).toMatch(/before training \(the weights that answered\): \d of 2 right/);
    expect(stdout).toMatch(/step 2 \(other weights than answered\): \d of 2 right/);
  });

  it('shows what was answered where it can’t be weighed, and says why', async () => {
    const { stdout, stderr, code } = await program('--frames', '1', '-n', '1', '--weigh');
    expect(code).not.toBe(0);
    expect(stderr).toContain('Fewer than two frames were shown');
    expect(stdout).toMatch(/before training \(the weights that answered\): \d of 1 right/);
  });

  it('is listed and taken away, refuses what makes no sense, and leaves the run as it was', async () => {
    const told = () =>
      reading((store) =>
        JSON.stringify([store.events(0, 10_000), store.counts(), store.rolloutCount(), [...store.groups()]]),
      );
    const before = told();
    const { number } = await asked('-n', '1', '--frames', 'none');
    expect(told()).toBe(before);
    expect((await program('--list')).stdout).toMatch(
      new RegExp(`^${number}  \\d of 1 right {2}before training {2}no video$`, 'm'),
    );
    expect((await program('--remove', String(number))).code).toBe(0);
    expect((await program('--list')).stdout).not.toMatch(new RegExp(`^${number} `, 'm'));
    for (const [args, said] of [
      [['--frames', 'upside'], /--frames is reversed/],
      [['--frames', '99'], /no frame 99/],
      [['--keep', '500'], /tokens that can be kept/],
      [['-n', '65'], /from 1 to 64/],
      [['--temperature', '9'], /temperature/],
      [['--checkpoint', '1'], /no whole checkpoint of step 1/],
      [['--template', '../x.json'], /outside the project/],
    ] as const) {
      const { code, stderr } = await program(...args);
      expect([args, code !== 0, said.test(stderr)]).toEqual([args, true, true]);
    }
  });
});
