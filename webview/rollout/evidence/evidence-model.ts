/** What is known of what the answer that is read stood on: read, weighed on request, and which of its words or frame pairs is picked. */

import { asStudioError } from '../../../trainer/protocol/errors.ts';
import type { Weighing, WeighingCost } from '../../../trainer/protocol/evidence.ts';
import type { NotificationParams, RequestParams, RequestResult } from '../../../trainer/protocol/messages.ts';
import { say } from '../../ui/said.tsx';
import { Store } from '../../ui/store.ts';

/** Where it is had from: requests about one run, without its id. */
export interface EvidenceDoor {
  get(rolloutId: string): Promise<RequestResult<'evidence/get'>>;
  cost(asked: Omit<RequestParams<'evidence/cost'>, 'runId'>): Promise<WeighingCost>;
  compute(asked: Omit<RequestParams<'evidence/compute'>, 'runId'>): Promise<RequestResult<'evidence/compute'>>;
  cancel(id: string): Promise<unknown>;
  onProgress(listener: (progress: NotificationParams<'evidence/progress'>) => void): () => void;
  /** For a weighing that begins. */
  newId(): string;
  fail(thrown: unknown): void;
}

/** The answer that is read. */
export interface WeighedItem {
  readonly rolloutId: string;
  /** Step of the weights that answered. */
  readonly answeredBy: number;
}

export interface WeighingUnderWay {
  readonly id: string;
  /** Null until it is told. */
  readonly progress: NotificationParams<'evidence/progress'> | null;
}

/** A word by where it begins in the text, or a frame pair from 0. */
export type Picked =
  | { readonly kind: 'word'; readonly start: number }
  | { readonly kind: 'pair'; readonly pair: number };

export interface EvidenceState {
  readonly item: WeighedItem | null;
  /** Null where nobody weighed it, and while that is not known. */
  readonly weighing: Weighing | null;
  readonly isRead: boolean;
  /** Of weighing it: by the weights at hand, or where others have weighed it, by those that answered. Null until it is known. */
  readonly cost: WeighingCost | null;
  /** By rollout: a weighing goes on when one reads on. */
  readonly underWay: ReadonlyMap<string, WeighingUnderWay>;
  readonly picked: Picked | null;
}

export class EvidenceModel {
  readonly state = new Store<EvidenceState>({
    ...{ item: null, weighing: null, isRead: false, cost: null, underWay: new Map(), picked: null },
  });
  private readonly door: EvidenceDoor;
  private readonly stop: () => void;
  /** A later reading voids those before. */
  private turn = 0;

  constructor(door: EvidenceDoor) {
    this.door = door;
    this.stop = door.onProgress((progress) => {
      for (const [rolloutId, held] of this.state.get().underWay)
        if (held.id === progress.id) this.putUnderWay(rolloutId, { ...held, progress });
    });
  }

  dispose(): void {
    this.turn += 1;
    this.stop();
  }

  /** Another answer is read, or none. */
  show(item: WeighedItem | null): void {
    if (item?.rolloutId === this.state.get().item?.rolloutId) return;
    this.patch({ item, weighing: null, isRead: false, cost: null, picked: null });
    void this.readAgain();
  }

  /** It may have been weighed meanwhile, or can be read now. */
  async readAgain(): Promise<void> {
    const { item } = this.state.get();
    const turn = ++this.turn;
    if (item === null) return;
    try {
      const { weighing } = await this.door.get(item.rolloutId);
      if (turn !== this.turn) return;
      this.patch({ weighing, isRead: true });
      await this.readCost();
    } catch (thrown) {
      if (turn === this.turn) this.tell(thrown);
    }
  }

  /** Which weights are at hand changes with the run's state. */
  async readCost(): Promise<void> {
    const { item, isRead, weighing } = this.state.get();
    if (item === null || !isRead || isWhole(weighing)) return;
    const { turn } = this;
    try {
      const asked = weighing === null || weighing.forCredit ? {} : { checkpoint: item.answeredBy };
      const cost = await this.door.cost({ of: { rolloutId: item.rolloutId }, ...asked });
      if (turn === this.turn) this.patch({ cost });
    } catch (thrown) {
      if (turn === this.turn) this.tell(thrown);
    }
  }

  /** By the weights at hand, or where others have weighed it, by those that answered. */
  async weigh(): Promise<void> {
    const { item, weighing, underWay, cost } = this.state.get();
    if (item === null || underWay.has(item.rolloutId)) return;
    if (isWhole(weighing)) {
      say('It was weighed by the weights that answered.');
      return;
    }
    if (cost?.refusal) {
      say(cost.refusal);
      return;
    }
    const { rolloutId } = item;
    const id = this.door.newId();
    this.putUnderWay(rolloutId, { id, progress: null });
    try {
      const asked = weighing === null || weighing.forCredit ? {} : { checkpoint: item.answeredBy };
      const { refused } = await this.door.compute({ id, of: { rolloutId }, ...asked });
      const [first] = refused;
      if (first) say(first.why);
    } catch (thrown) {
      this.door.fail(thrown);
    }
    this.putUnderWay(rolloutId, null);
    if (this.state.get().item?.rolloutId === rolloutId) await this.readAgain();
  }

  /** Ends the weighing of the answer that is read. @returns whether there was one */
  cancel(): boolean {
    const { item, underWay } = this.state.get();
    const held = item && underWay.get(item.rolloutId);
    if (!held) return false;
    this.door.cancel(held.id).catch((thrown: unknown) => this.door.fail(thrown));
    return true;
  }

  /** Picks it, or lets go of it where it is picked. */
  toggle(wanted: Picked): void {
    const { picked } = this.state.get();
    this.patch({ picked: picked !== null && isSame(picked, wanted) ? null : wanted });
  }

  pickWord(start: number): void {
    this.patch({ picked: { kind: 'word', start } });
  }

  pickPair(pair: number): void {
    this.patch({ picked: { kind: 'pair', pair } });
  }

  /** @returns whether something was picked */
  letGo(): boolean {
    if (this.state.get().picked === null) return false;
    this.patch({ picked: null });
    return true;
  }

  private putUnderWay(rolloutId: string, held: WeighingUnderWay | null): void {
    const underWay = new Map(this.state.get().underWay);
    if (held === null) underWay.delete(rolloutId);
    else underWay.set(rolloutId, held);
    this.patch({ underWay });
  }

  /** Without a trainer what is known stays, and the page says so by itself. */
  private tell(thrown: unknown): void {
    if (asStudioError(thrown).kind !== 'connection-lost') this.door.fail(thrown);
  }

  private patch(change: Partial<EvidenceState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** All that is usually weighed, by the weights that answered: there is no more to find out. */
export const isWhole = (weighing: Weighing | null): boolean =>
  weighing?.by.same === true && weighing.forCredit !== true;

const isSame = (one: Picked, other: Picked): boolean =>
  one.kind === 'word'
    ? other.kind === 'word' && one.start === other.start
    : other.kind === 'pair' && one.pair === other.pair;
