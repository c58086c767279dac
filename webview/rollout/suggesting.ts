/** What detectors suggest to flag in the text that is read, and a person's answers to it. */
import type { Suggestion, SuggestionAnswerInput } from '../../trainer/protocol/review-queue.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';

/** Where suggestions come from. */
export interface SuggestionDoor {
  /** @param item what is read */
  list(item: string): Promise<readonly Suggestion[]>;
  /** @returns ids of what was said, which can be taken back */
  answer(item: string, said: Omit<SuggestionAnswerInput, 'rolloutId'>): Promise<{ readonly ids: readonly string[] }>;
  fail(thrown: unknown): void;
}

export class Suggesting {
  /** Of the item that is read; none until they are there. */
  readonly state = new Store<readonly Suggestion[]>([]);
  private readonly door: SuggestionDoor;
  private readonly onSaid: (ids: readonly string[]) => void;
  private item: string | null = null;
  /** A later reading voids those before. */
  private turn = 0;

  /** @param onSaid told what was said, so that it can be taken back */
  constructor(door: SuggestionDoor, onSaid: (ids: readonly string[]) => void) {
    this.door = door;
    this.onSaid = onSaid;
  }

  /** Another item is read; null for one of which nothing is suggested. */
  show(item: string | null): void {
    if (item === this.item) return;
    this.item = item;
    this.turn += 1;
    if (this.state.get().length > 0) this.state.set([]);
    if (item !== null) void this.readAgain();
  }

  /** What was said of them may be another than before. */
  async readAgain(): Promise<void> {
    const { item } = this;
    if (item === null) return;
    const turn = ++this.turn;
    try {
      const suggestions = await this.door.list(item);
      if (turn === this.turn) this.state.set(suggestions);
    } catch (thrown) {
      if (turn === this.turn) this.door.fail(thrown);
    }
  }

  /** Answers the first suggestion that is open. */
  async answer(accepted: boolean): Promise<void> {
    const { item } = this;
    const open = firstOpen(this.state.get());
    if (item === null || open === undefined) {
      say(`Nothing is suggested that is to be ${accepted ? 'accepted' : 'dismissed'}.`);
      return;
    }
    const { detector, span } = open;
    try {
      const { ids } = await this.door.answer(item, { detector, span, accepted });
      this.onSaid(ids);
      say(accepted ? 'Accepted; u takes it back.' : 'Dismissed; u takes it back.');
      await this.readAgain();
    } catch (thrown) {
      this.door.fail(thrown);
    }
  }
}

export const firstOpen = (suggestions: readonly Suggestion[]): Suggestion | undefined =>
  suggestions.find(({ answered }) => answered === null);
