/** The verdict on an item that training obeys: the settled one, else the one that all its authors share, else none. */
import type { Verdict } from '../records.ts';
import type { SettlementEntry, VerdictEntry } from './entries.ts';

export type Outcome =
  | { readonly state: 'none' }
  /** `fixed` is the text to train on; null for other verdicts, and for `fix` where nobody has written one. */
  | { readonly state: 'agreed' | 'settled'; readonly verdict: Verdict; readonly fixed: string | null }
  /** They differ in the verdict, or all say `fix` and differ in the text. */
  | { readonly state: 'disputed'; readonly over: 'verdict' | 'text' };

/** @param verdicts one of each author */
export function outcomeOf(verdicts: readonly VerdictEntry[], settlement: SettlementEntry | null): Outcome {
  const [first] = verdicts;
  const verdict = settlement?.verdict ?? first?.verdict;
  if (verdict === undefined) return { state: 'none' };
  if (settlement === null && verdicts.some((other) => other.verdict !== verdict))
    return { state: 'disputed', over: 'verdict' };
  const state = settlement === null ? 'agreed' : 'settled';
  if (verdict !== 'fix') return { state, verdict, fixed: null };
  if (settlement !== null && isText(settlement.fixed)) return { state, verdict, fixed: settlement.fixed };
  const [text = null, ...others] = fixedTexts(verdicts);
  return others.length > 0 ? { state: 'disputed', over: 'text' } : { state, verdict, fixed: text };
}

/** The different texts that people wrote with the verdict `fix`. A blank one is none. */
export function fixedTexts(verdicts: readonly Pick<VerdictEntry, 'verdict' | 'fixed'>[]): string[] {
  return Array.from(
    new Set(verdicts.flatMap(({ verdict, fixed }) => (verdict === 'fix' && isText(fixed) ? fixed : []))),
  );
}

const isText = (fixed: string | null): fixed is string => fixed !== null && fixed.trim() !== '';
