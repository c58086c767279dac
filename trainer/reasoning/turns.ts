/**
 * Where a sentence turns around or looks again, and which evidence it names. Words alone prove nothing ("the waiter", "wait at
 * the bus stop", "let me add"): what counts is that they are said by whom is reasoning, to themselves.
 */

/** `cue`: what the prompt asks for ("hmm", "let me check"). `check`: looks again, in other words. `contrast`: only speaks against. */
export type Turn = 'cue' | 'check' | 'contrast' | null;

const looking =
  '(?:see|think|look|check|verify|count|confirm|consider|examine|re-?\\w+|double|watch|go (?:back|over|through)|make sure|start|break|compare|analy[sz]e|focus|try|work|take|put this|walk|figure|pause|step back)';
const ownCue = new RegExp(
  `^(?:[-•"'( ]*)(?:(?:but|and|so|oh|ok|okay|well|alright|right|now|no|yes|hmm+|ah),? )*(?:(?:hmm+|hm|aha|oh|ah|huh)\\b(?=[ ,.!…—–-]|$)|wait(?=[,.!?…—–;:-]|$| -| a (?:moment|minute|second|sec)\\b| (?:the|that|this|there|it|is|i|no|actually|but|maybe|if|what|why|look|let|now)\\b(?! (?:is|time)\\b(?! )))|(?:hold|hang) on\\b(?! (?:to|tight)\\b)|on (?:second thoughts?|reflection)\\b|come to think of it|let me (?:just |now |also |first |quickly |carefully )*${looking}\\b|let(?:'s| us) (?:just |now |also |first |quickly |carefully )*${looking}\\b|oh,? i see|actually,|no, (?:wait|that|this|it|i|the answer|not|because|there)\\b|not so fast|scratch that)`,
);
const innerCue = new RegExp(
  `(?:[,;:—–…-] ?|\\b(?:but|and|so|then) )(?:wait(?=[,.!…—–]|$)|hmm+\\b|hold on\\b(?! to\\b)|oh,? i see\\b|let me (?:just |now |also )*${looking}\\b|let(?:'s| us) (?:just |now |also )*${looking}\\b)`,
);
const ownCheck =
  /^(?:[-•"'( ]*)(?:(?:but|and|so|now|then|still|however|also|next),? )*(?:(?:re-?)?(?:check|verify|count|examine|read|watch|consider|compare)(?:ing)?\b(?! (?:is|are|was|of)\b)|look(?:ing)? (?:again|on|back|closer|closely|once more)\b|looking (?:at|from)\b|re-?look|zooming\b|pausing\b|rewinding\b|going back\b|double[- ]check(?:ing)?\b|to (?:be (?:sure|certain|safe)|make sure|verify|confirm|check|double-check)\b|(?:up)?on (?:a )?(?:closer|second) (?:look|inspection|viewing|thought)\b|(?:looked|seen) at (?:closely|again)|if (?:i|we) (?:look|check|watch|count|go)\b|is (?:that|this|it) (?:really|actually|right|correct)\b|am i (?:sure|right)\b|are we sure\b|i (?:should|need to|want to|must|have to|will|'ll|'d better|can|had better) (?:also |just |still |now )?(?:re-?)?(?:check|verify|look|count|examine|watch|consider|confirm|make sure|double)|one more (?:look|check)\b|once more\b|another look\b)/;
const contrast =
  /^(?:[-•"'( ]*)(?:but|however|yet|still|though|although|nevertheless|that said|on the other hand|alternatively|then again|except|even so)\b|\b(?:could|might) it (?:also |really |instead )?be\b|\bwhat (?:about|if)\b|\bmight (?:seem|look)\b|\bi (?:was|am) (?:wrong|mistaken)\b|\bi (?:overlooked|missed|skipped|forgot|misread|miscounted|misjudged)\b/;

/** @param lower a sentence as `plain` gives it, in lower case */
export function turnOf(lower: string): Turn {
  if (ownCue.test(lower) || innerCue.test(lower)) return 'cue';
  if (ownCheck.test(lower)) return 'check';
  return contrast.test(lower) ? 'contrast' : null;
}

const ordinal =
  '(?:first|second|third|fourth|fifth|sixth|last|final|middle|next|previous|earlier|later|opening|closing|beginning|initial)';
const frames: readonly RegExp[] = [
  /\bframes? ?(?:no\.? ?|number ?|#)?(\d+)/g,
  new RegExp(`\\b(${ordinal}) (?:few |two |three |couple of )?(?:frames?|scenes?|shots?|images?|clips?)\\b`, 'g'),
];
const times: readonly RegExp[] = [
  /\b(?:at|by|from|until|till|to|around|about|after|before|between|since|near|and|the) (?:about |around |roughly |the )?(\d+(?:\.\d+)?)(?:st|nd|rd|th)? ?(?:s|sec|secs|seconds?)\b/g,
  /(?:^|[.:;,(-] ?)(\d+(?:\.\d+)?) ?s\b/g,
  /\b(\d{1,2}:\d\d)\b/g,
  /\bseconds? (\d+)\b/g,
];
const evidencePatterns: readonly [kind: string, patterns: readonly RegExp[]][] = [
  ['frame', frames],
  ['time', times],
  ['time', [/\b(\d+(?:\.\d+)?) ?(?:s|sec|secs|seconds?)\b/g]],
  [
    'place',
    [
      new RegExp(`\\b(${ordinal}) (?:few |two |three )?(?:parts?|seconds?|half|moments?)\\b`, 'g'),
      /\b(?:at|from|in|of|that is|to) the (start|beginning|end|middle)\b/g,
    ],
  ],
  ['option', [/\boptions? ([a-z])\b/g]],
  ['quote', [/["“]([^"”]{2,80})["”]/g]],
  ['number', [/(?<![\w.])(\d+(?:\.\d+)?)(?![\w])/g]],
];

/** The pieces of evidence that a sentence refers to: frames, times, options, quotations, numbers. */
export function evidenceOf(lower: string): string[] {
  const found = new Set<string>();
  for (const [kind, patterns] of evidencePatterns)
    for (const pattern of patterns) for (const match of lower.matchAll(pattern)) found.add(`${kind} ${match[1] ?? ''}`);
  return [...found];
}

/** Whether a sentence names a frame of the video, or a time in it; how long something lasts is neither. */
export function namesTime(lower: string): boolean {
  return [...frames, ...times].some((pattern) => lower.search(pattern) >= 0);
}
