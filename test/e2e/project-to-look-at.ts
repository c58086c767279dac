/**
 * A project with a run for every look of the pages: real ones of both methods, one that is made up with all that can be kept of
 * its answers, a failed one, one that older rules read, and two that were asked the same questions.
 */
import { copyFile, cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Advisory } from '../../trainer/protocol/advisories.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { audited, questions, writeAudit } from '../audit/made-audit.ts';
import { hostileCompletions } from '../fixtures/hostile-completions.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { anExperiment, experimentTokens } from '../store/experiments.ts';
import { aGroup, anAnnotation, aRollout, someMetrics } from '../store/records.ts';
import { projectWithRuns, recordedGroups, recordedRun } from './recorded-run.ts';
import { fast, slow } from './two-runs.ts';

export const madeRun = 'made-1';
export const failedRun = 'failed-1';
/** Of the made run. */
export const longAnswer = 's2-g0-o0';
export const hostileAnswer = 's2-g0-o1';

export interface ProjectToLookAt {
  readonly folder: string;
  readonly trainer: TrainerProcess;
  readonly client: TestClient;
  /** Completed, paused in training, and never begun. */
  readonly runs: { readonly sft: string; readonly tgrpo: string; readonly created: string };
  remove(): Promise<void>;
}

const hostile = hostileCompletions.map(({ text }) => text.slice(0, 200)).join(' ');
const check = 'Wait, at 1.0 s it turns.';
const thought = `${'In frames 2 to 3 the square goes left. So it is A. '.repeat(4)}${check} It ends at the right, so it is B.`;

/** One token a word, each with numbers that every shade has a fill for. */
function tokensOf(text: string): RolloutTokens {
  const pieces = text.match(/\s*\S+/g) ?? [];
  return {
    pieces,
    logprobs: pieces.map((_, i) => -(i % 6) / 2),
    entropy: pieces.map((_, i) => (i % 6) / 2),
    trainerLogprobs: pieces.map((_, i) => -(i % 6) / 2 - (i % 6) / 8),
    ids: pieces.map((_, i) => 1000 + i),
    alternatives: pieces.map(() => [{ id: 5, piece: ' other', logprob: -1 }]),
  };
}

function scoresOf(text: string) {
  const { logprobs } = tokensOf(text);
  return {
    isLeftOut: false,
    reference: logprobs.map((logprob, i) => logprob + (i % 6) / 4),
  };
}

function answer(groupId: string, step: number, order: Rollout['order'], index: number, think: string): Rollout {
  const text = `<think>${think}</think><answer>B</answer>`;
  const end = 7 + think.length;
  const at = text.indexOf(check);
  return aRollout({
    ...{ id: `${groupId}-${order[0]}${index}`, groupId, step, order, index, text },
    tokenCount: tokensOf(text).pieces.length,
    parsed: { think: { start: 7, end }, answer: { start: end + 16, end: end + 17 }, problems: [] },
    advantage: order === 'ordered' ? 0.5 : null,
    ...(order === 'ordered' && { trainerLogprob: -0.5, mismatch: { difference: 0.25, k3: 0.04, weight: 1.4 } }),
    aha: at < 0 ? [] : [{ span: { start: at, end: at + check.length }, tier: 3, rule: 'checks', evidence: '' }],
  });
}

/** The media and the question are those of a real group, whose frames the trainer can give. */
function madeGroup(step: number, { media, question }: GroupWithRollouts): GroupWithRollouts {
  const id = `s${step}-g0`;
  return aGroup(step, {
    ...{ id, media, question },
    rollouts: [
      answer(id, step, 'ordered', 0, thought),
      answer(id, step, 'ordered', 1, hostile),
      answer(id, step, 'ordered', 2, 'B.'),
      answer(id, step, 'shuffled', 0, thought),
    ],
  });
}

/** One with every way on, one that a person muted, one that is over. */
const advisories: readonly Advisory[] = [
  {
    ...{ key: `source-fails:source ${hostile}`, rule: 'source-fails', since: 2, numbers: {} },
    message: `To 20 questions of the source “${hostile}” 3 % of the answers are right.`,
    ways: [
      { kind: 'set', parameter: 'temperature', value: 1.2, why: 'so that answers differ' },
      { kind: 'command', command: 'evaluate', why: 'to see' },
      { kind: 'look', query: 'half:ordered step>=1', why: 'to see what is answered' },
      { kind: 'check', dataset: hostile, why: 'to see its rows' },
      { kind: 'person', why: 'Mend its rows.' },
    ],
  },
  { ...{ key: 'length-limit', rule: 'length-limit', since: 1, numbers: {}, ways: [] }, message: 'Answers are cut.' },
  { ...{ key: 'stalled', rule: 'stalled', since: 1, numbers: {}, ways: [] }, message: 'It stands still.' },
];

function makeRun(folder: string, group: GroupWithRollouts): void {
  const store = RunStore.create(folder, aRunThat({ state: 'completed' }, { id: madeRun, step: 3, steps: 3 }));
  for (const step of [1, 2, 3]) {
    const made = madeGroup(step, group);
    const tokens = new Map(made.rollouts.map(({ id, text }) => [id, tokensOf(text)]));
    const pieces = ['<|im_start|>', 'user', '\n', '<|video_pad|>', '<|video_pad|>', hostile, '<|im_end|>'];
    const prompts = new Map([[made.id, { ids: pieces.map((_, i) => 2000 + i), pieces }]]);
    store.append({ type: 'group', group: { ...made, prompt: pieces.join('') } }, { tokens, prompts });
    const kl = Object.fromEntries(made.rollouts.map(({ id }) => [id, 0.1]));
    const scores = new Map(made.rollouts.map(({ id, text }) => [id, scoresOf(text)]));
    store.append({ type: 'references', step, kl }, { scores });
    store.append({ type: 'step', metrics: someMetrics(step) });
  }
  for (const advisory of advisories) store.append({ type: 'advisory', advisory });
  store.append({ type: 'advisory-ended', key: 'stalled', step: 3 });
  store.append({ type: 'advisory-muted', key: 'length-limit', muted: true, by: 'ada' });
  store.append({ type: 'annotation', annotation: anAnnotation(1, longAnswer) });
  for (const text of [
    '<think>It turns.</think><answer>B</answer>',
    `<think>${hostile}</think><answer>${hostile}</answer>`,
  ])
    store.keepExperiment(anExperiment(hostileAnswer, 's2-g0', text), experimentTokens);
  store.dispose();
}

export async function projectToLookAt(): Promise<ProjectToLookAt> {
  const project = await sampleProject();
  const runsFolder = path.join(project.folder, '.video-r1', 'runs');
  const first = await TrainerProcess.start(project.folder);
  const begun = await first.connect();
  const small = { questionsPerStep: 2, evaluationQuestions: 2, checkpointEvery: 0, maxNewTokens: 16 };
  const sft = await begun.create('sft.run.json', { ...small, steps: 2, probeEvery: 1, probeQuestions: 8 });
  await begun.command(sft, { kind: 'start' });
  await begun.until(sft, 'state', ({ run }) => run.state === 'completed');
  const group = begun.bodies(sft, 'group').find((body) => body.group.media.shuffledOrder !== null)?.group;
  if (!group) throw new Error('The probes of the run had no video.');
  begun.close();
  await first.stop();

  makeRun(path.join(runsFolder, madeRun), group);
  const fault = { kind: 'not-finite', message: 'The loss is not a finite number.', place: 'step 4' } as const;
  const failed = RunStore.create(
    path.join(runsFolder, failedRun),
    aRunThat({ state: 'failed', fault }, { id: failedRun }),
  );
  for (const step of [1, 2, 3]) failed.append({ type: 'step', metrics: someMetrics(step) });
  failed.dispose();
  const others = await projectWithRuns([fast, slow, { id: recordedRun, ...recordedGroups() }]);
  await mkdir(runsFolder, { recursive: true });
  await cp(path.join(others.folder, '.video-r1', 'runs'), runsFolder, { recursive: true });
  await others.remove();
  for (const run of [madeRun, failedRun])
    await copyFile(path.join(runsFolder, sft, 'plan.json'), path.join(runsFolder, run, 'plan.json'));

  await writeAudit(
    project.folder,
    'made',
    questions(16, (row) => audited(row, { without: ['one frame'] }, { problem: hostile })),
  );

  const trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  const created = await client.create('sft.run.json', small);
  const tgrpo = await client.create('tgrpo.run.json', { ...small, steps: 5000, skipFlatGroups: false });
  await client.command(tgrpo, { kind: 'step', count: 2 });
  await client.until(tgrpo, 'state', ({ run }) => run.state === 'paused' && run.step === 2);
  return {
    ...{ folder: project.folder, trainer, client, runs: { sft, tgrpo, created } },
    remove: async () => {
      client.close();
      await trainer.stop();
      await project.remove();
    },
  };
}
