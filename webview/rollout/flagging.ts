/** What a person is about to say of a text that is read, and what can be taken back of what was said. */
import { builtInCategories, type Category, type Severity } from '../../trainer/protocol/annotations/categories.ts';
import {
  narrow,
  nextUnit,
  previousUnit,
  type SelectionUnit,
  widen,
} from '../../trainer/protocol/annotations/selection.ts';
import type { Saying, Span, Verdict } from '../../trainer/protocol/records.ts';
import { withWholeCharacters } from '../../trainer/protocol/text-spans.ts';
import { asTyped, withLineEnds } from '../ui/line-ends.ts';
import { say } from '../ui/said.tsx';
import { Store } from '../ui/store.ts';

export interface FlagDraft {
  /** Null is the whole answer. */
  readonly span: Span | null;
  readonly category: string | null;
  /** Null: as the category has it. */
  readonly severity: Severity | null;
  readonly verdict: Verdict | null;
  readonly note: string;
  /** What was typed as the fixed text, lines ending in `\n`; null while nothing was. Said with the verdict `fix` alone. */
  readonly fixed: string | null;
}

/** Where it is said. */
export interface LabelDoor {
  /** @returns ids of what was said, which can be taken back */
  add(said: Saying): Promise<{ readonly ids: readonly string[] }>;
  /** @returns id of what takes it back */
  retract(id: string): Promise<{ readonly id: string }>;
  /** As they are now; those that are not offered have no key. */
  categories(): Promise<readonly Category[]>;
  fail(thrown: unknown): void;
}

/** What is read: passages are chosen inside `within`. */
export interface LabelledText {
  readonly text: string;
  readonly within: Span;
  /** The fixed text that who signs here has written for it; absent where there is none. */
  readonly fixed?: string | undefined;
}

interface FlaggingState {
  readonly draft: FlagDraft | null;
  readonly categories: readonly Category[];
}

/** `next` and `previous` go from unit to unit, the others move an end of the span by one. */
export type SpanMove = 'next' | 'previous' | 'widen' | 'narrow' | 'widen start' | 'narrow start';

export class Flagging {
  readonly state = new Store<FlaggingState>({ draft: null, categories: builtInCategories });
  readonly door: LabelDoor;
  private readonly read: () => LabelledText | null;
  /** Ids of entries that belong together, the newest last. */
  private readonly said: (readonly string[])[] = [];

  constructor(door: LabelDoor, read: () => LabelledText | null) {
    this.door = door;
    this.read = read;
  }

  /** On a span of the text, widened to whole characters, or on the whole answer. */
  begin(span: Span | null): void {
    const read = this.read();
    if (read === null) return;
    const whole = span && withWholeCharacters(read.text, span);
    this.patch({ draft: { span: whole, category: null, severity: null, verdict: null, note: '', fixed: null } });
    // The file of categories may have been edited since the last time.
    this.door.categories().then(
      (categories) => this.patch({ categories }),
      (thrown: unknown) => this.door.fail(thrown),
    );
  }

  leave(): void {
    if (this.state.get().draft !== null) this.patch({ draft: null });
  }

  change(change: Partial<FlagDraft>): void {
    const { draft } = this.state.get();
    if (draft) this.patch({ draft: { ...draft, ...change } });
  }

  /** Moves the span inside the reasoning; without a span, from its start or its end. */
  move(how: SpanMove, unit: SelectionUnit): void {
    const { draft } = this.state.get();
    const read = this.read();
    if (!draft || !read) return;
    const { within } = read;
    const text = read.text.slice(within.start, within.end);
    const isInside = draft.span !== null && draft.span.start >= within.start && draft.span.end <= within.end;
    const span = isInside && draft.span ? shifted(draft.span, -within.start) : null;
    const moved = movedSpan(text, span, how, unit);
    if (moved) this.change({ span: shifted(moved, within.start) });
  }

  /** What the field of the fixed text begins with: what was written before, else the text that is judged; lines end in `\n`. */
  get textToFix(): string {
    const read = this.read();
    return asTyped(read?.fixed ?? read?.text ?? '');
  }

  /** Why it can't be saved yet; null when it can. */
  get missing(): string | null {
    const { draft } = this.state.get();
    if (!draft || draft.category !== null) return null;
    if (draft.span !== null) return 'choose what is wrong with the passage';
    if (draft.note.trim() !== '') return 'choose what is wrong, which the note is about';
    return draft.verdict === null ? 'choose what is wrong, or a verdict' : null;
  }

  /** Whether it was taken down; what is wrong is shown. */
  async save(): Promise<boolean> {
    const { draft, categories } = this.state.get();
    const read = this.read();
    if (!draft || !read || this.missing !== null) return false;
    const { span, category, verdict, note } = draft;
    const severity = draft.severity ?? categories.find(({ id }) => id === category)?.severity ?? 'major';
    const flag = category === null ? null : { span, category, severity, note: note.trim() };
    const fixed = verdict === 'fix' ? fixedTextOf(read, draft.fixed) : null;
    try {
      const { ids } = await this.door.add({ flag, verdict, fixed });
      this.said.push(ids);
      this.leave();
      say(`${flag ? 'Flagged' : `Verdict: ${verdict}`}; u takes it back.`);
      return true;
    } catch (thrown) {
      this.door.fail(thrown);
      return false;
    }
  }

  /** What is said as the fixed text. @param typed null where nothing was */
  fixedTextOf(typed: string | null): string | null {
    const read = this.read();
    return read && fixedTextOf(read, typed);
  }

  /** Gives a verdict at once. @param typed as the fixed text. @returns ids of what says so; null where it was not taken, which is shown */
  async give(verdict: Verdict, typed: string | null = null): Promise<readonly string[] | null> {
    const fixed = verdict === 'fix' ? this.fixedTextOf(typed) : null;
    try {
      const { ids } = await this.door.add({ flag: null, verdict, fixed });
      this.remember(ids);
      return ids;
    } catch (thrown) {
      this.door.fail(thrown);
      return null;
    }
  }

  /** What was said elsewhere on this page can be taken back here. */
  remember(ids: readonly string[]): void {
    this.said.push(ids);
  }

  async retract(id: string): Promise<void> {
    try {
      const taken = await this.door.retract(id);
      this.said.push([taken.id]);
      say('Taken back; u brings it back.');
    } catch (thrown) {
      this.door.fail(thrown);
    }
  }

  /** Takes back what was said last on this page, also a taking back. @returns ids of what was taken back */
  async undo(): Promise<readonly string[]> {
    const ids = this.said.pop();
    if (!ids) {
      say('Nothing was said on this page that could be taken back.');
      return [];
    }
    const left = [...ids];
    try {
      for (let id = left.at(-1); id !== undefined; id = left.at(-1)) {
        await this.door.retract(id);
        left.pop();
      }
      say('Taken back.');
      return ids;
    } catch (thrown) {
      // What is still said can be taken back later.
      this.said.push(left);
      this.door.fail(thrown);
      return [];
    }
  }

  private patch(change: Partial<FlaggingState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/**
 * What is said as the fixed text: what was typed, with the line ends of what it went from. Null where that is empty, or no other
 * text than the one that is judged. Where nothing was typed, what was written before stays.
 */
function fixedTextOf({ text, fixed }: LabelledText, typed: string | null): string | null {
  if (typed === null) return fixed ?? null;
  const written = withLineEnds(fixed ?? text, typed);
  return written.trim() === '' || written === text ? null : written;
}

const shifted = ({ start, end }: Span, by: number): Span => ({ start: start + by, end: end + by });

function movedSpan(text: string, span: Span | null, how: SpanMove, unit: SelectionUnit): Span | null {
  if (how === 'previous') return previousUnit(text, span, unit);
  if (how === 'next' || span === null) return nextUnit(text, span, unit);
  switch (how) {
    case 'widen':
      return widen(text, span, unit);
    case 'narrow':
      return narrow(text, span, unit);
    case 'widen start':
      return widen(text, span, unit, 'start');
    case 'narrow start':
      return narrow(text, span, unit, 'start');
  }
}
