/** `video-r1 ask`: a question of a run, asked again with something changed. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { worthText } from '../../evidence/verdict.ts';
import {
  type Ask,
  type AskedFrames,
  ask as askShape,
  type Experiment,
  type ExperimentPart,
  mostAnswers,
  type WeightsNamed,
} from '../../protocol/ask.ts';
import {
  type AskedOriginal,
  askTitle,
  firstNumber,
  isOtherSolution,
  otherSolutionSentence,
  soFar,
  soFarSentence,
  weightsWords,
} from '../../protocol/ask-words.ts';
import type { Client } from '../../protocol/connection.ts';
import type { SeedsKind } from '../../protocol/engine.ts';
import { StudioError } from '../../protocol/errors.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { faultLine } from '../../protocol/issues.ts';
import type { GroupWithRollouts, Rollout } from '../../protocol/records.ts';
import { seedSentences, seedsOf } from '../../protocol/seed-words.ts';
import { seenOrder } from '../../protocol/seen-order.ts';
import { withClient } from '../experiments/client-at-hand.ts';
import {
  type CliCommand,
  exitCodes,
  readOptions,
  readValue,
  seedOption,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { duration, LiveLine } from '../terminal/progress.ts';
import { requireRun } from './require-run.ts';

const options = {
  folder: { type: 'string', default: '.' },
  keep: { type: 'string' },
  type: { type: 'string' },
  frames: { type: 'string' },
  'frame-count': { type: 'string' },
  problem: { type: 'string' },
  option: { type: 'string', multiple: true },
  solution: { type: 'string' },
  template: { type: 'string' },
  checkpoint: { type: 'string' },
  also: { type: 'string', multiple: true, default: [] as string[] },
  temperature: { type: 'string' },
  'top-p': { type: 'string' },
  'max-tokens': { type: 'string' },
  seed: { type: 'string' },
  n: { type: 'string', short: 'n' },
  weigh: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  remove: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const askCommand: CliCommand = {
  name: 'ask',
  summary: 'ask a question of a run again with something changed',
  help: `
video-r1 ask RUN ROLLOUT [options]

Asks the question of a rollout again, of the weights that answered where they are at hand, else of the nearest checkpoint. What comes of it
is an experiment: it is kept beside the rollout, and no training, curve, list or evaluation ever counts it. With no option it asks the
same again. Ctrl-C keeps the answers that are whole.

  --keep N            go on from token N of the answer, counted from its start
  --type TEXT         text that stands behind what is kept, or at the start
  --frames HOW        reversed, shuffled, one (the middle one in every place), none, or numbers in order: 3,2,1
  --frame-count N     another even number of frames from the clip
  --problem TEXT      another question;  --option TEXT for each of its options;  --solution TEXT for what is right then
  --template FILE     another wording of the prompt, from a file of the project
  --checkpoint STEP   of these weights: a step of the run, or RUN:STEP;  --also STEP, as often as wanted, asks others the same
  --temperature T  --top-p P  --max-tokens N    as the run samples now where they are left out
  --seed N            the same seed gives the same answers, as far as the engine of the run can; what it gives is said
  -n N                answers, 1 to ${mostAnswers} (4)
  --weigh             also what the order of the frames is worth to each answer, in nats
  --list              what was asked beside this rollout;  --remove N takes ask N away
  --folder DIR        the project (.)
  --json              as JSON

  video-r1 ask tgrpo-1 s98-0-o0 --frames reversed -n 8 --folder sample
  video-r1 ask tgrpo-1 s98-0-o0 --keep 12 --type " Wait, look again." --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(args, options, 2);
    const [runId, rolloutId] = positionals;
    if (runId === undefined || path.basename(runId) !== runId) throw usage('Name a run.');
    if (rolloutId === undefined) throw usage('Name a rollout.');
    const asked = askOf(values, runId);
    const project = path.resolve(values.folder);
    requireRun(project, runId);
    const line = new LiveLine(process.stderr);
    const interrupts = new Interrupts({ first: 'Stopping', left: 'answers that are whole are kept' });
    try {
      return await withClient({ project, name: 'video-r1 ask' }, async (client) => {
        const about = { rolloutId };
        const { group, rollout } = await found(client, runId, rolloutId);
        if (values.list || values.remove !== undefined) {
          const { experiments } = await client.request('ask/list', { runId, about });
          if (values.remove !== undefined) {
            const number = wholeNumber('remove', values.remove, 1);
            const one = experiments.find((experiment) => experiment.number === number);
            if (!one) throw new StudioError('not-found', `There is no ask ${number} beside ${rolloutId}.`);
            await client.request('ask/remove', { runId, id: one.id });
            process.stdout.write(`ask ${number} of ${rolloutId} was taken away\n`);
            return exitCodes.done;
          }
          if (values.json) process.stdout.write(`${JSON.stringify(experiments, null, 1)}\n`);
          else process.stdout.write(`${listLines(experiments, group, rollout).join('\n')}\n`);
          return exitCodes.done;
        }
        const answered = await start(client, { runId, about, ask: asked }, interrupts.signal, line);
        const { runs } = await client.request('runs/list', {});
        const asks = runs.find(({ id }) => id === runId);
        const seeds = asks === undefined ? 'exact' : seedsOf(asks);
        const show = (experiment: Experiment): void => {
          line.clear();
          if (values.json) process.stdout.write(`${JSON.stringify(experiment, null, 1)}\n`);
          else process.stdout.write(`${linesOf(experiment, group, rollout, seeds).join('\n')}\n`);
        };
        if (values.weigh && !interrupts.signal.aborted)
          show(
            await client.request('ask/weigh', { runId, id: answered.id }).then(
              ({ experiment }) => experiment,
              (thrown: unknown) => {
                // The answers are there all the same.
                show(answered);
                throw thrown;
              },
            ),
          );
        else show(answered);
        return interrupts.signal.aborted ? interrupts.exitCode : exitCodes.done;
      });
    } finally {
      line.clear();
      interrupts.dispose();
    }
  },
};

type Values = ReturnType<typeof readOptions<typeof options>>['values'];

/** @throws StudioError `bad-request` for what can't be asked */
function askOf(values: Values, runId: string): Ask {
  const read = (name: 'temperature' | 'top-p') => {
    const text = values[name];
    if (text === undefined) return {};
    const value = readValue(text);
    if (typeof value !== 'number') throw usage(`--${name} is a number, not ${text}.`);
    return name === 'temperature' ? { temperature: value } : { topP: value };
  };
  const given = {
    ...(values.keep !== undefined && { keep: wholeNumber('keep', values.keep, 0) }),
    ...(values.type !== undefined && { typed: values.type }),
    frames: framesOf(values),
    ...(values.problem !== undefined && { problem: values.problem }),
    ...(values.option !== undefined && { options: values.option }),
    ...(values.solution !== undefined && { solution: values.solution }),
    ...(values.template !== undefined && { template: { file: values.template } }),
    ...(values.checkpoint !== undefined && { checkpoint: weightsOf('checkpoint', values.checkpoint, runId) }),
    also: values.also.map((text) => weightsOf('also', text, runId)),
    ...read('temperature'),
    ...read('top-p'),
    ...(values['max-tokens'] !== undefined && { maxTokens: wholeNumber('max-tokens', values['max-tokens'], 1) }),
    ...(values.seed !== undefined && { seed: seedOption(values.seed) }),
    ...(values.n !== undefined && { n: wholeNumber('n', values.n, 1, mostAnswers) }),
  };
  const checked = askShape.safeParse(given);
  if (checked.success) return checked.data;
  throw usage(`It can’t be asked so: ${faultLine(askShape, given, checked.error, 'the ask')}.`);
}

function framesOf(values: Values): AskedFrames {
  const { frames } = values;
  if (values['frame-count'] !== undefined) {
    if (frames !== undefined) throw usage('--frames and --frame-count can’t both be given.');
    return { count: wholeNumber('frame-count', values['frame-count'], 2) };
  }
  if (frames === undefined) return 'as seen';
  if (/^\d+(,\d+)*$/.test(frames))
    return { order: frames.split(',').map((number) => wholeNumber('frames', number, 1) - 1) };
  const known = ['reversed', 'shuffled', 'one', 'none'] as const;
  const named = known.find((one) => one === frames);
  if (named === undefined) throw usage(`--frames is ${known.join(', ')} or numbers such as 3,2,1, not ${frames}.`);
  return named;
}

function weightsOf(name: string, text: string, runId: string): WeightsNamed {
  const [, run = runId, step = ''] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  if (step === '') throw usage(`--${name} is a step, or RUN:STEP, not ${text}.`);
  return { run, step: Number(step) };
}

async function found(
  client: Client,
  runId: string,
  rolloutId: string,
): Promise<{ group: GroupWithRollouts; rollout: Rollout }> {
  const { groupId } = await client.request('places/find', { runId, rolloutId });
  const group = groupId === null ? null : (await client.request('groups/get', { runId, groupId })).group;
  const rollout = group?.rollouts.find(({ id }) => id === rolloutId);
  if (!group || !rollout) throw new StudioError('not-found', `There is no rollout ${rolloutId} in ${runId}.`);
  return { group, rollout };
}

async function start(
  client: Client,
  asked: { runId: string; about: { rolloutId: string }; ask: Ask },
  signal: AbortSignal,
  line: LiveLine,
): Promise<Experiment> {
  const id = randomUUID();
  const cancel = () => void client.request('ask/cancel', { id }).catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    client.on('ask/progress', ({ done, total, doing, leftMs, writing }) => {
      const left = leftMs === null || done === total ? '' : ` | ${duration(leftMs)} left`;
      const tail = writing[0] ? ` | ${shownLine(writing[0].text.slice(-60).replaceAll('\n', ' '), 60)}` : '';
      line.show(`${done} of ${total} answers${doing ? ` | ${doing}` : left}${tail}`);
    });
    return (await client.request('ask/start', { ...asked, id })).experiment;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

const inOneLine = (text: string, most: number): string => shownLine(text.replaceAll('\n', ' '), most);
const rightOf = (answers: readonly { readonly correct: boolean }[]) => ({
  right: answers.filter(({ correct }) => correct).length,
  total: answers.length,
});

function originalOf({ question, media }: GroupWithRollouts, { order }: Rollout, runId: string): AskedOriginal {
  return { runId, question, seen: seenOrder(media, order) };
}

function linesOf(experiment: Experiment, group: GroupWithRollouts, rollout: Rollout, seeds: SeedsKind): string[] {
  const { ask, parts, number, question, seed, given } = experiment;
  const of = originalOf(group, rollout, experiment.runId);
  const title = askTitle(ask, of);
  const half = group.rollouts.filter(({ order }) => order === rollout.order);
  const first = parts[0] as ExperimentPart;
  return [
    inOneLine(question.problem, 200),
    `original  ${rollout.correct ? 'right' : 'wrong'}  ${inOneLine(rollout.answer, 40)}  ${inOneLine(rollout.text, 300)}`,
    '',
    `Ask ${number}: ${title} (seed ${seed}). It is an experiment: nothing counts it.${seeds === 'exact' ? '' : ` ${seedSentences[seeds]}`}`,
    ...(given === '' ? [] : [`given     ${inOneLine(given, 300)}`]),
    ...parts.flatMap((part, i) => partLines(experiment, part, firstNumber(parts, i))),
    '',
    isOtherSolution(ask, of)
      ? otherSolutionSentence(rightOf(first.answers), title)
      : soFarSentence(soFar(rightOf(first.answers), rightOf(half)), title, `the group’s ${rollout.order} answers`),
  ];
}

function partLines(
  { number, runId }: Experiment,
  { weights, answers, without }: ExperimentPart,
  first: number,
): string[] {
  const { right, total } = rightOf(answers);
  const whose = weights.same ? 'the weights that answered' : 'other weights than answered';
  return [
    '',
    `${weightsWords(weights, runId)} (${whose}): ${right} of ${total} right${without === null ? '' : `. ${shownLine(without, 300)}`}`,
    ...answers.map(
      ({ correct, answer, text, from, newTokens, order }, i) =>
        `${number}.${first + i}  ${correct ? 'right' : 'wrong'}  ${inOneLine(answer === '' ? 'none' : answer, 40)}  ${newTokens} new  ${order ? `order ${worthText(order)}  ` : ''}${inOneLine(text.slice(from), 300)}`,
    ),
  ];
}

function listLines(experiments: readonly Experiment[], group: GroupWithRollouts, rollout: Rollout): string[] {
  if (experiments.length === 0) return [`Nothing was asked beside ${rollout.id} yet.`];
  return experiments.flatMap(({ number, ask, parts, runId }) =>
    parts.map(({ weights, answers }) => {
      const { right, total } = rightOf(answers);
      const title = askTitle(ask, originalOf(group, rollout, runId));
      return `${number}  ${right} of ${total} right  ${weightsWords(weights, runId)}  ${title}`;
    }),
  );
}
