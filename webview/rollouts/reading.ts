/**
 * What a person reads on the rollouts page: which answer of which question, which of its frames, how its text is marked,
 * and the moves from one to the next.
 */
import { orderFloor } from '../../trainer/evidence/order-rule.ts';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import { answeredBy, type Weighing } from '../../trainer/protocol/evidence.ts';
import { hitsOf } from '../../trainer/protocol/query/hits.ts';
import type { ListSort } from '../../trainer/protocol/query/sort.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens, RunEvent, Span } from '../../trainer/protocol/records.ts';
import { type TokenSpan, tokenSpans } from '../../trainer/protocol/token-spans.ts';
import { groupWithTold, toldOfAnswers } from '../../trainer/protocol/updated-group.ts';
import {
  type AnswerEvidence,
  answerEvidence,
  heavyWordBeside,
  withoutEvidence,
} from '../rollout/evidence/answer-evidence.ts';
import { type EvidenceFeed, evidenceDoor } from '../rollout/evidence/evidence-door.ts';
import { EvidenceModel } from '../rollout/evidence/evidence-model.ts';
import { Flagging } from '../rollout/flagging.ts';
import {
  type EvidenceShade,
  isEvidence,
  movedShade,
  type NoEvidence,
  type ShadeName,
  shadeNames,
  shadeRefusal,
} from '../rollout/shades.ts';
import { Suggesting } from '../rollout/suggesting.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';
import { ListMoves } from './list/list-moves.ts';
import type { RolloutFeed } from './list/rollout-feed.ts';

/** What is found again after a reload, and what a link names. */
export interface RolloutsPlace {
  readonly groupId: string | null;
  readonly rolloutId: string | null;
  /** The filter as it is typed. */
  readonly line: string;
  /** Null: the newest first. */
  readonly sort?: ListSort | null;
  /** New rows are shown as they arrive; else the list keeps what is read in sight. */
  readonly following?: boolean;
  /** The question of what is read is asked again: the number of the ask that is shown, 0 for none. */
  readonly ask?: number | null;
  /** What a link selects of a rollout's text. */
  readonly selection?: { readonly rolloutId: string; readonly span: Span } | null;
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
  /** Why the question can't be read; null while it is on its way, and when it is there. */
  readonly unread: StudioError | null;
  readonly frame: number;
  /** The frames are played. */
  readonly flipping: boolean;
  /** Null: as the page's width has it; so with the strips. */
  readonly listShown: boolean | null;
  /** Both strips of frames, or what this answer saw. */
  readonly bothStrips: boolean | null;
  /** The exact prompt and completion in place of the reading. */
  readonly exact: boolean;
  readonly shade: ShadeName;
  /** Of the answer that is read; null while they are on their way. */
  readonly tokens: RolloutTokens | null;
  /** The token that was gone to: the first of those that share its place in the text. */
  readonly token: number | null;
  /** Where the hit of the filter begins that was jumped to; another object for each jump. */
  readonly hit: { readonly start: number } | null;
  /** Where the aha moment begins that was jumped to; another object for each jump. */
  readonly aha: { readonly start: number } | null;
  /** The filter does not keep the answer that is read. */
  readonly outside: boolean;
}

/** What reading needs of the list. */
export type ReadList = Pick<
  RolloutFeed,
  'state' | 'setLine' | 'setSort' | 'hold' | 'follow' | 'choose' | 'row' | 'find'
>;

/** What reading needs of the run. */
export type ReadRun = Pick<RunFeed, 'group' | 'watchEvents' | 'ownVerdict'> & EvidenceFeed;

const flipMs = 220;

export class Reading {
  readonly state = new Store<ReadingState>({
    pane: 'list',
    group: null,
    unread: null,
    frame: 0,
    flipping: false,
    listShown: null,
    bothStrips: null,
    exact: false,
    shade: 'text',
    tokens: null,
    token: null,
    hit: null,
    aha: null,
    outside: false,
  });
  readonly moves: ListMoves;
  readonly place: Store<RolloutsPlace>;
  readonly flagging: Flagging;
  readonly suggesting: Suggesting;
  readonly evidence: EvidenceModel;
  private readonly feed: ReadRun;
  private readonly list: ReadList;
  private readonly stops: readonly (() => void)[];
  /** Where the tokens stand in the text, once that was asked. */
  private placed: { readonly tokens: RolloutTokens; readonly spans: readonly TokenSpan[] } | null = null;
  /** What the answer stood on, once that was asked. */
  private stood: { readonly of: Weighing; readonly tokens: RolloutTokens; readonly found: AnswerEvidence } | null =
    null;
  private shown: Pick<RolloutsPlace, 'groupId' | 'rolloutId'> = nowhere;
  private flip: ReturnType<typeof setInterval> | null = null;
  private disposed = false;
  /** It is this object that sets the place. */
  private goes = false;
  /** The list that the first row was shown of, and the filter that a person chose in. */
  private firstOf = 0;
  private query: unknown;
  /** The first row of the list that is being read is to be shown. */
  private wantsFirst = false;
  /** Somebody else put the reader where he is, by a link or before a reload: that stays whatever the filter keeps. */
  private isPut: boolean;

  /** @param place where one is; whoever else sets it moves the reader there */
  constructor(feed: ReadRun, list: ReadList, place: Store<RolloutsPlace>) {
    this.feed = feed;
    this.flagging = new Flagging(
      {
        add: (said) => feed.request('annotations/add', { annotation: { rolloutId: this.rollout?.id ?? '', ...said } }),
        retract: (id) => feed.request('annotations/retract', { id }),
        categories: async () => (await feed.request('annotations/categories', {})).categories,
        fail: (thrown) => feed.fail(thrown),
      },
      () => {
        const { rollout } = this;
        if (rollout === null) return null;
        const { id, text, parsed } = rollout;
        return { text, within: parsed.think ?? { start: 0, end: text.length }, fixed: feed.ownVerdict(id)?.fixed };
      },
    );
    this.suggesting = new Suggesting(
      {
        list: async (rolloutId) => (await feed.request('suggestions/list', { rolloutId })).suggestions,
        answer: (rolloutId, said) => feed.request('suggestions/answer', { rolloutId, ...said }),
        fail: (thrown) => feed.fail(thrown),
      },
      (ids) => this.flagging.remember(ids),
    );
    this.evidence = new EvidenceModel(evidenceDoor(feed));
    this.list = list;
    this.place = place;
    this.query = list.state.get().query;
    this.isPut = place.get().rolloutId !== null;
    this.moves = new ListMoves(
      list,
      () => this.place.get().rolloutId,
      (row) => this.select(row.groupId, row.id),
      say,
    );
    this.stops = [
      place.watch(() => this.go()),
      list.state.watch(() => this.takeList()),
      feed.watchEvents((events) => this.takeEvents(events)),
    ];
    this.go();
    this.takeList();
  }

  dispose(): void {
    this.disposed = true;
    this.stopFlip();
    for (const stop of this.stops) stop();
    this.evidence.dispose();
  }

  /** What is stored of the question is another than before, or can be read now. */
  readAgain(): void {
    const { groupId, rolloutId } = this.place.get();
    this.suggesting.show(null);
    if (groupId !== null) void this.readGroup(groupId);
    if (rolloutId !== null && this.state.get().tokens === null) void this.readTokens(rolloutId);
  }

  /** The answer that is read; null until its question is there. */
  get rollout(): Rollout | null {
    const { rolloutId } = this.place.get();
    return this.state.get().group?.rollouts.find(({ id }) => id === rolloutId) ?? null;
  }

  /** Somebody else chose what is read, by a link or before a reload, and nobody here has since. */
  get wasPut(): boolean {
    return this.isPut;
  }

  /** Where its tokens stand in its text, in order; none until they are there. */
  get tokenSpans(): readonly TokenSpan[] {
    const { rollout } = this;
    const { tokens } = this.state.get();
    if (!rollout || tokens === null) return [];
    if (this.placed?.tokens !== tokens) this.placed = { tokens, spans: tokenSpans(rollout.text, tokens.pieces) };
    return this.placed.spans;
  }

  /** What it stood on; null where it was not weighed, and until its tokens are there. */
  get answerEvidence(): AnswerEvidence | null {
    const { rollout } = this;
    const { tokens } = this.state.get();
    const { weighing } = this.evidence.state.get();
    if (!rollout || tokens === null || weighing?.rolloutId !== rollout.id) return null;
    if (this.stood?.of !== weighing || this.stood.tokens !== tokens)
      this.stood = { of: weighing, tokens, found: answerEvidence(weighing, rollout, tokens.pieces) };
    return this.stood.found;
  }

  /** Why a shade of evidence can't be had; one that nobody weighed yet can be picked where it could be weighed. */
  get noEvidence(): NoEvidence {
    const found = this.answerEvidence;
    const why = (shade: EvidenceShade) => {
      if (found) return withoutEvidence(found, shade);
      const { media } = this.state.get().group ?? {};
      if (media?.kind === 'image') return `An image has no ${shade === 'order' ? 'order of frames' : 'frame pairs'}.`;
      return this.evidence.state.get().cost?.refusal ?? null;
    };
    return { order: why('order'), frames: why('frames') };
  }

  /** Where what the filter looks for stands in its text, in order. */
  get hits(): readonly Span[] {
    const { rollout } = this;
    return rollout ? hitsOf(this.list.state.get().query, rollout.text) : [];
  }

  show(pane: Pane): void {
    this.patch({ pane, exact: false });
  }

  showList(listShown: boolean): void {
    this.patch({ listShown });
  }

  showStrips(bothStrips: boolean): void {
    this.patch({ bothStrips });
  }

  showExact(exact: boolean): void {
    this.patch({ exact, pane: 'rollout' });
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
    if (this.flip !== null) {
      this.stopFlip();
      return;
    }
    if (this.frames() < 2) return;
    this.flip = setInterval(() => this.turnFrame(1), flipMs);
    this.patch({ flipping: true });
  }

  /** To the next aha moment above tier 1 (a cue that the prompt asks for), or the one before. */
  moveAha(by: 1 | -1): void {
    const above = (this.rollout?.aha ?? []).filter(({ tier }) => tier > 1);
    const start = beside(
      above.map(({ span }) => span.start),
      this.state.get().aha?.start,
      by,
    );
    if (start !== undefined) this.patch({ aha: { start } });
  }

  /** To the next place where what the filter looks for stands, or the one before. */
  moveHit(by: 1 | -1): void {
    const start = beside(
      this.hits.map((hit) => hit.start),
      this.state.get().hit?.start,
      by,
    );
    if (start !== undefined) this.patch({ hit: { start } });
  }

  /** To the next token that is shown, or the one before; the first time to the first. */
  moveToken(by: 1 | -1): void {
    const { token } = this.state.get();
    const { think = null, answer = null } = this.rollout?.parsed ?? {};
    const parts = [think, answer].filter((part) => part !== null);
    /* Of a completion without tags all is shown. */
    const isShown = ({ span }: TokenSpan) =>
      parts.length === 0 || parts.some((part) => span.end > part.start && span.start < part.end);
    const starts = this.tokenSpans.filter(isShown).map(({ tokens }) => tokens[0] ?? 0);
    const at = token === null ? -1 : starts.indexOf(token);
    const next = starts[token === null ? 0 : Math.min(starts.length - 1, Math.max(0, at + by))];
    if (next !== undefined) this.patch({ token: next });
  }

  leaveToken(): void {
    this.patch({ token: null });
  }

  /** Picks the next word that stood on much, or the one before: by the shade that is shown, else by order. */
  moveWord(by: 1 | -1): void {
    const why = this.pickWordBeside(by);
    if (why !== null) say(why);
  }

  /** @returns why there is none */
  private pickWordBeside(by: 1 | -1): string | null {
    const found = this.answerEvidence;
    if (!found) return 'It was not weighed; w weighs it.';
    const { shade } = this.state.get();
    const { order, frames } = this.noEvidence;
    if (order !== null && frames !== null) return order;
    const counted = isEvidence(shade) ? shade : order === null ? 'order' : 'frames';
    const { picked } = this.evidence.state.get();
    const word = heavyWordBeside(found.words, counted, picked?.kind === 'word' ? picked.start : null, by);
    if (word === null) return `No word of it reaches ${orderFloor} nats.`;
    if (!isEvidence(shade)) this.shade(counted);
    this.evidence.pickWord(word.span.start);
    return null;
  }

  shade(shade: ShadeName): void {
    this.patch({ shade });
  }

  /**
   * To the next shade that can be had, or the one before.
   * @param noEntropy why the engine gives no entropy; null when it does
   */
  moveShade(by: 1 | -1, noEntropy: string | null): void {
    const { shade, tokens } = this.state.get();
    const { noEvidence } = this;
    this.shade(movedShade(shade, by, (name) => shadeRefusal(name, tokens, noEntropy, noEvidence), shadeNames));
  }

  /** Begins a flag on a span of the text, widened to whole characters, or on the whole answer. */
  flag(span: Span | null): void {
    if (!this.rollout) return;
    this.flagging.begin(span);
    this.patch({ pane: 'rollout', exact: false });
  }

  /** Takes back what was said last, an answer to a suggestion too. */
  async undoFlag(): Promise<void> {
    const ids = await this.flagging.undo();
    if (ids.length > 0) await this.suggesting.readAgain();
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
    if (this.state.get().flipping) this.patch({ flipping: false });
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
    const { groupId, rolloutId, line, sort, following = false } = this.place.get();
    if (!this.goes && rolloutId !== this.shown.rolloutId) this.isPut = true;
    if (rolloutId !== null && following !== this.list.state.get().following) {
      if (following) this.list.follow();
      else this.list.hold();
    }
    /* A link has a filter and an order of its own. */
    const { line: heldLine, sort: heldSort } = this.list.state.get();
    if (line !== heldLine) {
      const { isPut } = this;
      this.list.setLine(line);
      this.query = this.list.state.get().query;
      this.isPut = isPut;
    }
    if (sort !== undefined && sort !== heldSort) this.list.setSort(sort);
    const before = this.shown;
    this.shown = { groupId, rolloutId };
    if (this.isPut && rolloutId !== before.rolloutId && this.state.get().pane === 'list')
      this.patch({ pane: 'rollout' });
    this.list.choose(rolloutId);
    if (rolloutId !== before.rolloutId) {
      this.flagging.leave();
      this.patch({ aha: null, hit: null, token: null, tokens: null });
      if (rolloutId !== null) void this.readTokens(rolloutId);
    }
    this.suggest();
    this.showEvidence();
    if (groupId === before.groupId) return;
    this.showFrame(0);
    this.patch({ unread: null });
    if (groupId === null) this.patch({ group: null });
    else void this.readGroup(groupId);
  }

  /** Only of an answer in which detectors found something. */
  private suggest(): void {
    const { rollout } = this;
    this.suggesting.show(rollout?.patterns?.length ? rollout.id : null);
  }

  private showEvidence(): void {
    const { rollout } = this;
    const { group } = this.state.get();
    this.evidence.show(rollout && group && { rolloutId: rollout.id, answeredBy: answeredBy(group) });
  }

  private async readGroup(groupId: string): Promise<void> {
    const isWanted = () => !this.disposed && this.place.get().groupId === groupId;
    try {
      const group = await this.feed.group(groupId);
      if (!isWanted()) return;
      this.patch({ group, unread: null });
      this.suggest();
      this.showEvidence();
      this.readAhead();
    } catch (thrown) {
      if (isWanted()) this.patch({ group: null, unread: asStudioError(thrown) });
    }
  }

  private async readTokens(rolloutId: string): Promise<void> {
    const isWanted = () => !this.disposed && this.place.get().rolloutId === rolloutId;
    try {
      const tokens = await this.feed.request('rollouts/tokens', { rolloutId });
      if (isWanted()) this.patch({ tokens });
    } catch (thrown) {
      if (isWanted()) this.feed.fail(thrown);
    }
  }

  /** What an update tells of the answers that are read is shown at once; nothing moves by it. */
  private takeEvents(events: readonly RunEvent[]): void {
    for (const { body } of events) {
      const { group } = this.state.get();
      const told = toldOfAnswers(body);
      if (told === null || !group) continue;
      this.patch({ group: groupWithTold(group, told) });
      const { rolloutId } = this.place.get();
      if (body.type === 'weighed' && rolloutId !== null && told.has(rolloutId)) void this.evidence.readAgain();
      if (body.type === 'references' && rolloutId !== null && told.has(rolloutId)) void this.readTokens(rolloutId);
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
    const { line, sort, following, query, chosen, rows, list, reading } = this.list.state.get();
    this.place.update((place) =>
      place.line === line && (place.sort ?? null) === sort && place.following === following
        ? place
        : { ...place, line, sort, following },
    );
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
    const first = this.list.state.get().rows.at(0);
    if (first) this.goTo(first.groupId, first.id);
  }

  private patch(change: Partial<ReadingState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** The start after the present one, or before it, around the ends; the first or the last where there is none yet. */
function beside(starts: readonly number[], present: number | undefined, by: 1 | -1): number | undefined {
  const sorted = [...new Set(starts)].sort((a, b) => a - b);
  const at = present === undefined ? (by === 1 ? -1 : sorted.length) : sorted.indexOf(present);
  return sorted[(at + by + sorted.length) % sorted.length];
}
