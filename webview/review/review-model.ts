/** The queue of a run's answers that are judged one after the other: what is left, what was said, how fast it goes. */
import type { AgreementShown, ItemHistory } from '../../trainer/protocol/annotations/agreement.ts';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import type { Annotation, GroupWithRollouts, Verdict } from '../../trainer/protocol/records.ts';
import {
  type DealtOrder,
  type DealtOut,
  dealtOrder,
  type QueueItem,
  type QueueOrder,
  type Suggestion,
} from '../../trainer/protocol/review-queue.ts';
import { Flagging } from '../rollout/flagging.ts';
import { answerFirst } from '../rollout/suggesting.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { count } from '../ui/numbers.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';
import type { ReviewPlace } from './place.ts';

/** Items that are drawn at once. */
const drawn = 120;
/** Of so many of the last items the pace is the mean. */
const paceOf = 10;
/** A rest is no work: longer ones do not count. */
const longestMs = 10 * 60_000;

export type Outcome = Verdict | 'skipped';

export interface ReviewState {
  /** Null while they are being drawn. */
  readonly items: readonly QueueItem[] | null;
  /** How many match, drawn or not. */
  readonly matching: number;
  readonly fault: StudioError | null;
  readonly at: number;
  readonly done: ReadonlyMap<string, Outcome>;
  /** Milliseconds that the last items took. */
  readonly took: readonly number[];
  readonly group: GroupWithRollouts | null;
  readonly suggestions: readonly Suggestion[];
  /** The verdict that `Done` gives. */
  readonly verdict: Verdict | null;
  /** What was typed as the fixed text; null while nothing was. */
  readonly fixed: string | null;
  /** What was said of the item, as far as one may know it; null while it is read. */
  readonly history: ItemHistory | null;
  /** Null until it is known. */
  readonly agreement: AgreementShown | null;
  readonly saving: boolean;
  /** How often something was to be said that nobody signs. */
  readonly askedName: number;
}

const nothing: ReviewState = {
  ...{ items: null, matching: 0, fault: null, at: 0, done: new Map(), took: [], group: null, suggestions: [] },
  ...{ verdict: null, fixed: null, history: null, agreement: null, saving: false, askedName: 0 },
};

/** Whether items of this order can be dealt out: the others are not the same for everyone. */
export const isDealt = (order: QueueOrder): order is DealtOrder => dealtOrder.options.some((one) => one === order);

export class Review {
  readonly state = new Store<ReviewState>(nothing);
  readonly flagging: Flagging;
  private readonly feed: RunFeed;
  private readonly place: Store<ReviewPlace>;
  /** Which item a verdict was on, by the entry that says it. */
  private readonly itemOf = new Map<string, string>();
  /** What was chosen and typed on items that were left before it was given. */
  private readonly drafts = new Map<string, Pick<ReviewState, 'verdict' | 'fixed'>>();
  private shownAt = Date.now();
  /** Another one voids what is on its way. */
  private turn = 0;

  constructor(feed: RunFeed, place: Store<ReviewPlace>) {
    this.feed = feed;
    this.place = place;
    this.flagging = new Flagging(
      {
        add: (said) => this.add(said),
        retract: (id) => feed.request('annotations/retract', { id }),
        categories: async () => (await feed.request('annotations/categories', {})).categories,
        fail: (thrown) => feed.fail(thrown),
      },
      () => {
        const { rollout } = this;
        if (rollout === null) return null;
        const { text, parsed } = rollout;
        return { text, within: parsed.think ?? { start: 0, end: text.length }, fixed: this.fixedBefore };
      },
    );
  }

  get item(): QueueItem | null {
    const { items, at } = this.state.get();
    return items?.[at] ?? null;
  }

  get rollout() {
    const { item } = this;
    return this.state.get().group?.rollouts.find(({ id }) => id === item?.rolloutId) ?? null;
  }

  /** That stands, of who signs here. */
  get ownVerdict(): Annotation | null {
    return this.item && this.feed.ownVerdict(this.item.rolloutId);
  }

  /** What the fixed text goes from, where somebody wrote one: one's own, or to settle, that of anybody. */
  private get fixedBefore(): string | undefined {
    if (!this.settles) return this.ownVerdict?.fixed;
    const { annotations } = this.feed.state.get().view;
    return annotations.findLast(({ rolloutId, fixed }) => rolloutId === this.item?.rolloutId && fixed)?.fixed;
  }

  /** Types the fixed text, which goes with the verdict fix. */
  type(fixed: string): void {
    if (this.item) this.patch({ verdict: 'fix', fixed });
  }

  /** Draws the queue anew. @param seed of `random` */
  async draw(seed = 1): Promise<void> {
    const turn = ++this.turn;
    const { order, line } = this.place.get();
    this.flagging.leave();
    const { took, agreement, askedName } = this.state.get();
    this.patch({ ...nothing, took, agreement, askedName });
    try {
      const { items, matching } = await this.feed.request('queue/draw', { order, query: line, seed, limit: drawn });
      if (turn !== this.turn) return;
      const { rolloutId } = this.place.get();
      this.patch({ items, matching });
      this.show(
        Math.max(
          0,
          items.findIndex((item) => item.rolloutId === rolloutId),
        ),
      );
    } catch (thrown) {
      if (turn === this.turn) this.patch({ fault: asStudioError(thrown), items: [] });
    }
  }

  show(at: number): void {
    const { items } = this.state.get();
    const item = items?.[at];
    if (!item) return;
    const turn = ++this.turn;
    this.flagging.leave();
    this.keepDraft();
    this.shownAt = Date.now();
    const draft = this.drafts.get(this.draftKey(item)) ?? { verdict: null, fixed: null };
    this.patch({ at, ...draft, suggestions: [], history: null, fault: null });
    this.place.update((held) => ({ ...held, rolloutId: item.rolloutId }));
    this.feed.group(item.groupId).then(
      (group) => {
        if (turn === this.turn) this.patch({ group });
      },
      (thrown: unknown) => {
        if (turn === this.turn) this.patch({ fault: asStudioError(thrown) });
      },
    );
    void this.readSuggestions(item.rolloutId, turn);
    void this.readSaid();
  }

  /** Of the item that is left. */
  private keepDraft(): void {
    const { verdict, fixed, done } = this.state.get();
    const { item } = this;
    if (!item) return;
    if ((verdict === null && fixed === null) || done.has(item.rolloutId)) this.drafts.delete(this.draftKey(item));
    else this.drafts.set(this.draftKey(item), { verdict, fixed });
  }

  /** A verdict of one's own is another than one that settles. */
  private readonly draftKey = ({ rolloutId }: QueueItem) => `${this.settles ? 'settle ' : ''}${rolloutId}`;

  /** What was said of the item, and how far people agree: again whenever somebody said something. */
  async readSaid(): Promise<void> {
    const { item } = this;
    const { turn } = this;
    try {
      const asked = item && { rolloutId: item.rolloutId, settling: this.settles };
      const [history, agreement] = await Promise.all([
        asked && this.feed.request('annotations/history', asked),
        this.feed.request('annotations/agreement', {}),
      ]);
      if (turn === this.turn) this.patch({ history, agreement });
    } catch (thrown) {
      if (turn === this.turn) this.feed.fail(thrown);
    }
  }

  /** A verdict here settles what people differ in. */
  get settles(): boolean {
    return this.place.get().order === 'settle';
  }

  /** Takes back what one dealt out and nobody has judged. */
  async takeBackDealt(): Promise<void> {
    if (!this.isSigned) return;
    try {
      const { items, ids } = await this.feed.request('queue/take-back', {});
      this.flagging.remember(ids);
      say(`${count(items, 'item')} taken back; u brings ${items === 1 ? 'it' : 'them'} back.`);
      if (this.place.get().order === 'assigned') this.drawMore();
    } catch (thrown) {
      this.feed.fail(thrown);
    }
  }

  async dealt(): Promise<DealtOut | null> {
    try {
      return await this.feed.request('queue/dealt', {});
    } catch (thrown) {
      this.feed.fail(thrown);
      return null;
    }
  }

  /** Whether somebody signs what is said here; else the page asks who. */
  get isSigned(): boolean {
    if (this.feed.connection.state.get().author !== null) return true;
    this.patch({ askedName: this.state.get().askedName + 1 });
    say('Say first who judges here.');
    return false;
  }

  filter(line: string): void {
    if (line === this.place.get().line) return;
    this.place.update((held) => ({ ...held, line, rolloutId: null }));
    void this.draw();
  }

  /** The same anew, from its first item. */
  drawMore(): void {
    this.choose(this.place.get().order);
  }

  choose(order: QueueOrder): void {
    this.place.update((held) => ({ ...held, order, rolloutId: null }));
    void this.draw();
  }

  /** @returns whether it was done; what is wrong is shown */
  async deal(asked: {
    readonly order: DealtOrder;
    readonly annotators: readonly string[];
    readonly limit: number;
    readonly overlap: number;
  }): Promise<boolean> {
    try {
      const { line } = this.place.get();
      const given = { ...asked, annotators: [...asked.annotators], query: line, seed: 1 };
      const { items, shared, waiting, ids } = await this.feed.request('queue/deal', given);
      this.flagging.remember(ids);
      const waits = waiting.map(({ annotator, items: many }) => `${annotator} ${many}`).join(', ');
      say(
        items === 0
          ? 'Nothing is left here that nobody has; nothing was dealt out.'
          : `${count(items, 'item')} dealt out, ${shared} of them to two people. Waiting now: ${waits}. u takes it back.`,
      );
      void this.readSaid();
      return true;
    } catch (thrown) {
      this.feed.fail(thrown);
      return false;
    }
  }

  /** Whether all that were drawn are judged or passed over. */
  get isThrough(): boolean {
    const { items, done } = this.state.get();
    return items !== null && items.length > 0 && items.every(({ rolloutId }) => done.has(rolloutId));
  }

  move(by: number): void {
    const { items, at } = this.state.get();
    if (items) this.show(Math.min(items.length - 1, Math.max(0, at + by)));
  }

  judge(verdict: Verdict): void {
    if (this.item) this.patch({ verdict: this.state.get().verdict === verdict ? null : verdict });
  }

  /** Gives the verdict that is chosen and goes on; one that was given before stays. */
  async done(given: Verdict | null): Promise<void> {
    const { verdict, saving } = this.state.get();
    const { item } = this;
    if (!item || saving || !this.isSigned) return;
    const said = verdict ?? given;
    if (said === null) {
      say('Choose keep, fix or drop first; n skips the item.');
      return;
    }
    if (said !== given || this.state.get().fixed !== null) {
      this.patch({ saving: true });
      const ids = this.settles ? await this.settle(item, said) : await this.flagging.give(said, this.state.get().fixed);
      this.patch({ saving: false });
      if (ids === null) return;
      for (const id of ids) this.itemOf.set(id, item.rolloutId);
    }
    this.finish(item, said);
  }

  /** @returns ids of what says so; null where it was not taken, which is shown */
  private async settle({ rolloutId }: QueueItem, verdict: Verdict): Promise<readonly string[] | null> {
    try {
      const fixed = verdict === 'fix' ? this.flagging.fixedTextOf(this.state.get().fixed) : null;
      const { ids } = await this.feed.request('annotations/settle', { rolloutId, verdict, fixed });
      this.flagging.remember(ids);
      void this.readSaid();
      return ids;
    } catch (thrown) {
      this.feed.fail(thrown);
      return null;
    }
  }

  skip(): void {
    if (this.item) this.finish(this.item, 'skipped');
  }

  /** Takes back what was said last; of a verdict its item is shown again. */
  async undo(): Promise<void> {
    const ids = await this.flagging.undo();
    const { item } = this;
    // What was taken back may have been an answer to a suggestion.
    if (item && ids.length > 0) await Promise.all([this.readSuggestions(item.rolloutId, this.turn), this.readSaid()]);
    const rolloutId = ids.map((id) => this.itemOf.get(id)).find((found) => found !== undefined);
    const at = this.state.get().items?.findIndex((item) => item.rolloutId === rolloutId) ?? -1;
    if (rolloutId === undefined || at < 0) return;
    const done = new Map(this.state.get().done);
    done.delete(rolloutId);
    this.patch({ done });
    this.show(at);
  }

  /** Answers the first suggestion that is open. */
  async answer(accepted: boolean): Promise<void> {
    if (!this.isSigned) return;
    const { item } = this;
    const ids = await answerFirst(item ? this.state.get().suggestions : [], accepted, {
      answer: (said) => this.feed.request('suggestions/answer', { rolloutId: item?.rolloutId ?? '', ...said }),
      fail: (thrown) => this.feed.fail(thrown),
    });
    if (item === null || ids === null) return;
    this.flagging.remember(ids);
    await this.readSuggestions(item.rolloutId, this.turn);
  }

  private finish(item: QueueItem, outcome: Outcome): void {
    const { items, done, took, at } = this.state.get();
    const ms = Date.now() - this.shownAt;
    const now = new Map(done).set(item.rolloutId, outcome);
    const counts = outcome !== 'skipped' && !done.has(item.rolloutId) && ms < longestMs;
    this.patch({ done: now, took: counts ? [...took, ms].slice(-paceOf) : took });
    const open = (index: number) => !now.has(items?.[index]?.rolloutId ?? '');
    const all = items?.map((_, index) => index) ?? [];
    const next = all.find((index) => index > at && open(index)) ?? all.find(open);
    if (next !== undefined) this.show(next);
    else {
      this.turn += 1;
      this.patch({ group: null });
      void this.readSaid();
    }
  }

  private async add(said: Parameters<Flagging['door']['add']>[0]): Promise<{ readonly ids: readonly string[] }> {
    const rolloutId = this.item?.rolloutId ?? '';
    return this.feed.request('annotations/add', { annotation: { rolloutId, ...said } });
  }

  private async readSuggestions(rolloutId: string, turn: number): Promise<void> {
    try {
      const { suggestions } = await this.feed.request('suggestions/list', { rolloutId });
      if (turn === this.turn) this.patch({ suggestions });
    } catch (thrown) {
      if (turn === this.turn) this.feed.fail(thrown);
    }
  }

  private patch(change: Partial<ReviewState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** Seconds that an item takes, from the last ones; null before there are two. */
export function paceOfItems(took: readonly number[]): number | null {
  if (took.length < 2) return null;
  return took.reduce((sum, ms) => sum + ms, 0) / took.length / 1000;
}
