/** Tokens in a row, those that follow themselves counted instead of repeated. */

export interface TokenRun {
  /** Place of the first token. */
  readonly start: number;
  readonly piece: string;
  readonly id: number | null;
  readonly count: number;
  /** It stands for something that is not text: a turn's begin, a frame's patch. */
  readonly special: boolean;
}

const isSpecial = (piece: string) => /^<\|.*\|>$/s.test(piece);

/** Special tokens alone are counted: text that repeats itself is shown as it is. */
export function tokenRuns(pieces: readonly string[], ids: readonly number[] | null): TokenRun[] {
  const runs: TokenRun[] = [];
  for (const [index, piece] of pieces.entries()) {
    const id = ids?.[index] ?? null;
    const last = runs.at(-1);
    if (last?.special && last.piece === piece && last.id === id)
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ start: index, piece, id, count: 1, special: isSpecial(piece) });
  }
  return runs;
}

/** A text of which the tokens are not known, cut at its special ones. */
export const cutAtSpecial = (text: string): string[] => text.split(/(<\|[^|]*\|>)/).filter((part) => part !== '');
