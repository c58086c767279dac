/** `video-r1 weigh`: what answers of a run stood on. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { probabilitiesOf } from '../../evidence/commitment.ts';
import { pairDeltas } from '../../evidence/deltas.ts';
import { nats, verdictOf, verdictSentence, weighedWords } from '../../evidence/verdict.ts';
import { wordsOf } from '../../evidence/words.ts';
import type { Client } from '../../protocol/connection.ts';
import { StudioError } from '../../protocol/errors.ts';
import { framesPerPair, type Weighing } from '../../protocol/evidence.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import type { RequestParams, RequestResult } from '../../protocol/messages.ts';
import { temporalPaid } from '../../protocol/paid-and-felt.ts';
import type { GroupWithRollouts, Rollout } from '../../protocol/records.ts';
import { seenOrder } from '../../protocol/seen-order.ts';
import { withClient } from '../experiments/client-at-hand.ts';
import { type CliCommand, exitCodes, fromOption, readOptions, usage } from '../terminal/command.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { duration, LiveLine } from '../terminal/progress.ts';
import { requireRun } from './require-run.ts';

export const weighCommand: CliCommand = {
  name: 'weigh',
  summary: 'score answers again under other frames: what each stood on',
  help: `
video-r1 weigh RUN [ROLLOUT] [options]

Scores an answer again with its frames shuffled (4 times), reversed, one pair replaced by its neighbour, without content, and after
an empty reasoning; by the weights that answered where they are at hand, else by the nearest checkpoint. Prints what order is worth
to it in nats, its words with the frames that they stand on, and where the answer was decided. Without a ROLLOUT, all that --query
keeps are weighed, and those that are already stay as they are. Ctrl-C keeps what is done, and the same command goes on.
A ROLLOUT is an answer's id, which stands in the link to its page and in video-r1 export RUN rollouts: s98-0-o0 is of step 98, question
0, ordered answer 0 (s0 the shuffled answer 0), e1-32-20-o0 of evaluation 1.

  --query QUERY     in the language of the list's filter; see media/guide/query.md
  --from STEP       by the checkpoint of this step
  --folder DIR      the project (.)
  --json            what was found, as JSON

  video-r1 weigh tgrpo-1 s98-0-o0 --folder sample
  video-r1 weigh tgrpo-1 --query "step>90 half:ordered needsOrder:true" --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string', default: '.' },
        query: { type: 'string' },
        from: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      2,
    );
    const [runId, rolloutId] = positionals;
    if (runId === undefined || path.basename(runId) !== runId) throw usage('Name a run.');
    if ((rolloutId === undefined) === (values.query === undefined)) throw usage('Name a rollout, or a --query.');
    const checkpoint = fromOption(values.from);
    const project = path.resolve(values.folder);
    requireRun(project, runId);
    const of = rolloutId === undefined ? { query: values.query ?? '' } : { rolloutId };
    const line = new LiveLine(process.stderr);
    const interrupts = new Interrupts({
      first: 'Stopping',
      left: 'what is done is kept, and the same command goes on',
    });
    try {
      return await withClient({ project, name: 'video-r1 weigh' }, async (client) => {
        const done = await compute(
          client,
          { runId, of, ...(checkpoint !== undefined && { checkpoint }) },
          interrupts.signal,
          line,
        );
        line.clear();
        if (rolloutId !== undefined && !done.cancelled)
          process.stdout.write(
            await ofOne(client, { runId, rolloutId, ...(checkpoint !== undefined && { checkpoint }) }, values.json),
          );
        else
          process.stdout.write(
            values.json ? `${JSON.stringify(done)}\n` : await ofMany(client, runId, done, values.query ?? ''),
          );
        return done.cancelled ? interrupts.exitCode : exitCodes.done;
      });
    } finally {
      line.clear();
      interrupts.dispose();
    }
  },
};

type Done = RequestResult<'evidence/compute'>;

async function compute(
  client: Client,
  asked: { runId: string; of: { query: string } | { rolloutId: string }; checkpoint?: number },
  signal: AbortSignal,
  line: LiveLine,
): Promise<Done> {
  const id = randomUUID();
  const cancel = () => void client.request('evidence/cancel', { id }).catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    client.on('evidence/progress', ({ done, total, doing, leftMs }) => {
      const left = leftMs === null || done === total ? '' : ` | ${duration(leftMs)} left`;
      line.show(
        `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} answers${doing ? ` | ${doing}` : left}`,
      );
    });
    line.show('looking for the answers');
    return await client.request('evidence/compute', { ...asked, id });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function ofOne(client: Client, asked: RequestParams<'evidence/get'>, json: boolean): Promise<string> {
  const { runId, rolloutId } = asked;
  const { weighing } = await client.request('evidence/get', asked);
  if (weighing === null) throw new StudioError('internal', 'What was found is not there.', { place: rolloutId });
  if (json) return `${JSON.stringify(weighing, null, 1)}\n`;
  const { groupId } = await client.request('places/find', { runId, rolloutId });
  if (groupId === null) throw new StudioError('not-found', `There is no rollout ${rolloutId} in this run.`);
  const { group } = await client.request('groups/get', { runId, groupId });
  const rollout = group.rollouts.find(({ id }) => id === rolloutId) as Rollout;
  const { pieces } = await client.request('rollouts/tokens', { runId, rolloutId });
  return `${lines(weighing, group, rollout, pieces).join('\n')}\n`;
}

const namedWords = 8;
/** Nats from which on a word is named. */
const leastNamed = 0.3;

function lines(weighing: Weighing, group: GroupWithRollouts, rollout: Rollout, pieces: readonly string[]): string[] {
  const words = wordsOf(rollout.text, pieces);
  const paid = temporalPaid(rollout) > 0;
  const verdict = verdictOf(weighing, words, paid);
  const named = verdict.kind === 'uses order' ? ` ${verdict.words.map(wordText).join(', ')}` : '';
  const { by, lessLikely } = weighing;
  const whose = by.same ? 'the weights that answered' : 'other weights than answered';
  const likely = by.same ? '' : `, which find it ${nats(lessLikely)} nats a token less likely`;
  const pairs = pairDeltas(weighing);
  const ofWords = (
    weighedWords(weighing, words) ?? words.map((word) => ({ word, worth: 0, error: null, uses: null }))
  ).map((weighed) => ({ ...weighed, pairs: pairDeltas(weighing, weighed.word.tokens) }));
  const heavy = ofWords
    .filter(({ worth, pairs: own }) => Math.max(worth, ...own.map((value) => value ?? 0)) >= leastNamed)
    .slice(0, namedWords)
    // As they are read: a word may stand there more than once.
    .sort((a, b) => a.word.span.start - b.word.span.start);
  return [
    `${group.question.problem}`
      .split('\n')
      .map((part) => shownLine(part, 200))
      .join(' '),
    shownLine(rollout.text.replaceAll('\n', ' '), 2000),
    '',
    `${verdictSentence(verdict)}${named}`,
    `Scored by ${whose}: ${by.run ?? 'a model of no run'}, step ${by.step}${likely}.`,
    ...(pairs.length > 0 ? ['', table(heavy, pairs, pairTimes(group, rollout))] : []),
    ...curveLines(weighing, rollout),
  ];
}

const wordText = ({ word, worth }: { word: { text: string }; worth: number }) =>
  `${shownLine(word.text, 40)} ${nats(worth)}`;

type HeavyWord = {
  readonly word: { readonly text: string };
  readonly worth: number;
  readonly pairs: readonly (number | null)[];
};

/** When what the answer saw as a pair was filmed: of frames in their order where it begins, of others of both. */
export function pairTimes({ media }: Pick<GroupWithRollouts, 'media'>, { order }: Pick<Rollout, 'order'>): string[] {
  const times = seenOrder(media, order).map((frame) => (media.times[frame] ?? 0).toFixed(1));
  const pairs = Array.from({ length: Math.ceil(times.length / framesPerPair) }, (_, pair) =>
    times.slice(pair * framesPerPair, (pair + 1) * framesPerPair),
  );
  return pairs.map((pair) => `${order === 'shuffled' ? pair.join(', ') : pair[0]} s`);
}

/** One row a word: what order is worth to it, and each frame pair. */
function table(words: readonly HeavyWord[], whole: readonly (number | null)[], head: readonly string[]): string {
  const rows = [...words.map(({ word, worth, pairs }) => [shownLine(word.text, 20), nats(worth), ...pairs.map(shown)])];
  const all = [['nats', 'order', ...head], ...rows, ['whole answer', '', ...whole.map(shown)]];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

const shown = (value: number | null): string => (value === null ? '–' : nats(value));

export function curveLines(
  { commitment, without }: Pick<Weighing, 'commitment' | 'without'>,
  { text, answer }: Pick<Rollout, 'text' | 'answer'>,
): string[] {
  if (commitment === null) {
    // Both cut the reasoning.
    const why = without.find(({ kind }) => kind === 'no reasoning')?.why;
    return why === undefined ? [] : ['', `Where it was decided is not known. ${why}`];
  }
  const probabilities = probabilitiesOf(commitment);
  return [
    '',
    `probability of the answer ${shownLine(answer, 40)} after each sentence`,
    ...commitment.map(({ end }, i) => {
      const sentence = i === 0 ? '(no reasoning)' : text.slice(commitment[i - 1]?.end, end).trim();
      return `${(probabilities[i] ?? 0).toFixed(2)}  ${shownLine(sentence.replaceAll('\n', ' '), 100)}`;
    }),
  ];
}

async function ofMany(client: Client, runId: string, done: Done, query: string): Promise<string> {
  const count = async (line: string) => (await client.request('rollouts/count', { runId, query: line })).matching;
  const within = query.trim() === '' ? '' : `(${query}) `;
  // A newer count ends the one before.
  const using = await count(`${within}usesOrder:true`);
  const notUsing = await count(`${within}usesOrder:false`);
  const paidNotUsed = await count(`${within}usesOrder:false temporal>0`);
  const n = (value: number) => value.toLocaleString('en-US');
  const refused = done.refused.slice(0, 3).map(({ rolloutId, why }) => `${rolloutId}: ${shownLine(why, 200)}`);
  return [
    `${runId}: ${n(done.weighed)} ${done.weighed === 1 ? 'answer' : 'answers'} weighed, ${n(done.before)} were before${done.refused.length > 0 ? `, ${n(done.refused.length)} could not be` : ''}.`,
    ...refused,
    `${n(using)} use the order of the frames, ${n(notUsing)} do not; ${n(paidNotUsed)} were paid the temporal reward and do not.`,
    '',
  ].join('\n');
}
