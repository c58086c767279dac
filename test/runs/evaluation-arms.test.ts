/** What a run's evaluations ask besides: by command, by parameter, and refused where the dataset does not have it. */
import { describe, expect, it } from 'vitest';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const say = (answer: string) => `<think>a</think><answer>${answer}</answer>`;
const groupsOf = ({ run }: ScriptedRun, evaluation: string) =>
  [...run.store.groups()].filter(({ id }) => id.startsWith(`${evaluation}-`));

async function heldAfterOneStep(options: Parameters<typeof scriptedRun>[0]): Promise<ScriptedRun> {
  const made = scriptedRun(options);
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  return made;
}

describe('an evaluation of a run', () => {
  it('asks besides what the command says, or the parameters where it says nothing, and keeps it with its groups', async () => {
    const made = await heldAfterOneStep({
      ...{ reversedSolution: '<answer>A</answer>', parameters: { steps: 2, evaluationDirect: true } },
      script: ({ prompt, isShuffled }) => (prompt.endsWith('<answer') ? '>A</answer>' : say(isShuffled ? 'C' : 'B')),
    });
    expect(await made.command({ kind: 'evaluate', arms: ['direct', 'reversed'] })).toMatchObject({
      note: expect.stringMatching(
        /^100.0 % on ordered .*, 0.0 % without reasoning, 0.0 % of 2 clips right with their reversals$/,
      ),
    });
    await made.untilState('paused');
    expect(await made.command({ kind: 'evaluate', arms: [] })).toMatchObject({ state: 'applied' });
    const evaluations = made.run.store.evaluations();
    expect(evaluations.map(({ direct, reversed }) => [direct !== undefined, reversed !== undefined])).toEqual([
      [true, false],
      [true, true],
      [false, false],
    ]);
    const kept = groupsOf(made, 'e1').map(({ arms }) => arms);
    expect(kept).toHaveLength(2);
    for (const arms of kept)
      expect(arms).toMatchObject({
        direct: { by: 'prefix', answer: 'A', correct: false },
        reversed: { solution: 'A', answer: 'C', correct: false },
      });
    expect(groupsOf(made, 'e2').some((group) => 'arms' in group)).toBe(false);
  });

  it('on reversed videos needs a dataset that says what is right then: command, parameter and run file are refused', async () => {
    const made = await heldAfterOneStep({ parameters: { steps: 4 } });
    const why = expect.stringContaining('No row says what is right when its video is shown backwards.');
    expect(await made.command({ kind: 'evaluate', arms: ['reversed'] })).toMatchObject({ state: 'failed', why });
    await made.untilState('paused');
    const set = { kind: 'set', parameter: 'evaluationReversed', value: true } as const;
    expect(await made.command(set)).toMatchObject({ state: 'failed', why });
    expect(made.summary.parameters.evaluationReversed).toBe(false);
    const begun = scriptedRun({ parameters: { evaluationReversed: true } });
    begun.send({ kind: 'start' });
    await begun.untilState('failed');
    expect(begun.engines).toEqual([]);
  });
});
