/** A project whose runs take a moment, and what is left of them. */
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from 'fast-png';
import { computedOf } from '../../trainer/protocol/records.ts';
import { runsFolder } from '../../trainer/runs/project-paths.ts';
import { RunStore } from '../../trainer/store/run-store.ts';

/** A few pictures of one colour each, and a model so small that its twenty steps take a moment. */
export async function smallProject(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-faults-'));
  const colours = { red: [200, 40, 40], green: [40, 180, 60], blue: [40, 60, 210], yellow: [220, 210, 50] } as const;
  const names = Object.keys(colours) as (keyof typeof colours)[];
  const side = 56;
  const rows = Array.from({ length: 24 }, (_, row) => {
    const name = names[row % names.length] as keyof typeof colours;
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => colours[name][i % 3] as number);
    writeFileSync(path.join(folder, `${row}.png`), encode({ width: side, height: side, data, channels: 3 }));
    return {
      ...{ problem_id: row, problem: 'Which colour is it?', data_type: 'image', problem_type: 'multiple choice' },
      options: names.map((colour, i) => `${'ABCD'[i]}. ${colour}`),
      solution: `<answer>${'ABCD'[row % names.length]}</answer>`,
      ...{ process: `<think>All of it is ${name}.</think>`, path: `${row}.png` },
    };
  });
  writeFileSync(path.join(folder, 'train.json'), JSON.stringify(rows.slice(0, 20)));
  writeFileSync(path.join(folder, 'eval.json'), JSON.stringify(rows.slice(20)));
  const size = {
    ...{ hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1 },
    ...{ intermediate_size: 64, vocab_size: 400, vision_hidden_size: 16, vision_depth: 1, vision_num_heads: 1 },
    vision_intermediate_size: 32,
  };
  writeFileSync(
    path.join(folder, 'sft.run.json'),
    JSON.stringify({
      ...{ version: 1, name: 'sft', method: 'sft', preset: 'sample', dataset: 'train.json' },
      ...{ evaluationDataset: 'eval.json', model: { size }, engine: { name: 'tfjs', backend: 'wasm', threads: 2 } },
      parameters: {
        ...{ steps: 20, evaluationQuestions: 2, checkpointEvery: 3, checkpointsKept: 3, questionsPerStep: 2 },
        ...{ probeEvery: 9, probeQuestions: 1, maxNewTokens: 24 },
      },
    }),
  );
  return folder;
}

/** What is left of a run when its trainer has ended, without times, numbers of events and what it went back over. */
export function kept(project: string, id: string) {
  const store = RunStore.open(path.join(runsFolder(project), id));
  try {
    return {
      steps: store.metrics().map(computedOf),
      groups: [...store.groups()].map(({ at: _at, ...group }) => group),
      tokens: [...store.groups()].flatMap(({ rollouts }) => rollouts.map((rollout) => store.tokens(rollout.id))),
      evaluations: store.evaluations().map(({ at: _at, durationMs: _ms, ...results }) => results),
      // A checkpoint names its run, and a name may be longer than another.
      checkpoints: store.checkpoints().map(({ step, sizeBytes }) => ({ step, sizeBytes: sizeBytes - id.length })),
    };
  } finally {
    store.dispose();
  }
}
