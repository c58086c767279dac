/** What a run keeps token by token, through its steps, an end at any moment, a resume and an evaluation. */
import { describe, expect, it } from 'vitest';
import { frameToken, tokensOf } from '../engines/scripted-engine.ts';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const quick = { unseen: 0, parameters: { steps: 4, checkpointEvery: 2 } } as const;

const ordered = (made: ScriptedRun, step: number) =>
  [...made.run.store.groups()]
    .filter((group) => group.step === step && group.purpose === 'train')
    .flatMap(({ rollouts }) => rollouts.filter(({ order }) => order === 'ordered'));

/** All that updates said, step by step. */
const saidOf = (made: ScriptedRun) =>
  [1, 2, 3, 4].map((step) =>
    ordered(made, step).map(({ id, kl }) => {
      const { referenceLogprobs, ids } = made.run.store.tokens(id);
      return { id, kl, referenceLogprobs, ids };
    }),
  );

async function completed(options: Parameters<typeof scriptedRun>[0]): Promise<ScriptedRun> {
  const made = scriptedRun(options);
  made.send({ kind: 'start' });
  await made.untilState('completed');
  return made;
}

describe('a run’s tokens', () => {
  it('are kept with their ids, and those of the prompt, frames as tokens', async () => {
    const made = await completed(quick);
    const { store } = made.run;
    const [first] = ordered(made, 1);
    expect(store.tokens(first?.id as string).ids).toEqual([...tokensOf(first?.text as string), 0]);
    const prompt = store.prompt(first?.groupId as string);
    expect(prompt.missing).toBeNull();
    expect(prompt.pieces?.join('')).toBe(prompt.text);
    expect(prompt.ids?.filter((id) => id === frameToken)).toHaveLength(4);
  });

  it('have the reference’s log-probabilities once the step is recorded, told just before it', async () => {
    const made = await completed(quick);
    const told = made.events.filter(({ body }) => body.type === 'references' || body.type === 'step');
    expect(told.map(({ body }) => body.type)).toEqual(Array(4).fill(['references', 'step']).flat());
    for (const { kl } of made.bodies('references'))
      for (const [id, value] of Object.entries(kl))
        expect(made.run.store.group(id.slice(0, id.lastIndexOf('-'))).rollouts.find((one) => one.id === id)?.kl).toBe(
          value,
        );
    // Both models are the same at first, and drift apart by learning.
    expect(ordered(made, 1).map(({ kl }) => kl)).toEqual([0, 0, 0, 0]);
    expect(ordered(made, 4).every(({ kl }) => (kl as number) > 0)).toBe(true);
    const stepKl = made.run.store.metrics().at(-1)?.kl as number;
    const mean = ordered(made, 4).reduce((sum, { kl }) => sum + (kl as number) / 4, 0);
    expect(mean).toBeCloseTo(stepKl, 6);
  });

  it('are the same after an end without warning and a resume', async () => {
    const whole = await completed(quick);
    const made = scriptedRun(quick);
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 3);
    const found = made.reopen();
    found.send({ kind: 'resume' });
    await found.untilState('completed');
    expect(found.bodies('rewound')).toEqual([{ type: 'rewound', toStep: 2 }]);
    expect(saidOf(found)).toEqual(saidOf(whole));
    expect(saidOf(found)[2]?.[0]?.referenceLogprobs?.length).toBeGreaterThan(0);
  });

  it('say that no update was made where the trainer ended between sampling and update, and are told once it is', async () => {
    const made = scriptedRun(quick);
    const gate = Promise.withResolvers<void>();
    made.onEngine = (engine) => void engine.holdNext('optimStep').entered.then(() => gate.resolve());
    made.send({ kind: 'start' });
    await gate.promise;
    const [first] = ordered(made, 1);
    const id = first?.id as string;
    expect(made.run.store.tokens(id).missing?.referenceLogprobs).toBe('The update of step 1 is not made yet.');
    const found = made.reopen();
    expect(found.run.store.tokens(id).missing?.referenceLogprobs).toBe('The run ended before the update of step 1.');
    found.send({ kind: 'resume' });
    await found.untilState('completed');
    expect(found.run.store.tokens(id).missing).not.toHaveProperty('referenceLogprobs');
    expect(found.run.store.tokens(id).referenceLogprobs?.length).toBe(first?.tokenCount);
  });

  it('have no reference, and say why, in an evaluation, on shuffled frames, without a KL term and in SFT', async () => {
    const made = await completed({ parameters: { steps: 1, beta: 0 } });
    const why = new Map(
      [...made.run.store.groups()].flatMap(({ purpose, rollouts }) =>
        rollouts.map(({ id, order, kl }) => {
          expect(kl).toBeNull();
          const { referenceLogprobs, missing } = made.run.store.tokens(id);
          expect(referenceLogprobs).toBeUndefined();
          return [`${purpose} ${order}`, missing?.referenceLogprobs] as const;
        }),
      ),
    );
    expect(Object.fromEntries(why)).toEqual({
      'evaluation ordered': expect.stringContaining('evaluation'),
      'evaluation shuffled': expect.stringContaining('evaluation'),
      'train ordered': expect.stringContaining('β was 0'),
      'train shuffled': expect.stringContaining('shuffled'),
    });
    const sft = await completed({ method: 'sft', unseen: 0, parameters: { steps: 1, probeEvery: 1 } });
    expect(sft.bodies('references')).toEqual([]);
    const [probe] = [...sft.run.store.groups()].flatMap(({ rollouts }) => rollouts);
    expect(sft.run.store.tokens(probe?.id as string).missing?.referenceLogprobs).toContain('SFT');
  });
});
