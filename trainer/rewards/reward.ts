/** What every reward function returns: a value in 0..1, the numbers it is made of, and the sentence that says how it came about. */

export interface Reward {
  readonly value: number;
  /** The numbers that the value follows from, by name; none where there was nothing to compute. */
  readonly parts: Readonly<Record<string, number>>;
  readonly explanation: string;
}

/** A piece of model or dataset text for use inside an explanation: one line, cut to a readable length. */
export function quote(text: string, limit = 60): string {
  const line = text.slice(0, limit * 2).replace(/\s+/g, ' ');
  return line.length > limit || text.length > limit * 2 ? `“${line.slice(0, limit)}…”` : `“${line}”`;
}

/** A number for use inside an explanation: at most `places` decimals, no trailing zeros. */
export function shown(value: number, places = 2): string {
  return Number.isFinite(value) && Math.abs(value) < 1e15 ? String(Number(value.toFixed(places))) : String(value);
}
