/** Answers for a person to review, in the order that is asked for, each with a sentence that says why. */
import { disagreements } from '../annotations/agreement/disagreements.ts';
import { labelsForAgreement } from '../annotations/agreement/from-labels.ts';
import { authorOfSetting } from '../annotations/author.ts';
import { ownDealings, waitingItems } from '../annotations/dealing/deal.ts';
import type { LabelFolder } from '../annotations/label-folder.ts';
import { retractionOf } from '../annotations/say.ts';
import { randomFrom } from '../data/random.ts';
import { authorKey } from '../protocol/annotations/entries.ts';
import { isWaitingFor } from '../protocol/annotations/label-filter.ts';
import { type Expression, everything } from '../protocol/query/expression.ts';
import { parseQuery } from '../protocol/query/parse.ts';
import type { Annotation } from '../protocol/records.ts';
import {
  type Dealt,
  type DealtOrder,
  type DealtOut,
  type DrawnQueue,
  problemCharacters,
  type QueueItem,
} from '../protocol/review-queue.ts';
import type { TrainingReason } from '../store/draw-for-training.ts';
import type { DrawAsked, DrawBy, Drawn, DrawnRow } from '../store/draw-rollouts.ts';
import type { Attention } from '../store/rollout-reader.ts';
import type { RunStore } from '../store/run-store.ts';
import { type DealtAnswer, dealAnswers, dealtAnswers } from './dealing.ts';
import type { RunLabels } from './run-labels.ts';
import type { DealAsked, QueueAsked, QueueService } from './service.ts';

interface QueueSurroundings {
  readonly labels: Pick<RunLabels, 'read' | 'append' | 'itemOf'>;
  /** @throws StudioError `not-found` */
  store(runId: string): RunStore;
  draw(runId: string, asked: DrawAsked, attention: Attention): Promise<Drawn>;
}

/** A line of the query language, and why what it keeps is worth a look. */
interface Rule {
  readonly query: string;
  readonly why: string;
}

/** Right answers that their reasoning contradicts first, by how much a person's word would tell of them; then other patterns. */
export const informativeRules: readonly Rule[] = [
  {
    query: 'correct:true pattern:"wrong way"',
    why: 'right answer, contradicting reasoning',
  },
  {
    query: 'correct:true pattern:"missing frame"',
    why: 'right answer, names what is not in the video',
  },
  {
    query: 'correct:true pattern:"same text"',
    why: 'right answer, reasoning of another video or image',
  },
  { query: 'correct:true pattern:"no reasoning"', why: 'right answer without a reason' },
  { query: 'pattern:"paid without order"', why: 'paid, shuffled right too' },
  { query: 'correct:false change:"right to wrong"', why: 'wrong answer, the reasoning had the right one' },
  { query: 'pattern:"missing frame"', why: 'names a frame or time that is not there' },
  { query: 'pattern:"same text"', why: 'reasoning of another video or image' },
  { query: 'pattern:"no reasoning"', why: 'an answer without a reason' },
  { query: 'pattern:repetition', why: 'the reasoning repeats itself' },
  { query: 'pattern:"language switch"', why: 'the reasoning changes into another language' },
  { query: 'pattern:"broken format"', why: 'its parts are not as asked' },
  { query: 'pattern:"cut at limit"', why: 'cut at the longest length' },
];

/** What the policy learns from comes before evaluations and shuffled answers. */
const trained = parseQuery('purpose:train half:ordered').expression ?? everything;
const ruled = informativeRules.map(({ query }) => parseQuery(query).expression ?? everything);
const informative: readonly Expression[] = [
  ...ruled.map((rule): Expression => ({ kind: 'all', of: [trained, rule] })),
  ...ruled,
];

export class ReviewQueue implements QueueService {
  private readonly around: QueueSurroundings;

  constructor(around: QueueSurroundings) {
    this.around = around;
  }

  async draw(runId: string, asked: QueueAsked, by: string, attention: Attention): Promise<DrawnQueue> {
    const author = authorKey(authorOfSetting(by));
    const labels = await this.around.labels.read();
    // The index has them only while the text is the one that was judged.
    const said = this.around.store(runId).annotations();
    const leaveOut = judgedBy(author, said);
    const { expression, limit } = asked;
    const draw = (kind: DrawBy) => this.around.draw(runId, { expression, leaveOut, by: kind, limit }, attention);
    switch (asked.order) {
      case 'newest':
      case 'random':
      case 'informative':
      case 'training': {
        const ordered = { expression, leaveOut, limit, seed: asked.seed };
        return queueOf(await this.inOrder(asked.order, runId, ordered, attention), whyOf[asked.order]);
      }
      case 'disagreed': {
        const waiting = new Set(this.waitingFor(author, labels, runId).map(({ rolloutId }) => rolloutId));
        const disputed = disputesOf(labels, runId, said);
        // That people differ in it would tell those who are still to judge it what they said.
        const ids = Array.from(disputed.keys()).filter((id) => !waiting.has(id));
        const drawn = await draw({ kind: 'ids', ids });
        return queueOf(drawn, ({ row }) => disputed.get(row.id) ?? '');
      }
      case 'settle': {
        const waiting = new Set(this.waitingFor(author, labels, runId).map(({ rolloutId }) => rolloutId));
        const disputed = disputesOf(labels, runId, said);
        const ids = Array.from(disputed.keys()).filter((id) => !waiting.has(id));
        const all: DrawAsked = { expression, leaveOut: [], by: { kind: 'ids', ids }, limit };
        return queueOf(await this.around.draw(runId, all, attention), ({ row }) => disputed.get(row.id) ?? '');
      }
      case 'assigned': {
        const waiting = new Map(this.waitingFor(author, labels, runId).map((one) => [one.rolloutId, one]));
        const drawn = await draw({ kind: 'ids', ids: [...waiting.keys()] });
        return queueOf(drawn, ({ row }) => whyDealt(waiting.get(row.id)));
      }
    }
  }

  async deal(runId: string, asked: DealAsked, by: string, attention: Attention): Promise<Dealt> {
    const { annotators, overlap, order, expression, seed, limit } = asked;
    const { labels } = this.around;
    const judged = this.around
      .store(runId)
      .annotations()
      .flatMap(({ verdict, rolloutId }) => (verdict === null ? [] : [rolloutId]));
    const before = dealtAnswers(labels, await labels.read(), runId).map(({ rolloutId }) => rolloutId);
    const leaveOut = [...judged, ...before];
    const drawn = await this.inOrder(order, runId, { expression, leaveOut, limit, seed }, attention);
    const fresh = drawn.rows.map(({ row }) => row.id);
    return dealAnswers(labels, { runId, fresh, annotators, overlap, seed, by });
  }

  async dealt(runId: string, by: string): Promise<DealtOut> {
    const { labels } = this.around;
    const answers = dealtAnswers(labels, await labels.read(), runId);
    return { waiting: waitingItems(answers), own: ownDealings(answers, authorOfSetting(by)).items };
  }

  async takeBack(runId: string, by: string): Promise<{ items: number; ids: string[] }> {
    const { labels } = this.around;
    const folder = await labels.read();
    const author = authorOfSetting(by);
    const own = ownDealings(dealtAnswers(labels, folder, runId), author);
    const entries = own.entries.map(({ id }) => retractionOf(id, author, folder));
    await labels.append(folder, entries);
    return { items: own.items, ids: entries.map(({ id }) => id) };
  }

  private waitingFor(author: string, labels: LabelFolder, runId: string): DealtAnswer[] {
    return dealtAnswers(this.around.labels, labels, runId).filter(({ said }) => isWaitingFor(author, said));
  }

  /** In an order that is the same for everyone. */
  private async inOrder(
    order: DealtOrder,
    runId: string,
    { seed, ...asked }: Omit<DrawAsked, 'by'> & { readonly seed: number },
    attention: Attention,
  ): Promise<Drawn> {
    const draw = (by: DrawBy, limit = asked.limit) => this.around.draw(runId, { ...asked, limit, by }, attention);
    switch (order) {
      case 'newest':
      case 'training':
        return draw({ kind: order });
      case 'informative':
        return draw({ kind: 'rules', rules: informative });
      case 'random': {
        const { kept } = await draw({ kind: 'newest' }, 0);
        return draw({ kind: 'numbers', numbers: drawnNumbers(kept, asked.limit + asked.leaveOut.length, seed) });
      }
    }
  }
}

/** Ids of the rollouts that have a verdict of this author. */
function judgedBy(author: string, said: readonly Annotation[]): string[] {
  const own = said.filter(
    ({ verdict, author: line }) => verdict !== null && authorKey(authorOfSetting(line)) === author,
  );
  return Array.from(new Set(own.map(({ rolloutId }) => rolloutId)));
}

/**
 * The first `count` of a uniformly drawn order of 0 … n-1 (Fisher-Yates, of which only what was moved is kept). More of them go on
 * where fewer end.
 */
function drawnNumbers(n: number, count: number, seed: number): number[] {
  const random = randomFrom(seed, 'review queue');
  const moved = new Map<number, number>();
  return Array.from({ length: Math.min(n, count) }, (_, place) => {
    const other = place + Math.floor(random() * (n - place));
    const drawn = moved.get(other) ?? other;
    moved.set(other, moved.get(place) ?? place);
    return drawn;
  });
}

/** By the rollout's id, most disputed first, in what its authors differ: not what they said, which the next one is not to know. */
function disputesOf({ book }: LabelFolder, runId: string, said: readonly Annotation[]): ReadonlyMap<string, string> {
  const shown = new Set(said.map(({ id }) => id));
  const rolloutOf = (key: string) => {
    const known = book.get(key);
    if (known?.item.kind !== 'rollout' || known.item.run !== runId) return null;
    return known.verdicts.some(({ id }) => shown.has(id)) ? known.item.rollout : null;
  };
  const ofRun = Array.from(book.keys()).filter((key) => rolloutOf(key) !== null);
  const { judgements, settled } = labelsForAgreement(book, ofRun);
  return new Map(
    disagreements(judgements, settled).map(({ item, verdicts, verdictDispute, textsDiffer, categories: disputed }) => {
      const differ =
        verdictDispute > 0
          ? `the verdicts of ${verdicts.length} people differ`
          : textsDiffer
            ? 'people wrote different texts to fix it'
            : `the flags of people differ in ${disputed.length === 1 ? 'one category' : `${disputed.length} categories`}`;
      return [rolloutOf(item) ?? '', differ];
    }),
  );
}

function queueOf({ rows, matching }: Drawn, why: (drawn: DrawnRow) => string): DrawnQueue {
  return { items: rows.map((drawn) => itemOf(drawn, why(drawn))), matching };
}

function itemOf({ row }: DrawnRow, why: string): QueueItem {
  const { groupId, id, step, index, order, problem, answer, correct } = row;
  return {
    ...{ groupId, rolloutId: id, step, index, half: order, answer, correct, why },
    problem: Array.from(problem).slice(0, problemCharacters).join(''),
  };
}

const whyOf: Readonly<Record<DealtOrder, (drawn: DrawnRow) => string>> = {
  newest: () => 'one of the newest answers',
  random: () => 'drawn at random',
  informative: ({ rule }) => informativeRules[(rule ?? 0) % informativeRules.length]?.why ?? '',
  training: ({ row, reasons }) => reasons.map((reason) => wordsOfReason(reason, row.flatBecause)).join('; '),
};

function whyDealt(answer: DealtAnswer | undefined): string {
  if (answer === undefined) return '';
  const { author, annotators, shared } = answer.assignment;
  const beside = annotators.length > 1 ? ', and to another, to see how far you agree' : '';
  return `${author.name} gave it to you${shared ? beside : ''}`;
}

function wordsOfReason(reason: TrainingReason, flatBecause: DrawnRow['row']['flatBecause']): string {
  switch (reason.kind) {
    case 'flagged':
      return `flagged words came back: ${reason.words.map((words) => `“${words}”`).join(', ')}`;
    case 'kl':
      return `the KL jumps here: ${Number(reason.kl.toPrecision(2))}`;
    case 'flip':
      return `the temporal test ${reason.passed ? 'holds, and failed' : 'fails, and held'} the time before, at step ${reason.before}`;
    case 'flat': {
      const alike = flatBecause === undefined || flatBecause === 'alike' ? 'alike' : flatBecause.slice('all '.length);
      return `all answers of the group ${alike}: nothing is learned`;
    }
  }
}
