/** What a terminal that follows a run prints of its advisories: once when one begins, with what to type, once when it is over. */
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { LiveLine, RunWatch } from '../../../trainer/cli/terminal/progress.ts';
import type { Advisory } from '../../../trainer/protocol/advisories.ts';
import type { RunEventBody } from '../../../trainer/protocol/records.ts';
import { aRunThat } from '../../protocol/every-standing.ts';

const told = (key: 'stalled' | 'length-limit'): Advisory => ({
  ...{ key, rule: key, since: 7, message: `This is ${key}.`, numbers: {} },
  ways: [{ kind: 'set', parameter: 'learningRate', value: 5e-5, why: 'to take smaller steps' }],
});

it('each as it comes, but for what is muted', () => {
  let printed = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      printed += chunk;
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const run = aRunThat({ state: 'running', doing: null }, { muted: ['length-limit'] });
  const watch = new RunWatch(run.id, 'my runs', () => run, new LiveLine(out), true);
  const bodies: RunEventBody[] = [
    { type: 'advisory', advisory: told('stalled') },
    { type: 'advisory', advisory: told('length-limit') },
    { type: 'advisory-ended', key: 'length-limit', step: 8 },
    { type: 'advisory-ended', key: 'stalled', step: 9 },
  ];
  for (const [i, body] of bodies.entries()) watch.onEvent({ runId: run.id, seq: i + 1, at: 0, body });
  expect(
    printed
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'The accuracy has stalled (stalled, since step 7). This is stalled.',
    expect.stringMatching(/^to take smaller steps: .*ctl set learningRate 5e-5 --run tgrpo-1 --folder "my runs"$/),
    'Over since step 9: stalled.',
  ]);
});
