import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { exportAll, exportTable, exportTensorboard } from '../../trainer/export/export-run.ts';
import { type TableName, tablesOfRun } from '../../trainer/export/tables.ts';
import { evidenceVersion, type Weighing } from '../../trainer/protocol/evidence.ts';
import { anExperiment, experimentTokens } from '../store/experiments.ts';
import { aGroup, anEvaluation } from '../store/records.ts';
import { addGroups, hostile, madeRun } from './made-run.ts';

const bytesOf = (file: string) => new Uint8Array(readFileSync(file)).buffer as ArrayBuffer;

/** RFC 4180, read character by character. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let inQuotes = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (inQuotes) {
      if (letter !== '"') cell += letter;
      else if (text[i + 1] === '"') cell += text[++i];
      else inQuotes = false;
    } else if (letter === '"') inQuotes = true;
    else if (letter === ',' || letter === '\r') {
      row.push(cell);
      cell = '';
      if (letter === ',') continue;
      expect(text[++i]).toBe('\n');
      rows.push(row);
      row = [];
    } else cell += letter;
  }
  expect([cell, row]).toEqual(['', []]);
  return rows;
}

async function csvRecords(made: ReturnType<typeof madeRun>, name: TableName) {
  await exportTable(made.store, name, 'csv', made.at('out.csv'));
  const [head = [], ...rows] = readCsv(readFileSync(made.at('out.csv'), 'utf8'));
  return rows.map((row) => Object.fromEntries(head.map((column, i) => [column, row[i]])));
}

describe('an export as JSONL', () => {
  it('holds every record whole: all events, and each rollout with its group', async () => {
    const { store, at } = madeRun();
    expect(await exportTable(store, 'events', 'jsonl', at('events.jsonl'))).toBe(7);
    const lines = readFileSync(at('events.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(store.events(0, 100));
    await exportTable(store, 'rollouts', 'jsonl', at('rollouts.jsonl'));
    const [first] = readFileSync(at('rollouts.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({
      id: 's1-g0-o0',
      text: hostile.toWellFormed(),
      group: { id: 's1-g0' },
    });
  });
});

describe('an export as CSV', () => {
  it('gives back texts with quotes, commas and line breaks, and takes from formulas their force', async () => {
    const [first, second, third] = await csvRecords(madeRun(), 'rollouts');
    expect(first).toMatchObject({
      ...{ id: 's1-g0-o0', step: '1', text: `'${hostile.toWellFormed()}`, answer: "'-1", correct: 'true' },
      ...{
        at: '2023-11-14T22:13:21.000Z',
        problem_id: '9007199254740993',
        family: '',
        options: '["A. left","B. right"]',
      },
    });
    // A number is none, though it begins with a minus.
    expect(second).toMatchObject({ advantage: '-0.5', format_problems: '["no think","text, outside"]' });
    expect(third).toMatchObject({ advantage: '', order: 'shuffled' });
  });

  it('keeps what the run went back over apart: rollouts, steps and evaluations', async () => {
    const made = madeRun();
    const steps = await csvRecords(made, 'steps');
    const evaluations = await csvRecords(made, 'evaluations');
    const rollouts = await csvRecords(made, 'rollouts');
    made.store.append({ type: 'rewound', toStep: 0 });
    const marked = (records: Record<string, string | undefined>[]) =>
      records.map((record) => ({ superseded: '1', ...record }));
    expect(await csvRecords(made, 'superseded-steps')).toEqual(marked(steps));
    expect(await csvRecords(made, 'superseded-evaluations')).toEqual(
      marked(evaluations.filter(({ step }) => Number(step) > 0)),
    );
    expect(await csvRecords(made, 'superseded')).toHaveLength(rollouts.length);
    expect(await csvRecords(made, 'steps')).toEqual([]);
  });

  it('marks what begins like a formula in every text that people or models write', async () => {
    const [annotation] = await csvRecords(madeRun(), 'annotations');
    expect(annotation).toMatchObject({ note: "'@sum", quote: '', span_start: '', current: 'true' });
    const [step] = await csvRecords(madeRun(), 'steps');
    expect(step).toMatchObject({ step: '1', loss: '-0.125', kl: '', total_ms: '15' });
  });
});

describe('what answers stood on', () => {
  it('is a row for each intervention, with Δ by token and as a whole, and order in the row of the answer', async () => {
    const made = madeRun();
    const order = { kind: 'order' as const, order: [1, 0] };
    const weighing: Weighing = {
      ...{ rolloutId: 's1-g0-o0', version: evidenceVersion, at: 5, by: { run: 'tgrpo-1', step: 0, same: true } },
      ...{ seen: [-0.5, -0.25], lessLikely: 0, commitment: null, without: [] },
      changes: [
        { intervention: order, first: 0, logprobs: [-1, -2.25] },
        { intervention: { kind: 'no reasoning' }, first: 1, logprobs: [-4.25] },
      ],
    };
    const answers = { 's1-g0-o0': { worth: 2.5, error: null, uses: null, step: 0, same: true } };
    made.store.append({ type: 'weighed', answers }, { weighings: [weighing] });
    const rows = await csvRecords(made, 'evidence');
    expect(rows.find(({ intervention }) => intervention === 'order')).toMatchObject({
      ...{ rollout_id: 's1-g0-o0', weights_run: 'tgrpo-1', weights_answered: 'true', delta: '2.5' },
      ...{ token_deltas: '[0.5,2]', detail: JSON.stringify(order) },
    });
    expect(rows.find(({ intervention }) => intervention === 'no reasoning')).toMatchObject({ delta: '4' });
    expect(rows).toHaveLength(2);
    expect((await csvRecords(made, 'rollouts'))[0]).toMatchObject({
      order_worth: '2.5',
      order_error: '',
      uses_order: '',
    });
  });
});

describe('an export as Parquet', () => {
  it('has the types of its columns: 64-bit integers, times, lists, and nothing where there is no value', async () => {
    const { store, at } = madeRun();
    expect(await exportTable(store, 'rollouts', 'parquet', at('rollouts.parquet'))).toBe(3);
    const file = bytesOf(at('rollouts.parquet'));
    const [first, second, third] = await parquetReadObjects({ file });
    expect(first).toMatchObject({
      ...{ step: 1n, index: 0n, tokens: 12n, accuracy: 1, correct: true, text: hostile.toWellFormed(), family: null },
      ...{ at: new Date(1_700_000_001_000), options: ['A. left', 'B. right'], frame_indices: [0n, 12n] },
      ...{ frame_times: [0, 1], aha_tiers: [], format_problems: [], problem_id: '9007199254740993' },
    });
    expect(second).toMatchObject({ advantage: -0.5, format_problems: ['no think', 'text, outside'] });
    expect(third).toMatchObject({ advantage: null });
    const { schema } = parquetMetadata(file);
    const type = (name: string) => schema.find((element) => element.name === name);
    expect(type('step')).toMatchObject({ type: 'INT64' });
    expect(type('at')).toMatchObject({ type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' });
    expect(type('options')).toMatchObject({ converted_type: 'LIST' });
  });

  it('is written in row groups, so that a long run need not be in memory', async () => {
    const { store, at } = madeRun();
    addGroups(store, 20_001);
    const seen: number[] = [];
    const onProgress = (_: string, done: number) => seen.push(done);
    expect(await exportTable(store, 'rollouts', 'parquet', at('long.parquet'), { onProgress })).toBe(20_004);
    const { row_groups: groups, num_rows: rows } = parquetMetadata(bytesOf(at('long.parquet')));
    expect([groups.map(({ num_rows: count }) => count), rows]).toEqual([[10_000n, 10_000n, 4n], 20_004n]);
    expect(seen.length).toBeGreaterThan(50);
  });

  it('is a file without rows where there is nothing', async () => {
    const { store, at } = madeRun();
    store.append({ type: 'annotation-removed', id: '1' });
    expect(await exportTable(store, 'annotations', 'parquet', at('none.parquet'))).toBe(0);
    expect(await parquetReadObjects({ file: bytesOf(at('none.parquet')) })).toEqual([]);
  });
});

describe('an export of tokens', () => {
  /** A step whose first answer is known token by token, and what its update said. */
  function updatedRun() {
    const made = madeRun();
    const tokens = new Map([
      [
        's3-g0-o0',
        {
          ...{ pieces: ['a', '<|im_end|>'], logprobs: [-0.5, -0.25], entropy: [1, 0.5], ids: [70, 0] },
          alternatives: [[{ id: 70, piece: 'a', logprob: -0.5 }], [{ id: 71, piece: '=b', logprob: -0.125 }]],
        },
      ],
    ]);
    const prompts = new Map([['s3-g0', { ids: [1, 9, 9], pieces: ['Which', '<|p|>', '<|p|>'] }]]);
    made.store.append({ type: 'group', group: aGroup(3) }, { tokens, prompts });
    made.store.append(
      { type: 'references', step: 3, kl: { 's3-g0-o0': 0.25 } },
      { scores: new Map([['s3-g0-o0', { isLeftOut: false, reference: [-0.75, -1], trainer: null }]]) },
    );
    return made;
  }

  it('has a row for each rollout whose tokens are known, with their lists, and why one is missing', async () => {
    const { store, at } = updatedRun();
    expect(await exportTable(store, 'tokens', 'parquet', at('tokens.parquet'))).toBe(1);
    const [row] = await parquetReadObjects({ file: bytesOf(at('tokens.parquet')) });
    expect(row).toMatchObject({
      ...{ id: 's3-g0-o0', step: 3n, ids: [70n, 0n], pieces: ['a', '<|im_end|>'], logprobs: [-0.5, -0.25] },
      ...{ entropy: [1, 0.5], reference_logprobs: [-0.75, -1] },
      missing: expect.stringContaining('computes as the trainer does'),
    });
    expect(row?.trainer_logprobs ?? null).toBeNull();
    expect(JSON.parse(String(row?.alternatives))[1]).toEqual([{ id: 71, piece: '=b', logprob: -0.125 }]);
  });

  it('has a row for each prompt, and says of an older one that it was not kept', async () => {
    const made = updatedRun();
    const [older, newer] = await csvRecords(made, 'prompts');
    expect(older).toMatchObject({ group_id: 's1-g0', ids: '', missing: 'It was recorded before this was kept.' });
    expect(newer).toMatchObject({
      group_id: 's3-g0',
      ids: '[1,9,9]',
      pieces: '["Which","<|p|>","<|p|>"]',
      missing: '',
    });
  });

  it('has the mean KL among the rollouts', async () => {
    const rows = await csvRecords(updatedRun(), 'rollouts');
    expect(rows.map(({ mean_kl }) => mean_kl)).toEqual(['', '', '', '0.25', '', '']);
  });
});

describe('what an evaluation asked besides', () => {
  const share = (mean: number) => ({ mean, low: mean / 2, high: mean });
  const slice = { kind: 'all' as const, name: 'all', count: 4 };
  const direct = { ...slice, reasoning: share(0.75), direct: share(0.25), difference: share(0.5) };
  const arms = {
    direct: { by: 'hint' as const, reasoned: 1, slices: [{ ...direct, onlyReasoning: 2, onlyDirect: 0, p: 0.5 }] },
    reversed: { leftOut: 3, slices: [{ ...slice, clip: share(0.5), reversed: share(1), pair: share(0.25) }] },
  };

  it('is a table of its own with every interval, and changes nothing in that of the evaluations', async () => {
    const made = madeRun();
    const before = await csvRecords(made, 'evaluations');
    made.store.append({ type: 'evaluation', evaluation: { ...anEvaluation(2), ...arms } });
    expect(await csvRecords(made, 'evaluations')).toEqual(before);
    const [first, second, ...others] = await csvRecords(made, 'evaluation-arms');
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      arm: 'direct',
      by: 'hint',
      count: '4',
      first: '0.75',
      second: '0.25',
      second_low: '0.125',
    });
    expect(first).toMatchObject({ difference: '0.5', difference_high: '0.5', pair: '', p: '0.5', left_out: '' });
    expect(second).toMatchObject({ arm: 'reversed', by: '', first: '0.5', second: '1', difference: '', left_out: '3' });
    expect(second).toMatchObject({ pair: '0.25', pair_low: '0.125', pair_high: '0.25' });
  });
});

describe('an export', () => {
  it('of all is a folder with a file for every table', async () => {
    const { store, at } = madeRun();
    const counts = await exportAll(store, 'csv', at('all'));
    expect(counts).toEqual({
      annotations: 1,
      rollouts: 3,
      tokens: 0,
      prompts: 1,
      evidence: 0,
      superseded: 0,
      steps: 2,
      'superseded-steps': 0,
      evaluations: 1,
      'superseded-evaluations': 0,
      'evaluation-arms': 0,
      checkpoints: 1,
      commands: 1,
      events: 7,
    });
    expect(readdirSync(at('all')).sort()).toEqual(tablesOfRun.map((name) => `${name}.csv`).sort());
  });

  it('has no experiments but where they are asked for by name', async () => {
    const made = madeRun();
    const before = await exportAll(made.store, 'jsonl', made.at('before'));
    made.store.keepExperiment(anExperiment('s1-g0-o0'), experimentTokens);
    expect(await exportAll(made.store, 'jsonl', made.at('after'))).toEqual(before);
    for (const name of readdirSync(made.at('before')))
      expect(readFileSync(made.at(`after/${name}`), 'utf8')).toBe(readFileSync(made.at(`before/${name}`), 'utf8'));
    expect(await exportTable(made.store, 'experiments', 'csv', made.at('asked.csv'))).toBe(1);
    expect(readFileSync(made.at('asked.csv'), 'utf8')).toContain('s1-g0-o0');
  });

  it('that is stopped leaves the file of before, and nothing half written', async () => {
    const { store, folder, at } = madeRun();
    await exportTable(store, 'rollouts', 'csv', at('rollouts.csv'));
    const before = readFileSync(at('rollouts.csv'), 'utf8');
    addGroups(store, 500);
    for (const form of ['csv', 'parquet'] as const) {
      const stop = new AbortController();
      const onProgress = (_: string, done: number) => {
        if (done >= 200) stop.abort();
      };
      const options = { signal: stop.signal, onProgress };
      await expect(exportTable(store, 'rollouts', form, at('rollouts.csv'), options)).rejects.toThrow('aborted');
    }
    expect(readFileSync(at('rollouts.csv'), 'utf8')).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['.video-r1', 'rollouts.csv']);
  });

  it('into a folder that is not there is one sentence, and makes nothing', async () => {
    const { store, at } = madeRun();
    const refusal = { kind: 'not-found', message: 'There is no such folder.' };
    await expect(exportTable(store, 'steps', 'csv', at('none/steps.csv'))).rejects.toMatchObject(refusal);
    await expect(exportTensorboard(store, at('none/logs'))).rejects.toMatchObject(refusal);
    expect(existsSync(at('none'))).toBe(false);
  });
});
