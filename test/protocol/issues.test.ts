import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { faultLine, faultsOf } from '../../trainer/protocol/issues.ts';
import { requests } from '../../trainer/protocol/messages.ts';
import { runSummary } from '../../trainer/protocol/run-state.ts';
import { runFile } from '../../trainer/protocol/runfile.ts';
import { pageToHost } from '../../trainer/protocol/webview-messages.ts';

function faults(schema: z.ZodType, value: unknown): string[] {
  const checked = schema.safeParse(value);
  return checked.success ? [] : faultsOf(schema, value, checked.error, 'the file');
}

const file = { version: 1, name: 'x', method: 'sft', dataset: 'd.json', model: { run: 'a' } };
const sources = '"size", "checkpoint" or "run"';

describe('what is wrong with a run file', () => {
  it.each([
    [{ dataset: undefined }, 'dataset is missing; it must be a text'],
    [{ version: 2 }, 'version must be 1, not 2'],
    [{ method: 'sfft' }, 'method must be "sft", "tgrpo" or "grpo", not "sfft"; the nearest is "sft"'],
    [{ seed: -1 }, 'seed must be at least 0, not -1'],
    [{ seed: 1.5 }, 'seed must be a whole number, not 1.5'],
    [{ dataset: '' }, 'dataset must be a text that is not empty, not an empty text'],
    [{ name: 'a b' }, 'name: letters, digits, dot, dash and underscore; 64 at most'],
    [{ sourceWeights: { clevrer: -1 } }, 'sourceWeights.clevrer must be at least 0, not -1'],
    [{ parameters: [] }, 'parameters must be an object, not an empty list'],
    [{ parameters: { steps: 'x' } }, 'parameters.steps must be a number, not the text "x"'],
    [{ parameters: { stps: 3 } }, 'parameters: there is no key "stps"; the nearest is "steps"'],
    [{ engine: { thread: 3 } }, 'engine: there is no key "thread"; the nearest is "threads"'],
    [{ datset: 'd' }, 'there is no key "datset"; the nearest is "dataset"'],
  ])('names key, what it must be and what it is: %j', (more, said) => {
    expect(faults(runFile, { ...file, ...more })).toEqual([said]);
  });

  it.each([
    [undefined, `model is missing; it must be an object with ${sources}`],
    ['sft', `model must be an object with ${sources}, not the text "sft"`],
    [{}, `model must have the key ${sources}`],
    [
      { chekpoint: 'x' },
      `model must have the key ${sources}; there is no key "chekpoint"; the nearest is "checkpoint"`,
    ],
    [{ checkpoint: 5 }, 'model.checkpoint must be a text, not 5'],
    [{ checkpoint: 'a', step: 3 }, 'model: "step" can\'t stand beside its other keys'],
    [{ run: 'a', step: -3 }, 'model.step must be at least 0, not -3'],
    [{ run: 'a', checkpoint: 'b' }, 'model has "checkpoint" and "run"; it must have one of them'],
  ])('says of several forms what the one that is meant lacks: %j', (model, said) => {
    expect(faults(runFile, { ...file, model })).toEqual([said]);
  });

  it('names every size that a new model lacks', () => {
    const said = faults(runFile, { ...file, model: { size: { hidden_size: 12 } } });
    expect(said[0]).toBe('model.size.hidden_size must be a multiple of 8, not 12');
    expect(said).toContain('model.size.vision_depth is missing; it must be a number');
  });
});

describe('what is wrong with a message', () => {
  it('names the kinds that there are, each once', () => {
    expect(faults(pageToHost, { type: 'format-disk' })).toEqual([
      'type must be "ready", "shows", "send", "open-file", "run-command", "save-file", "copy" or "open-document", not "format-disk"',
    ]);
    expect(faults(pageToHost, { type: 'run-command' })[0]).toMatch(/^command is missing; it must be "open-dashboard"/);
  });

  it('names a faulty command by its nearest', () => {
    const { params } = requests['runs/command'];
    expect(faults(params, { runId: 'a', id: 'b', command: { kind: 'puase' } })[0]).toMatch(
      /^command\.kind must be "start", .* not "puase"; the nearest is "pause"$/,
    );
  });

  it('counts what is too much for a line', () => {
    const checked = runSummary.safeParse({});
    const line = checked.success ? '' : faultLine(runSummary, {}, checked.error, 'it');
    expect(line).toMatch(/^id is missing; it must be a text; .*; and 15 more$/);
  });

  it('cuts what is long, and keeps it on one line', () => {
    expect(faults(z.object({ a: z.number() }), { a: `x\n${'y'.repeat(1000)}` })).toEqual([
      `a must be a number, not the text "x\\n${'y'.repeat(58)}…"`,
    ]);
  });
});

it('is never in the words of the library, whatever is given', () => {
  fc.assert(
    fc.property(fc.constantFrom<z.ZodType>(runFile, runSummary, pageToHost), fc.jsonValue(), (schema, value) => {
      for (const said of faults(schema, value)) {
        expect(said).not.toMatch(/Invalid|expected|received|Unrecognized|ZodError|undefined|✖/);
        expect(said).not.toContain('\n');
      }
    }),
    { numRuns: 300 },
  );
});
