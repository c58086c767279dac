/** Text to tokens and back, from a `tokenizer.json`. Text that looks like a special token stays text. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { StudioError } from '../../../protocol/errors.ts';
import { faultLine } from '../../../protocol/issues.ts';
import { specialTokens } from '../../engine.ts';
import { toBytes } from './byte-symbols.ts';

const file = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.number().int().min(0), content: z.string() })),
  model: z.looseObject({ type: z.literal('BPE'), vocab: z.record(z.string(), z.number().int().min(0)) }),
});

const mostCachedTexts = 4096;

export class Tokenizer {
  /** The content of `tokenizer.json`. */
  readonly file: object;
  readonly vocabularySize: number;
  private readonly plain: HuggingFaceTokenizer;
  /** Bytes of ordinary tokens by number. */
  private readonly bytesOfToken: (Uint8Array | undefined)[] = [];
  private readonly specials = new Map<number, string>();
  private readonly specialIds = new Map<string, number>();
  private readonly cache = new Map<string, Int32Array>();

  /** @throws StudioError `bad-model` */
  constructor(content: unknown, place: string) {
    const fault = (message: string): StudioError =>
      new StudioError('bad-model', message, {
        place,
        remedy: 'Use a checkpoint with a byte-level BPE tokenizer.',
      });
    const parsed = file.safeParse(content);
    if (!parsed.success)
      throw fault(`This is not a BPE tokenizer: ${faultLine(file, content, parsed.error, 'the file')}.`);
    this.file = parsed.data;
    for (const [piece, id] of Object.entries(parsed.data.model.vocab)) {
      const bytes = toBytes(piece);
      if (bytes === null) throw fault(`The piece ${JSON.stringify(piece)} is not made of bytes.`);
      this.bytesOfToken[id] = bytes;
    }
    for (const { id, content: name } of parsed.data.added_tokens) {
      this.specials.set(id, name);
      this.specialIds.set(name, id);
    }
    for (const name of Object.values(specialTokens)) {
      if (!this.specialIds.has(name)) throw fault(`The special token ${name} is missing.`);
    }
    this.vocabularySize = 1 + Math.max(this.bytesOfToken.length - 1, ...this.specials.keys());
    // Without added tokens, no text is ever read as one.
    this.plain = new HuggingFaceTokenizer({ ...parsed.data, added_tokens: [] }, {});
  }

  /** Tokens of plain text. The array is shared: do not write to it. */
  encode(text: string): Int32Array {
    const known = this.cache.get(text);
    if (known !== undefined) return known;
    const tokens =
      text === '' ? new Int32Array() : Int32Array.from(this.plain.encode(text, { add_special_tokens: false }).ids);
    if (this.cache.size >= mostCachedTexts) this.cache.delete(this.cache.keys().next().value as string);
    this.cache.set(text, tokens);
    return tokens;
  }

  /** Number of a special token. @throws StudioError `bad-request` for a name that is none */
  special(name: string): number {
    const id = this.specialIds.get(name);
    if (id !== undefined) return id;
    throw new StudioError('bad-request', `${name} is not a special token of this model.`, {
      remedy: `Special tokens: ${[...this.specialIds.keys()].join(' ')}`,
    });
  }

  /** Name of a special token, null for an ordinary one. */
  specialName(token: number): string | null {
    return this.specials.get(token) ?? null;
  }

  /** Bytes of a token; none for special tokens and for numbers without a token. */
  bytes(token: number): Uint8Array {
    return (this.specials.has(token) ? undefined : this.bytesOfToken[token]) ?? new Uint8Array();
  }

  /** Whether a token has a meaning at all. */
  has(token: number): boolean {
    return this.bytesOfToken[token] !== undefined || this.specials.has(token);
  }
}

/** Turns tokens into text as they come; a character whose bytes are not all there is held back. */
export class StreamingDecoder {
  private readonly tokenizer: Tokenizer;
  private decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Text that these tokens complete; special tokens give none. */
  push(tokens: readonly number[]): string {
    return tokens.map((token) => this.decoder.decode(this.tokenizer.bytes(token), { stream: true })).join('');
  }

  /** What was held back, as U+FFFD. */
  end(): string {
    return this.decoder.decode();
  }
}

/** Text of each token, special ones by name, and their sum without special tokens. */
export function decodePieces(tokenizer: Tokenizer, tokens: Int32Array): { pieces: string[]; text: string } {
  const decoder = new StreamingDecoder(tokenizer);
  const names = Array.from(tokens, (token) => tokenizer.specialName(token));
  const texts = Array.from(tokens, (token, i) => (names[i] === null ? decoder.push([token]) : ''));
  const rest = decoder.end();
  const lastOrdinary = names.lastIndexOf(null);
  if (rest !== '' && lastOrdinary >= 0) texts[lastOrdinary] += rest;
  return { pieces: texts.map((text, i) => names[i] ?? text), text: texts.join('') };
}
