/** The keys of asking again. */
import type { ActionOf, KeyRow } from '../ui/key-table.ts';

export const askKeys = [
  { meaning: 'go on from the cursor (in the text Alt+H)', keys: { h: 'goOnHere' } },
  { meaning: 'the cut a word back, a word on', keys: { '[': 'cutBack', ']': 'cutOn' } },
  { meaning: 'undo a change', keys: { u: 'undo' } },
  { meaning: 'text, or the difference to the original', keys: { v: 'diff' } },
  { meaning: 'text, or words shaded by what order is worth to them', keys: { p: 'order' } },
  { meaning: 'ask (in a field Ctrl+Enter)', keys: { Enter: 'ask' } },
  { meaning: 'copy a link', keys: { y: 'copyLink' } },
] as const satisfies readonly KeyRow<string>[];

export type AskAction = ActionOf<typeof askKeys>;

/** Keys that act where a field has the focus, and on frames; for the help. */
export const fieldKeys = [
  ['Ctrl+Enter', 'ask'],
  ['Alt+← Alt+→', 'the frame that has the focus a place on or back'],
  ['Del', 'drop the frame that has the focus, or take it back'],
  ['Esc', 'stop, then leave the field, then back'],
  ['?', 'these keys'],
] as const;
