/**
 * What a person reads on the rollouts page: which answer of which question, which of its frames, how its text is marked,
 * and the moves from one to the next.
 */
import type { AnnotationInput, GroupWithRollouts, Rollout, Span } from '../../trainer/protocol/records.ts';
import { withWholeCharacters } from '../../trainer/protocol/text-spans.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Store } from '../ui/store.ts';
import { ListMoves } from './list/list-moves.ts';
import type { RolloutFeed } from './list/rollout-feed.ts';
import type { RolloutRow } from './list/rollout-row.ts';

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
  /** The filter does not keep the answer that is read. */
  readonly outside: boolean;
}

/** What reading needs of the list. */
export type ReadList = Pick<RolloutFeed, 'state' | 'hold' | 'follow' | 'choose' | 'row' | 'find'>;

const flipMs = 220;

export class Reading {
  readonly state = new Store<ReadingState>({
    pane: 'list',
    group: null,
    frame: 0,
    shaded: false,
    aha: null,
    flagging: null,
    outside: false,
  });
  readonly moves: ListMoves;
  readonly place: Store<RolloutsPlace>;
  private readonly feed: Pick<RunFeed, 'group' | 'request' | 'fail'>;
  private readonly list: ReadList;
  private readonly stops: readonly (() => void)[];
  private shown: Pick<RolloutsPlace, 'groupId' | 'rolloutId'> = nowhere;
  private flip: ReturnType<typeof setInterval> | null = null;
  private disposed = false;
  /** It is this object that sets the place. */
  private goes = false;
  /** The list that the first row was shown of, and the filter that a person chose in. */
  private firstOf = 0;
  /** The first row of the list that is being read is to be shown. */
  private wantsFirst = false;
  private query: unknown;
  /** Somebody else put the reader where he is, by a link or before a reload: that stays whatever the filter keeps. */
  private isPut: boolean;

  /** @param place where one is; whoever else sets it moves the reader there */
  constructor(feed: Pick<RunFeed, 'group' | 'request' | 'fail'>, list: ReadList, place: Store<RolloutsPlace>) {
    this.feed = feed;
    this.list = list;
    this.place = place;
    this.query = list.state.get().query;
    this.isPut = place.get().rolloutId !== null;
    this.moves = new ListMoves(
      list,
      () => this.place.get().rolloutId,
      (row) => this.select(row.groupId, row.id),
    );
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
    this.goTo(groupId, rolloutId);
  }

  /** To the next row of the list, or the one before. */
  move(by: 1 | -1): void {
    this.moves.by(by);
  }

  /** To the first row of the next question, or of the one before; to the list's first where what is read is not in it. */
  moveQuestion(by: 1 | -1): void {
    this.moves.byQuestion(by);
  }

  /** To the newest row; new ones are shown as they arrive. */
  moveToNewest(): void {
    this.list.follow();
    if (this.list.state.get().reading) this.wantsFirst = true;
    else this.showFirst();
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

  private goTo(groupId: string, rolloutId: string): void {
    const { rolloutId: before } = this.place.get();
    this.isPut = false;
    if (rolloutId === before) return;
    this.goes = true;
    this.place.update((place) => ({ ...place, groupId, rolloutId }));
    this.goes = false;
  }

  /** Takes in where one is now. */
  private go(): void {
    const { groupId, rolloutId } = this.place.get();
    if (!this.goes && rolloutId !== this.shown.rolloutId) this.isPut = true;
    const before = this.shown;
    this.shown = { groupId, rolloutId };
    this.list.choose(rolloutId);
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
      if (!isWanted()) return;
      this.patch({ group });
      this.readAhead();
    } catch (thrown) {
      if (isWanted()) this.feed.fail(thrown);
    }
  }

  /** The questions beside the one that is read are on their way before somebody asks for them. */
  private readAhead(): void {
    const { rows } = this.list.state.get();
    const { groupId, rolloutId } = this.place.get();
    const at = rolloutId === null ? -1 : rows.indexOf(rolloutId);
    if (at < 0) return;
    for (const by of [1, -1]) {
      let beside = at;
      while (rows.at(beside)?.groupId === groupId) beside += by;
      const next = rows.at(beside)?.groupId;
      /* Whoever goes there asks again, and is told what is in the way. */
      if (next !== undefined) this.feed.group(next).catch(() => {});
    }
  }

  private takeList(): void {
    const { line, query, chosen, rows, list, reading } = this.list.state.get();
    this.place.update((place) => (place.line === line ? place : { ...place, line }));
    if (query !== this.query) {
      /* Who filters wants to see what the filter keeps. */
      this.query = query;
      this.isPut = false;
    }
    const outside = chosen?.is === 'outside';
    if (outside !== this.state.get().outside) this.patch({ outside });
    /* No pane stands empty while there is a row. That is no choice, and the list goes on following. */
    const isEmpty = this.place.get().rolloutId === null;
    const isLeft = outside && !this.isPut && this.firstOf !== list;
    if (rows.at(0) && !reading && (isEmpty || isLeft || this.wantsFirst)) {
      this.firstOf = list;
      this.wantsFirst = false;
      this.showFirst();
    }
  }

  private showFirst(): void {
    const first: RolloutRow | null = this.list.state.get().rows.at(0);
    if (first) this.goTo(first.groupId, first.id);
  }

  private patch(change: Partial<ReadingState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
