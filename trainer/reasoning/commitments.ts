/**
 * What a sentence of reasoning says about the answer: that it is this (a commitment), or that it is not that (a rejection).
 * Structural: a candidate must be named, and the sentence must be built as a conclusion. No word alone decides.
 */
import { type AnswerSpace, type Candidate, type Mention, mentionsOf, plain } from './mentions.ts';
import { denialIn } from './rejections.ts';
import { relationTo } from './relations.ts';

export interface Statement {
  readonly commitment: Candidate | null;
  /** Named as the answer in so many words ("the answer is B"), or by its letter: no step on the way. */
  readonly explicit: boolean;
  /** Candidates that are said not to be the answer. */
  readonly rejected: readonly Candidate[];
  /** Candidates that are named and not rejected. */
  readonly affirmed: readonly Candidate[];
  /** Something named before is said not to be the answer ("this doesn't fit"). */
  readonly rejectsUnnamed: boolean;
  /** An earlier commitment is taken back without being named ("that was a mistake"). */
  readonly rejectsEarlier: boolean;
  readonly givesReason: boolean;
  /** The candidate whose item in a list begins here ("Option A: …"). */
  readonly item: Candidate | null;
}

const qualities = '(?:correct|right|best|accurate|appropriate|likeliest)';
/** Say too little by themselves: "B seems plausible". */
const mildly = '(?:most (?:suitable|fitting|likely|plausible|reasonable|probable))';
const nouns = '(?:answer|option|choice|solution|one|fit|match|conclusion|description|candidate|explanation)';
/** In front of a candidate: it is the answer, in so many words. */
const answerIs =
  /(?:\b(?:final |correct |right |best |my |only |natural |likeliest |most \w+ )*(?:answer|option|choice|solution|conclusion|estimate)(?: (?:here|then|to the question|for this question|that \w+ with [^.;]{1,40}?))? ?(?:(?:is|must be|should be|would be|will be|has to be|could only be|can only be|remains|stays(?: at)?|becomes)\b|:)|\b(?:i (?:think|believe|guess|suspect|conclude|feel)|i(?:'m| am) (?:\w+ )?(?:sure|confident|certain))(?: that)? (?:it|this|that|the answer)(?:'s| is| must be| should be| would be)|\bi(?:'m| am) (?:going|leaning) (?:with|for|towards?)|\bi(?:'ll| will| would|'d)? (?:choose|pick|go (?:with|for)|select|settle on|answer|conclude|opt for|say)\b|\b(?:it|this|that|there) (?:must be|has to be|can only be|could only be)\b) ?(?:that |indeed |clearly |therefore |thus |about |around |roughly |then |:)*/g;
/** In front of any candidate: nothing else is left. */
const leaves =
  /(?:\bleav(?:es|ing)(?: us| me)?(?: with)?(?: only)?|\b(?:left|remains|remaining)(?: \w+)? is)(?: the| a| an| option)*[ :("']*$/;
/** Behind a candidate. */
const isTheAnswer = new RegExp(
  `^[)"']*(?:,? (?:it is|it's|then)[.!]?$| (?:\\w+ ){0,3}?(?:is|are|was|seems?|looks?|appears?|would be|must be|has to be|should be|remains)(?: to be)? (?:(?:clearly|indeed|definitely|also|thus|therefore|still|certainly) )*(?:the )?(?:(?:most|only|very) )*?(?:${qualities}|${mildly}|(?:(?:${qualities}|${mildly}) )?${nouns}|left|my (?:final )?answer)\\b(?! than)| (?:remains|is left)\\b| (?:\\w+ly )?(?:describes?|match(?:es)?|fits?|explains?|captures?|reflects?|answers?)\\b)`,
);
const isBest = new RegExp(
  `^[)"']*(?: \\w+){0,3}? (?:is|are|was) (?:the )?(?:(?:most )?${qualities}|${mildly})\\b|^[)"']*.{0,30}\\bbest\\b`,
);
const asOptionSays = /(?:\b(?:as|what|just as|like))(?: in)?(?: option)? ?[("']*$/;
const saysSo = /^[)"']* (?:says|states|has it|describes|claims|puts it|suggests|shows|is about)\b/;

/** Begins a consequence. Not "so that", "so far", "so much". */
const consequence =
  /(?:\b(?:so(?! (?:that(?! (?:would|is|must|makes|means|leaves|gives|has|should|can)\b)|far|much|many|as|on|close|small|big|long|fast|few|little|high|low|often|soon|well)\b)|therefore|thus|hence|consequently|accordingly|in conclusion|in summary|to sum up|overall|all in all|in total|altogether|considering (?:all )?(?:this|that|everything)|(?:that|which|this|it) (?:makes|means|leaves|gives|suggests|shows|confirms|is)(?= )|must be|has to be|must have been|finally)\b|=>|→|⇒)/g;
const sums =
  /\b(?:total|sum|count|number|difference|estimate|size|distance|length|result|average|altogether)\b[^.;!?]{0,60}?\b(?:is|are|was|comes? to|amounts? to|would be|of)\b|\b(?:comes?|amounts?|adds? up) to\b|\b(?:total|in total|altogether)\b|\b(?:seems?|appears?) (?:to be )?|\bi(?:'d)? (?:estimate|guess|count|get)\b|^(?:[-•\d.) ]*)yes,? /g;
const equation = /=\s*(?=-?\d[\d,.]*(?: ?[a-z²³%]+){0,2}[.,;]?(?:$| so\b))/g;

const possibility =
  /\b(?:could(?! only)|might|may(?! \d)|maybe|perhaps|possibly|if|whether|suppose|assume|not sure|unsure|unclear)\b/;
/** What is only looked at: "so let me consider option A". */
const lookedAt =
  /\b(?:let me|let's|let us|consider(?:ing)?|check(?:ing)?|look(?:ing)? (?:at|into)|(?:what|how) about|compar(?:e|ing)|examin(?:e|ing)|evaluat(?:e|ing)|analy[sz](?:e|ing))\b/;
const takesBack =
  /\b(?:that|this|it) (?:is|was|can't be|cannot be|isn't|wasn't|doesn't|does not|must be|seems) ?(?:clearly |also |not )?(?:wrong|incorrect|a mistake|mistaken|an error)\b|\b(?:that|this|it) (?:can't be|cannot be|isn't|wasn't|is not|was not|doesn't|does not|did not|didn't) (?:be )?(?:quite |really )?(?:right|correct|true|fit|match|work|hold|add up|make sense)\b|\bi (?:was|am) (?:wrong|mistaken)\b|\bi (?:made a mistake|misread|miscounted|misjudged|overlooked|missed|skipped|forgot)\b/;
const reason =
  /\b(?:because|since|as (?!well|for\b|it has\b|option)|for (?:the|it|there|he|she|they|we|no|a)\b|due to|given (?:that|the|how|what)|seeing that|considering that|while|whereas|where|which|whose|but|yet|though|although|so|hence|thus|therefore|when)\b|[:;—–]| - |\bwould\b|\b(?:in|by|from|with) the (?:video|clip|scene|frames?|footage|image|picture|shot)\b|\b(?:shown|seen|depicted|visible|mentioned)\b|\btoo \w+|\bno (?:\w+ )?(?:evidence|indication|sign|mention|support|reason|proof|hint)\b|^(?:and |so )?(?:this|that) (?:\w+ )?(?:rules|eliminates|excludes|contradicts)\b|, (?:no|not|there)\b|\band (?:it|there|he|she|they) (?:has|have|is|are) no\b/;

/** What may stand in front of the candidate whose item begins. */
const itemStart =
  /^(?:[-•+–>]+ |\d+[.)] |\(?[a-h]\) |step \d+:? )?(?:(?:as )?for |regarding |considering |checking )?(?:the |a |an )?(?:options? |choice |answer )?[("']*$/;
const listMark = /^(?:[-•+–>]+ |\d+[.)] |\(?[a-h]\) )/;
const afterItem = /^[)"']*\.?\)?(?: \([^)]*\))? ?(?::|[–—]|- |,|\)|$)|^[)"']*\.?:/;

function itemOf(lower: string, mentions: readonly Mention[]): Candidate | null {
  const [first] = mentions;
  if (!first || first.start > 40 || !itemStart.test(lower.slice(0, first.start))) return null;
  const after = lower.slice(first.end, first.end + 60);
  const labels = first.byLetter && /^[).:]/.test(after);
  return labels || listMark.test(lower) || afterItem.test(after) ? first.candidate : null;
}

/** The part of a sentence between marks and "but" that a place stands in. */
function clauseAt(lower: string, { start, end }: Mention): string {
  const before = lower.slice(Math.max(0, start - 120), start);
  const from = Math.max(...[',', ';', ':', '—', '–', ' but ', ' so '].map((mark) => before.lastIndexOf(mark)));
  const after = lower.slice(end, end + 60);
  const to = after.search(/[,;:—–]| but | because | since /);
  return before.slice(from + 1) + lower.slice(start, end) + (to < 0 ? after : after.slice(0, to));
}

/** Said as a possibility, or as what is looked at next. */
function isOpen(lower: string, mention: Mention): boolean {
  const clause = clauseAt(lower, mention);
  return (
    possibility.test(clause) || lookedAt.test(clause.slice(0, clause.indexOf(lower.slice(mention.start, mention.end))))
  );
}

/** Nothing but an option's letter, as a sentence. */
const isAlone = /^[("']*(?:option )?[a-z][)"']*[.!]$/;

interface Stated {
  readonly mention: Mention;
  readonly explicit: boolean;
}

/** The first affirmed candidate behind the last of some marks; null where two stand there as alternatives. */
function behind(marks: RegExp, lower: string, affirmed: readonly Mention[], reach: number): Mention | null {
  for (const mark of Array.from(lower.matchAll(marks)).reverse()) {
    const end = mark.index + mark[0].length;
    const after = affirmed.filter(({ start }) => start >= end && start - end <= reach);
    const [first] = after;
    if (!first) continue;
    const rival = after.find(({ candidate }) => candidate.key !== first.candidate.key);
    return rival && /^[)"']*,? (?:or|and|to)\b/.test(lower.slice(first.end, rival.start)) ? null : first;
  }
  return null;
}

function statedChoice(lower: string, affirmed: readonly Mention[]): Stated | null {
  const explicit = (mention: Mention | null | undefined): Stated | null =>
    mention ? { mention, explicit: true } : null;
  const named = behind(answerIs, lower, affirmed, 40);
  if (named) return explicit(named);
  const [only] = affirmed;
  if (only?.byLetter && isAlone.test(lower)) return explicit(only);
  const told = affirmed.find((mention) => {
    const before = lower.slice(Math.max(0, mention.start - 80), mention.start);
    const after = lower.slice(mention.end, mention.end + 80);
    const relation = relationTo(before);
    if (relation === 'denied') return false;
    if (leaves.test(before)) return true;
    if (mention.byLetter)
      return (
        relation === 'holds' ||
        isTheAnswer.test(after) ||
        (asOptionSays.test(before) && saysSo.test(after)) ||
        /^(?:[-•\d.) ]*)?(?:yes|so|ok|okay),? (?:option )?$/.test(before)
      );
    return isBest.test(after) && isTheAnswer.test(after);
  });
  const alternatives = new Set(affirmed.map(({ candidate }) => candidate.key)).size;
  if (told) {
    const rival = affirmed.find(({ candidate, byLetter }) => byLetter && candidate.key !== told.candidate.key);
    return rival && alternatives > 1 && /\bor\b/.test(lower) ? null : explicit(told);
  }
  const concluded = behind(consequence, lower, affirmed, 160);
  if (concluded) {
    const keys = new Set(
      affirmed.filter(({ start }) => start >= concluded.start).map(({ candidate }) => candidate.key),
    );
    return keys.size === 1 ? { mention: concluded, explicit: concluded.byLetter } : null;
  }
  return null;
}

function statedNumber(lower: string, affirmed: readonly Mention[]): Stated | null {
  const places =
    /(?:\b(?:frames?|scenes?|steps?|parts?|options?|at|from|until|after|before|by|second|between)(?: about| around| the)?|:) $/;
  const amounts = affirmed.filter(({ start }) => !places.test(lower.slice(Math.max(0, start - 20), start)));
  const last = (marks: RegExp): Mention | undefined => {
    const mark = Array.from(lower.matchAll(marks))[0];
    if (!mark) return undefined;
    const end = mark.index + mark[0].length;
    // "So at 2 s." says when, where that is what was asked.
    return (
      amounts.findLast(({ start }) => start >= end) ?? affirmed.find(({ start }) => start >= end && start - end < 8)
    );
  };
  const named = last(answerIs);
  if (named) return { mention: named, explicit: true };
  const concluded = last(equation) ?? last(consequence) ?? last(sums);
  return concluded ? { mention: concluded, explicit: false } : null;
}

/**
 * Reads one sentence. Linear in its length.
 * @param item the candidate whose item in a list of options the sentence stands in, from an earlier sentence
 */
export function readStatement(sentence: string, space: AnswerSpace, item: Candidate | null = null): Statement {
  const text = plain(sentence);
  const lower = text.toLowerCase();
  const mentions = mentionsOf(text, space);
  const begins = space.problemType === 'multiple choice' ? itemOf(lower, mentions) : null;
  const said = (from: readonly Mention[]) =>
    space.problemType === 'multiple choice'
      ? statedChoice(lower, from)
      : space.problemType === 'numerical' || space.problemType === 'regression'
        ? statedNumber(lower, from)
        : from[0]
          ? { mention: from[0], explicit: false }
          : null;
  const { denied, unnamed } = denialIn(
    lower,
    mentions,
    said(mentions)?.explicit ?? false,
    (begins ?? item)?.key ?? null,
  );
  const stated = said(mentions.filter((mention) => !denied.has(mention)));
  const tentative = stated !== null && (/\?["'”)*]*$/.test(text) || isOpen(lower, stated.mention));
  return {
    commitment: stated && !tentative ? stated.mention.candidate : null,
    explicit: stated?.explicit ?? false,
    rejected: Array.from(denied, ({ candidate }) => candidate),
    affirmed: mentions.filter((mention) => !denied.has(mention)).map(({ candidate }) => candidate),
    rejectsUnnamed: unnamed,
    rejectsEarlier: takesBack.test(lower),
    givesReason: reason.test(lower),
    item: begins,
  };
}
