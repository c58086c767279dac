/** The keys of the rollouts page. */
import type { ActionOf, KeyRow } from '../ui/key-table.ts';

export const rolloutsKeys = [
  {
    meaning: 'next and previous row',
    keys: { j: 'nextRow', k: 'previousRow', ArrowDown: 'nextRow', ArrowUp: 'previousRow' },
  },
  { meaning: 'next and previous question', keys: { J: 'nextQuestion', K: 'previousQuestion' } },
  { meaning: 'group', keys: { g: 'group' } },
  { meaning: 'what if μ were …, or why it changes nothing', keys: { i: 'whatIf' } },
  { meaning: 'rollout', keys: { Enter: 'rollout' } },
  { meaning: 'list, shown or hidden', keys: { l: 'list' } },
  { meaning: 'newest rows, and follow them', keys: { Home: 'newest' } },
  { meaning: 'filter', keys: { '/': 'filter' } },
  { meaning: 'previous and next frame', keys: { ArrowLeft: 'previousFrame', ArrowRight: 'nextFrame' } },
  { meaning: 'both strips of frames, or one', keys: { s: 'strips' } },
  { meaning: 'play the frames, or stop', keys: { f: 'flip' } },
  { meaning: 'next and previous aha', keys: { a: 'nextAha', A: 'lastAha' } },
  { meaning: 'next and previous hit of the filter in the text', keys: { F3: 'nextHit', 'Shift+F3': 'lastHit' } },
  { meaning: 'next and previous shade of the text', keys: { p: 'nextShade', P: 'lastShade' } },
  { meaning: 'weigh: what did this answer stand on?', keys: { w: 'weigh' } },
  { meaning: 'next and previous word that stood on much', keys: { n: 'nextWord', N: 'lastWord' } },
  { meaning: 'previous and next token, with its numbers', keys: { '[': 'previousToken', ']': 'nextToken' } },
  { meaning: 'exact prompt and completion, with token ids', keys: { o: 'exact' } },
  { meaning: 'ask again, with something changed', keys: { e: 'ask' } },
  { meaning: 'across steps', keys: { t: 'across' } },
  { meaning: 'compare with another run', keys: { r: 'compare' } },
  { meaning: 'flag the selected text, or the answer', keys: { x: 'flag' } },
  { meaning: 'in the open update: leave the answer out, or put it back', keys: { m: 'mask' } },
  { meaning: 'in the open update: score the answer the other way, or as found', keys: { c: 'rescore' } },
  { meaning: 'accept, dismiss what is suggested', keys: { Y: 'accept', X: 'dismiss' } },
  { meaning: 'take back what was flagged last', keys: { u: 'undoFlag' } },
  { meaning: 'judge one after the other: the queue', keys: { q: 'review' } },
  { meaning: 'copy a link', keys: { y: 'copyLink' } },
  { meaning: 'dashboard', keys: { d: 'dashboard' } },
  { meaning: 'these keys', keys: { '?': 'help' } },
  { meaning: 'leave what was opened last, or stop what is read or counted for long', keys: { Escape: 'leave' } },
] as const satisfies readonly KeyRow<string>[];

export type RolloutsAction = ActionOf<typeof rolloutsKeys>;
