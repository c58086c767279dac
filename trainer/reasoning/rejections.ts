/**
 * Which of the candidates that a sentence names it says not to be the answer, and whether it says so of one that it does not
 * name ("this can be ruled out"). By how the sentence is built: a verdict and what it is said of.
 */
import type { Mention } from './mentions.ts';
import { relationTo } from './relations.ts';

const be = '(?:is|are|was|were|be|been|being|seems?|looks?|appears?|sounds?|becomes?|considered|deemed|remains)';
const adverbs =
  '(?:(?:clearly|also|therefore|thus|just|simply|quite|rather|very|really|even|far|certainly|definitely|obviously|probably|hence|still|actually|completely|entirely|all|both|then|so|a|an|as|to be|the|indeed|directly|explicitly|particularly|likely|easily|safely|immediately|here|much|now|at all|necessarily|be|been|being|have|very|either|likewise) )*';
const bad =
  '(?:wrong|incorrect|false|untrue|inaccurate|invalid|a?(?:distractor|red herring|stretch)|off(?= because| as| since|[.,;:!?)]|$)|impossible|implausible|improbable|unlikely|unsupported|inconsistent|incompatible|irrelevant|inapplicable|mistaken|misleading|off the table|(?:out(?= of the question|[.,;:!?)]|$| because| since| as| for| too| by))|less (?:\\w+)|(?:ruled|crossed|struck|left) (?:out|off|aside)|excluded|eliminated|dismissed|discarded|rejected|discounted|disregarded|set aside|put aside|too (?!much to|many to|late to|early to)\\w+|contradicted|no (?:longer )?(?:option|match|candidate|fit|answer))';
const good =
  '(?:correct|right|true|accurate|valid|(?:answer|option|choice|one|case|reason|match)\\b|it(?=[.,;:!?]|$| because| since| as)|fit|match|apply|hold|work|make (?:any |much )?sense|align|correspond|agree|follow|stand|supported|backed|consistent|compatible|mentioned|relevant|plausible|likely|possible|probable|suitable|appropriate|applicable|reflected|what (?:we|is|the|was|happens)|explain|describe|account for|answer the)';
const not = "(?:not|never|no longer|hardly|scarcely|cannot|can't|[a-z]+n't)";
const active =
  '(?:eliminat(?:e|es|ed|ing)|exclud(?:e|es|ed|ing)|reject(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|discard(?:s|ed|ing)?|discount(?:s|ed|ing)?|disregard(?:s|ed|ing)?|contradict(?:s|ed|ing)?)';
/** These say no with a word behind them: "rules it out", "setting aside". */
const parted =
  '(?:rul(?:e|es|ed|ing)|cross(?:es|ed|ing)?|set(?:s|ting)?|put(?:s|ting)?|strik(?:e|es|ing)|struck|leav(?:e|es|ing)|left)';
const parting = '(?:out|off|aside)';

/** Predicates that say no of their subject. */
const verdict = `(?:${be} ${adverbs}${bad}|${not} ${adverbs}(?:(?:seem|look|appear|sound|feel)(?: to be| like)? ${adverbs})?${good}|mak(?:e|es|ing) (?:no|little) sense|contradict(?:s|ed)?\\b|conflicts? with|(?:goes|speaks|argues|runs) against|fails\\b|lacks? (?:support|evidence))`;

/** Words between a subject and its predicate: no new clause begins among them. */
const between =
  '(?:, (?:too|however|though|then|on the other hand|therefore|by contrast),)?(?:(?! so | therefore | because | since | but | which | and it | while )[^.;:!?,—–]){0,40}?';
const saidOfIt = new RegExp(`^[)"']*${between} ?\\b${verdict}`);
/** Of an option by its letter: "option B, however, is not shown". */
const notThere = new RegExp(
  `^[)"']*${between} ?\\b${not} ${adverbs}(?:shown|seen|depicted|visible|present|appear|happen|occur|touched|described|in the (?:video|clip|scene))\\b`,
);
const wouldNot = /^[)"']* (?:would(?:n't| not)|could(?:n't| not)|can't|cannot) (?!only\b|just\b|help\b|wait\b)/;
/** "An earthquake would shake the camera, but it stays still." */
const wouldBut =
  /^[)"']* would\b(?! be (?:the )?(?:best|right|correct))[^.;!?]*[,;] ?(?:but|yet|however|whereas|while|and (?:it|this|that|he|she|they) (?:does|do|did|is|are|has)(?:n't| not)|which (?:\w+ )?(?:does|do|did|is|are|has)(?:n't| not))\b/;

const inFront =
  "(?: (?:be|been|that|it|it's|is|he|she|they|we|the|a|an|option|options|choice|choices|answer|answers|at|about|just|to|both|out|aside|any|either|see|say|read|have|this|called|does|do|did|can|could|think|believe|feel|likely|necessarily|choose|pick|select|go|with|for))*";
const deniedBefore = new RegExp(
  `(?:(?:\\bnot(?! only| just| simply)|n't|\\bcannot|\\brather than|\\binstead of|\\bneither|\\bnor|\\bno longer|\\bno|\\bunlikely|\\bdoubt)${inFront}|\\bno (?:\\w+ )?(?:evidence|indication|sign|mention|support|reason|proof|hint)\\b[^.;,]{0,30}|\\b(?:${active}|${parted} ${parting})${inFront})[ ("']*$`,
);
const partedBefore = new RegExp(`\\b${parted}(?: (?:the|a|an|option|options|choice|both|it))*[ ("']*$`);
const partingAfter = new RegExp(`^[)"']*(?:[^.;:!?,]{0,30}?) ${parting}\\b`);

/** A verdict on something that was named before. */
const ofIt = new RegExp(
  `\\b(?:this|that|it|which|these|those|they|both|option|choice|one|statement|answer|and|so|he|she)\\b(?: (?:option|choice|one|statement|answer|can|could|must|should|may|would|does|do|has to|reason))*,? ?(?:(?:can|could|must|should|would|may|is|are|was|were|does|do|did) )?\\b${verdict}`,
);
const terse = new RegExp(
  `(?:^|[–—:;(.]|(?:^| )- ?|, ?)(?: ?(?:hence|so|thus|therefore) )? ?(?:not ${adverbs}${good}|${adverbs}${bad})(?=[\\s.,;:!?)]|$)`,
);
/** Behind the colon or dash of an item: "Option A: can be left out". */
const behindMark = new RegExp(
  `(?:[:–—]| -) ?(?:(?:it|this|that) )?(?:(?:can |could |must |should |may |does |do |is |was )?${verdict}|no(?=[,.;]))`,
);
const itAsObject = new RegExp(
  `\\b(?:${active} (?:it|this|that|them)|${parted} (?:it|this|that|them) ${parting})(?=[.,;:!?)]|$| because| since| as )`,
);
/** In an item of a list of options: any consequence that denies something of it. */
const itemDenied = new RegExp(
  `(?:\\b(?:so|hence|thus|therefore|which means|meaning)\\b[^.;!?]{0,30}?\\b${not}\\b)|^(?:[-•\\d.) ]*)(?:it|this|that)(?:'s)? (?:can't|cannot|can not|could not|couldn't|is not|isn't|was not|wasn't)\\b[^.;!?]*\\b(?:because|since|as|given|for)\\b`,
);
/** In such an item: "Not shown.", or a cross. */
const itemAbsent =
  /^(?:[-•\d.) ]*)(?:(?:it|this|that) (?:is|was) )?not (?:shown|seen|mentioned|present|visible|depicted|described)\b|[✗✘❌]/;
/** "There is no child in the video." */
const absent = /\b(?:there (?:is|are|was|were) no|no)$/;

/** Two candidates of one list: "A and C", "the stairs and the ladder". */
const joined = /^[)"']*(?:,? (?:and|or|nor|as well as) |, |\/)(?:the |a |an |also )?(?:options? |choices? )?[("']*$/;

export interface Denial {
  readonly denied: ReadonlySet<Mention>;
  /** A verdict on what was named in a sentence before. */
  readonly unnamed: boolean;
}

function isDenied(mention: Mention, lower: string): boolean {
  const before = lower.slice(Math.max(0, mention.start - 70), mention.start);
  const after = lower.slice(mention.end, mention.end + 160);
  const short = after.slice(0, 90);
  if (deniedBefore.test(before) || (partedBefore.test(before) && partingAfter.test(short))) return true;
  if (mention.byLetter && (relationTo(before) === 'denied' || notThere.test(short))) return true;
  return (
    saidOfIt.test(short) ||
    absent.test(before.trimEnd()) ||
    (!mention.byLetter && wouldNot.test(short)) ||
    wouldBut.test(after)
  );
}

/**
 * @param lower the sentence as `plain` gives it, in lower case
 * @param affirmed whether the sentence says in so many words that a candidate is the answer
 * @param item the candidate whose item in a list the sentence stands in
 */
export function denialIn(lower: string, mentions: readonly Mention[], affirmed: boolean, item: string | null): Denial {
  const denied = new Set<Mention>();
  const keys = new Set(mentions.map(({ candidate }) => candidate.key));
  for (const mention of mentions) if (isDenied(mention, lower)) denied.add(mention);
  const follows = (a: Mention, b: Mention) => joined.test(lower.slice(a.end, b.start));
  for (let i = mentions.length - 1; i > 0; i--) {
    const [a, b] = [mentions[i - 1] as Mention, mentions[i] as Mention];
    if (
      denied.has(b) &&
      b.start - a.end < 30 &&
      follows(a, b) &&
      !deniedBefore.test(lower.slice(Math.max(0, b.start - 12), b.start))
    )
      denied.add(a);
  }
  for (let i = 1; i < mentions.length; i++) {
    const [a, b] = [mentions[i - 1] as Mention, mentions[i] as Mention];
    if (denied.has(a) && b.start - a.end < 30 && follows(a, b)) denied.add(b);
  }
  if (affirmed || denied.size > 0) return { denied, unnamed: false };
  const verdictOnIt =
    ofIt.test(lower) ||
    terse.test(lower) ||
    behindMark.test(lower) ||
    itAsObject.test(lower) ||
    (item !== null && (itemDenied.test(lower) || itemAbsent.test(lower)));
  if (!verdictOnIt) return { denied, unnamed: false };
  const ofTheItem = mentions.filter(({ candidate }) => candidate.key === item);
  if (item !== null && ofTheItem.length > 0) for (const mention of ofTheItem) denied.add(mention);
  else if (keys.size === 1) for (const mention of mentions) denied.add(mention);
  return { denied, unnamed: denied.size === 0 };
}
