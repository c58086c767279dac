/** What detectors suggest to flag in the text that is read, and a person's answers to it. */
import type { Suggestion, SuggestionAnswerInput } from '../../trainer/protocol/review-queue.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';

/** Where suggestions come from. */
export interface SuggestionDoor {
  /** @param item what is read */
  list(item: string): Promise<readonly Suggestion[]>;
  /** @returns ids of what was said, which can be taken back */
  answer(item: string, said: SuggestionSaid): Promise<{ readonly ids: readonly string[] }>;
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

  async answer(accepted: boolean): Promise<void> {
    const { item } = this;
    const ids = await answerFirst(item === null ? [] : this.state.get(), accepted, {
      answer: (said) => this.door.answer(item ?? '', said),
      fail: (thrown) => this.door.fail(thrown),
    });
    if (ids === null) return;
    this.onSaid(ids);
    await this.readAgain();
  }
}

export type SuggestionSaid = Omit<SuggestionAnswerInput, 'rolloutId'>;

/** Answers the first suggestion that is open. @returns ids of what says so; null where nothing was said, which is told */
export async function answerFirst(
  suggestions: readonly Suggestion[],
  accepted: boolean,
  door: { answer(said: SuggestionSaid): Promise<{ readonly ids: readonly string[] }>; fail(thrown: unknown): void },
): Promise<readonly string[] | null> {
  const open = firstOpen(suggestions);
  if (open === undefined) {
    say(`Nothing is suggested that is to be ${accepted ? 'accepted' : 'dismissed'}.`);
    return null;
  }
  try {
    const { ids } = await door.answer({ detector: open.detector, span: open.span, accepted });
    say(accepted ? 'Accepted; u takes it back.' : 'Dismissed; u takes it back.');
    return ids;
  } catch (thrown) {
    door.fail(thrown);
    return null;
  }
}

export const firstOpen = (suggestions: readonly Suggestion[]): Suggestion | undefined =>
  suggestions.find(({ answered }) => answered === null);
