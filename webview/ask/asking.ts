/** What is being asked beside one answer: the draft with what can be taken back, what it would cost, what is under way, and all that was asked. */
import {
  type Ask,
  type AskCost,
  type AskProgress,
  ask as askShape,
  type Experiment,
  type ExperimentAnswer,
} from '../../trainer/protocol/ask.ts';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import { faultLine } from '../../trainer/protocol/issues.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Store } from '../ui/store.ts';
import { askOf, type Draft, draftOf, type Original, untouched } from './draft.ts';

/** An ask that is being answered. */
export interface UnderWay {
  readonly id: string;
  readonly ask: Ask;
  readonly progress: Omit<AskProgress, 'id'> | null;
  /** Whole answers by their part. */
  readonly answered: readonly { readonly part: number; readonly answer: ExperimentAnswer }[];
  readonly stopping: boolean;
}

export interface AskingState {
  readonly draft: Draft;
  /** Drafts before, the newest last. */
  readonly before: readonly Draft[];
  readonly original: Original;
  /** Null while it is on its way. */
  readonly cost: AskCost | null;
  /** Why the draft can't be asked as it is, as a sentence; null where the contract takes it. */
  readonly fault: string | null;
  readonly underWay: UnderWay | null;
  /** What ended the last one; null where it was answered. */
  readonly failed: StudioError | null;
  /** The experiment whose answers are being weighed. */
  readonly weighing: string | null;
  /** Oldest first; null until they are read. */
  readonly experiments: readonly Experiment[] | null;
}

type AskFeed = Pick<RunFeed, 'request' | 'fail'> & {
  readonly connection: Pick<RunFeed['connection'], 'on' | 'request' | 'whenReady'>;
};

const mostKept = 200;
/** What one types shall not ask for the cost at each letter. */
const costAfterMs = 150;

export class Asking {
  readonly state: Store<AskingState>;
  private readonly feed: AskFeed;
  private readonly stops: readonly (() => void)[];
  private costTimer: ReturnType<typeof setTimeout> | null = null;
  private costTurn = 0;
  /** Typing of one kind is taken back as one. */
  private typing: keyof Draft | null = null;

  constructor(feed: AskFeed, original: Original) {
    this.feed = feed;
    const draft = untouched(original);
    const nothing = { cost: null, fault: null, underWay: null, failed: null, weighing: null, experiments: null };
    this.state = new Store<AskingState>({ draft, before: [], original, ...nothing });
    this.stops = [
      feed.connection.on('ask/progress', ({ id, ...progress }) => this.patchUnderWay(id, () => ({ progress }))),
      feed.connection.on('ask/answered', ({ id, part, answer }) =>
        this.patchUnderWay(id, ({ answered }) => ({ answered: [...answered, { part, answer }] })),
      ),
      feed.connection.whenReady(() => this.read()),
    ];
  }

  /** What is under way ends, and what of it is whole is kept. */
  dispose(): void {
    this.stop();
    for (const stop of this.stops) stop();
    if (this.costTimer) clearTimeout(this.costTimer);
    this.costTurn++;
  }

  get about(): { rolloutId: string } {
    return { rolloutId: this.state.get().original.rollout.id };
  }

  /** Reads what was asked, the answer's tokens and the cost: at each link. */
  private read(): void {
    const { rolloutId } = this.about;
    this.feed.request('ask/list', { about: this.about }).then(
      ({ experiments }) => this.state.update((held) => ({ ...held, experiments })),
      () => {},
    );
    this.feed.request('rollouts/tokens', { rolloutId }).then(
      (tokens) => {
        this.state.update((held) => ({ ...held, original: { ...held.original, tokens } }));
        this.askCost();
      },
      // The cost says what can't be done without them.
      () => {},
    );
    this.askCost();
  }

  get ask(): Ask {
    const { draft, original } = this.state.get();
    return askOf(draft, original);
  }

  /** @param typing edits of one field in a row are taken back together */
  edit(change: Partial<Draft>, typing: keyof Draft | null = null): void {
    const goesOn = typing !== null && typing === this.typing;
    this.typing = typing;
    this.state.update((held) => {
      const draft = { ...held.draft, ...change };
      if (JSON.stringify(draft) === JSON.stringify(held.draft)) return held;
      const before = goesOn ? held.before : [...held.before, held.draft].slice(-mostKept);
      return { ...held, draft, before };
    });
    this.changed();
  }

  undo(): void {
    this.typing = null;
    this.state.update((held) => {
      const draft = held.before.at(-1);
      return draft ? { ...held, draft, before: held.before.slice(0, -1) } : held;
    });
    this.changed();
  }

  /** As it was asked at first. */
  reset(): void {
    this.edit(untouched(this.state.get().original));
  }

  /** As one of the asks had it. */
  changeFrom(experiment: Experiment): void {
    this.edit(draftOf(experiment, this.state.get().original));
  }

  async start(): Promise<void> {
    const { underWay, fault } = this.state.get();
    if (underWay !== null || fault !== null) return;
    const id = crypto.randomUUID();
    const { ask } = this;
    this.state.update((held) => ({
      ...held,
      failed: null,
      underWay: { id, ask, progress: null, answered: [], stopping: false },
    }));
    try {
      const { experiment } = await this.feed.request('ask/start', { id, about: this.about, ask });
      this.state.update((held) => ({
        ...held,
        underWay: null,
        experiments: [...(held.experiments ?? []), experiment],
      }));
    } catch (thrown) {
      const failed = asStudioError(thrown);
      this.state.update((held) => ({ ...held, underWay: null, failed: failed.kind === 'cancelled' ? null : failed }));
    }
    this.askCost();
  }

  /** @returns whether there was something to stop */
  stop(): boolean {
    const { underWay } = this.state.get();
    if (underWay === null) return false;
    this.patchUnderWay(underWay.id, () => ({ stopping: true }));
    this.feed.connection.request('ask/cancel', { id: underWay.id }).catch((thrown: unknown) => this.feed.fail(thrown));
    return true;
  }

  /** What the order of the frames is worth to an experiment's answers. One at a time. */
  async weigh(id: string): Promise<void> {
    if (this.state.get().weighing !== null) return;
    this.state.update((held) => ({ ...held, weighing: id }));
    try {
      const { experiment } = await this.feed.request('ask/weigh', { id });
      this.state.update((held) => ({
        ...held,
        experiments: (held.experiments ?? []).map((one) => (one.id === id ? experiment : one)),
      }));
    } catch (thrown) {
      this.feed.fail(thrown);
    } finally {
      this.state.update((held) => ({ ...held, weighing: null }));
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await this.feed.request('ask/remove', { id });
      this.state.update((held) => ({
        ...held,
        experiments: (held.experiments ?? []).filter((one) => one.id !== id),
      }));
    } catch (thrown) {
      this.feed.fail(thrown);
    }
  }

  private changed(): void {
    const { ask } = this;
    const checked = askShape.safeParse(ask);
    const fault = checked.success ? null : `${faultLine(askShape, ask, checked.error, 'the ask')}.`;
    this.state.update((held) => ({ ...held, fault, failed: null }));
    if (this.costTimer) clearTimeout(this.costTimer);
    this.costTimer = setTimeout(() => this.askCost(), costAfterMs);
  }

  /** What it would take is another thing now, because a run stands otherwise. */
  renew(): void {
    this.askCost();
  }

  private askCost(): void {
    this.costTurn++;
    const turn = this.costTurn;
    const { ask } = this;
    if (!askShape.safeParse(ask).success) return;
    this.feed.request('ask/cost', { about: this.about, ask }).then(
      (cost) => {
        if (turn === this.costTurn) this.state.update((held) => ({ ...held, cost }));
      },
      () => {
        if (turn === this.costTurn) this.state.update((held) => ({ ...held, cost: null }));
      },
    );
  }

  private patchUnderWay(id: string, change: (held: UnderWay) => Partial<UnderWay>): void {
    this.state.update((held) =>
      held.underWay?.id === id ? { ...held, underWay: { ...held.underWay, ...change(held.underWay) } } : held,
    );
  }
}
