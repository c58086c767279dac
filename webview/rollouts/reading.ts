/**
 * What a person reads on the rollouts page: which answer of which question, which of its frames, how its text is marked,
 * and the moves from one to the next.
 */
import type { AnnotationInput, GroupWithRollouts, Rollout, Span } from '../../trainer/protocol/records.ts';
import { withWholeCharacters } from '../../trainer/protocol/text-spans.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Store } from '../ui/store.ts';
import type { RolloutFeed } from './list/rollout-feed.ts';

/** What is found again after a reload, and what a link names. */
export interface RolloutsPlace {
  readonly groupId: string | null;
  readonly rolloutId: string | null;
  /** The filter as it is typed. */
  readonly line: string;
}

/** The answer that is read, with its question. */
export interface Read {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
}

/** A text of what is read, whole and as it is, for an editor to show. */
export interface TextDocument {
  /** As a file would be called. */
  readonly name: string;
  readonly text: string;
}

export const nowhere: RolloutsPlace = { groupId: null, rolloutId: null, line: '' };

export type Pane = 'list' | 'group' | 'rollout';

export interface ReadingState {
  /** The pane that a narrow page shows. */
  readonly pane: Pane;
  /** The question with its answers; the one before stays until the next is there. */
  readonly group: GroupWithRollouts | null;
  readonly frame: number;
  /** Tokens are shaded by their probability. */
  readonly shaded: boolean;
  /** Where the aha moment begins that was jumped to; another object for each jump. */
  readonly aha: { readonly start: number } | null;
  /** What is being flagged: a span of the text, or the whole answer. */
  readonly flagging: { readonly span: Span | null } | null;
}

const flipMs = 220;

export class Reading {
  readonly state = new Store<ReadingState>({
    pane: 'list',
    group: null,
    frame: 0,
    shaded: false,
    aha: null,
    flagging: null,
  });
  readonly place: Store<RolloutsPlace>;
  private readonly feed: Pick<RunFeed, 'group' | 'request' | 'fail'>;
  private readonly list: Pick<RolloutFeed, 'state' | 'hold' | 'follow'>;
  private readonly stops: readonly (() => void)[];
  private shown: Pick<RolloutsPlace, 'groupId' | 'rolloutId'> = nowhere;
  private flip: ReturnType<typeof setInterval> | null = null;
  private disposed = false;

  /** @param place where one is; whoever else sets it moves the reader there */
  constructor(
    feed: Pick<RunFeed, 'group' | 'request' | 'fail'>,
    list: Pick<RolloutFeed, 'state' | 'hold' | 'follow'>,
    place: Store<RolloutsPlace>,
  ) {
    this.feed = feed;
    this.list = list;
    this.place = place;
    this.stops = [place.watch(() => this.go()), list.state.watch(() => this.takeList())];
    this.go();
    this.takeList();
  }

  dispose(): void {
    this.disposed = true;
    this.stopFlip();
    for (const stop of this.stops) stop();
  }

  /** The answer that is read; null until its question is there. */
  get rollout(): Rollout | null {
    const { rolloutId } = this.place.get();
    return this.state.get().group?.rollouts.find(({ id }) => id === rolloutId) ?? null;
  }

  show(pane: Pane): void {
    this.patch({ pane });
  }

  /** A person's choice: from now on nothing moves under the reader. */
  select(groupId: string, rolloutId: string): void {
    this.list.hold();
    this.place.update((place) => ({ ...place, groupId, rolloutId }));
  }

  /** To the next row of the list, or the one before. */
  move(by: 1 | -1): void {
    const { rows } = this.list.state.get();
    const row = rows[Math.min(rows.length - 1, Math.max(0, this.index() + by))];
    if (row && row.id !== this.place.get().rolloutId) this.select(row.groupId, row.id);
  }

  /** To the first row of the next question, or of the one before; to the list's first where what is read is not in it. */
  moveQuestion(by: 1 | -1): void {
    const { rows } = this.list.state.get();
    const { groupId } = this.place.get();
    let at = this.index();
    if (at === -1) {
      this.move(1);
      return;
    }
    while (rows[at] && rows[at]?.groupId === groupId) at += by;
    while (by === -1 && rows[at - 1] && rows[at - 1]?.groupId === rows[at]?.groupId) at -= 1;
    const row = rows[at];
    if (row) this.select(row.groupId, row.id);
  }

  /** To the newest row; new ones are shown as they arrive. */
  moveToNewest(): void {
    this.list.follow();
    this.showFirst();
  }

  showFrame(frame: number): void {
    this.stopFlip();
    this.patch({ frame });
  }

  moveFrame(by: 1 | -1): void {
    this.stopFlip();
    this.turnFrame(by);
  }

  /** Plays the frames in a loop, or stops that. */
  toggleFlip(): void {
    if (this.flip !== null) this.stopFlip();
    else if (this.frames() > 1) this.flip = setInterval(() => this.turnFrame(1), flipMs);
  }

  /** To the next aha moment above tier 1 (a cue that the prompt asks for), or the one before. */
  moveAha(by: 1 | -1): void {
    const above = (this.rollout?.aha ?? []).filter(({ tier }) => tier > 1);
    const starts = [...new Set(above.map(({ span }) => span.start))].sort((a, b) => a - b);
    const { aha } = this.state.get();
    const at = aha === null ? (by === 1 ? -1 : starts.length) : starts.indexOf(aha.start);
    const start = starts[(at + by + starts.length) % starts.length];
    if (start !== undefined) this.patch({ aha: { start } });
  }

  shade(shaded: boolean): void {
    this.patch({ shaded });
  }

  /** Begins a flag on a span of the text, widened to whole characters, or on the whole answer. */
  flag(span: Span | null): void {
    if (!this.rollout) return;
    const { text } = this.rollout;
    this.patch({ flagging: { span: span && withWholeCharacters(text, span) }, pane: 'rollout' });
  }

  stopFlagging(): void {
    this.patch({ flagging: null });
  }

  /** Whether the flag was taken down; what is wrong is shown. */
  async saveFlag(annotation: AnnotationInput): Promise<boolean> {
    try {
      await this.feed.request('annotations/add', { annotation });
      this.stopFlagging();
      return true;
    } catch (thrown) {
      this.feed.fail(thrown);
      return false;
    }
  }

  removeFlag(id: number): void {
    this.feed.request('annotations/remove', { id }).catch((thrown: unknown) => this.feed.fail(thrown));
  }

  private index(): number {
    const { rolloutId } = this.place.get();
    return this.list.state.get().rows.findIndex(({ id }) => id === rolloutId);
  }

  private frames(): number {
    return this.state.get().group?.media.times.length ?? 0;
  }

  private turnFrame(by: 1 | -1): void {
    const frames = this.frames();
    if (frames > 0) this.patch({ frame: (this.state.get().frame + by + frames) % frames });
  }

  private stopFlip(): void {
    if (this.flip !== null) clearInterval(this.flip);
    this.flip = null;
  }

  /** Takes in where one is now. */
  private go(): void {
    const { groupId, rolloutId } = this.place.get();
    const before = this.shown;
    this.shown = { groupId, rolloutId };
    if (rolloutId !== before.rolloutId) this.patch({ aha: null, flagging: null });
    if (groupId === before.groupId) return;
    this.showFrame(0);
    if (groupId === null) this.patch({ group: null });
    else void this.readGroup(groupId);
  }

  private async readGroup(groupId: string): Promise<void> {
    const isWanted = () => !this.disposed && this.place.get().groupId === groupId;
    try {
      const group = await this.feed.group(groupId);
      if (isWanted()) this.patch({ group });
    } catch (thrown) {
      if (isWanted()) this.feed.fail(thrown);
    }
  }

  private takeList(): void {
    const { line } = this.list.state.get();
    this.place.update((place) => (place.line === line ? place : { ...place, line }));
    /* No pane stands empty while there is a row. That is no choice, and the list goes on following. */
    if (this.place.get().rolloutId === null) this.showFirst();
  }

  private showFirst(): void {
    const first = this.list.state.get().rows[0];
    if (first) this.place.update((place) => ({ ...place, groupId: first.groupId, rolloutId: first.id }));
  }

  private patch(change: Partial<ReadingState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
