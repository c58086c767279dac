/** Texts that end an answer: found in the bytes of its tokens, as a text may begin and end within tokens. */
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** UTF-8 of the texts, and of each token of the vocabulary. */
export interface StopTexts {
  readonly texts: readonly Uint8Array[];
  readonly pieces: readonly Uint8Array[];
}

/** What is needed to see that a text ends an answer where tokens are known by number alone; null without texts. */
export function stopTexts(tokenizer: Tokenizer, vocabularySize: number, texts: readonly string[]): StopTexts | null {
  if (texts.length === 0) return null;
  return {
    texts: texts.map((text) => Buffer.from(text, 'utf8')),
    pieces: Array.from({ length: vocabularySize }, (_, token) => tokenizer.bytes(token)),
  };
}

/** Watches the end of an answer for any of some texts, in UTF-8: a text may begin and end within tokens. */
export class EndingText {
  private readonly stop: StopTexts;
  private readonly kept: number;
  private tail: Buffer = Buffer.alloc(0);

  /** @param begun tokens that the answer has: a text may begin in them */
  constructor(stop: StopTexts, begun: Int32Array) {
    this.stop = stop;
    this.kept = Math.max(...stop.texts.map(({ length }) => length)) - 1;
    for (const token of begun) this.ends(token);
  }

  /** Whether this token, added to the answer, completes one of the texts. */
  ends(token: number): boolean {
    const { texts, pieces } = this.stop;
    const bytes = pieces[token] ?? new Uint8Array();
    const seen = Buffer.concat([this.tail, bytes]);
    this.tail = seen.subarray(Math.max(0, seen.length - this.kept));
    return texts.some((text) => seen.includes(Buffer.from(text.buffer, text.byteOffset, text.length)));
  }
}
