/**
 * What a sentence of reasoning says about the answer: that it is this (a commitment), or that it is not that (a rejection).
 * Structural: a candidate must be named, and the sentence must be built as a conclusion. No word alone decides.
 */
import type { ProblemType } from '../protocol/dataset.ts';

export interface Candidate {
  /** Equal keys are the same answer. */
  readonly key: string;
  /** As it is shown to people. */
  readonly label: string;
  /** What a number counts, where the sentence says so: numbers of different things do not contradict each other. */
  readonly unit: string | null;
}

export interface Statement {
  readonly commitment: Candidate | null;
  /** Named as the answer in so many words ("the answer is B"), not just concluded ("so B"). */
  readonly explicit: boolean;
  /** Said as a possibility or a question. */
  readonly tentative: boolean;
  /** Candidates that are said not to be the answer. */
  readonly rejected: readonly Candidate[];
  /** An earlier commitment is rejected without being named ("that can't be right"). */
  readonly rejectsEarlier: boolean;
  readonly givesReason: boolean;
}

export interface AnswerSpace {
  readonly problemType: ProblemType;
  /** Options by letter, their texts in lower case and without label. */
  readonly options: readonly { readonly letter: string; readonly text: string }[];
}

interface Mention {
  readonly candidate: Candidate;
  readonly start: number;
  readonly end: number;
}

const conclusion =
  /\b(?:so|therefore|thus|hence|consequently|in conclusion|in total|altogether|(?:that|which|this) (?:makes|means|leaves|gives)|must be|has to be|must have been|i(?:'ll| will| would|'d)? (?:choose|pick|go with|select|settle on)|(?:is|are) (?:the )?(?:correct|right|best)|(?:fits|matches) best)\b/;
const explicitAnswer =
  /\b(?:(?:final |correct |right |best |my )?(?:answer|option|choice|solution)(?: here)? (?:is|must be|should be|would be|has to be|remains|stays)|(?:answer|choice)\s?:|(?:is|are) (?:the )?(?:correct|right|best)(?: (?:answer|option|choice|one))?|i(?:'ll| will| would|'d)? (?:choose|pick|go with|select|settle on))/;
const possibility = /\b(?:could|might|may|maybe|perhaps|possibly|if|whether|suppose|assume)\b/;
const negationBefore =
  /(?:\bnot|n't|\bcannot be|\brather than|\binstead of|\bneither|\bnor|\bno longer|\brul(?:e|es|ed|ing) out|\beliminat(?:e|es|ed|ing)|\bexclud(?:e|es|ed|ing)|\breject(?:s|ed|ing)?|\bdiscard(?:s|ed|ing)?|\bcross(?:es|ed|ing)? out)(?: (?:be|been|the|a|an|option|options|choice|answer|at|about|just|only|to|both))*[ ("'*]*$/;
const rejectionAfter =
  /^[)"'*.]* ?(?:(?:option|choice|answer|one) )?(?:(?:is|are|was|were|seems?|would be|must be) (?:clearly |also |therefore |just |simply )?(?:wrong|incorrect|false|out\b|ruled out|excluded|eliminated|impossible|not\b)|(?:isn't|aren't|wasn't|weren't|can't be|cannot be|couldn't be|can not be|doesn't (?:fit|match|work|hold|make sense)|does not (?:fit|match|work|hold|make sense)|don't (?:fit|match|work)|do not (?:fit|match|work)|fails)\b)/;
const rejectsEarlier =
  /\b(?:that|this|it) (?:is|was|can't be|cannot be|isn't|wasn't|doesn't|does not|must be|seems) ?(?:clearly |also |not )?(?:wrong|incorrect|right|correct|a mistake|mistaken|an error|fit|match|work|hold|add up|make sense)\b|\bi (?:was|am) (?:wrong|mistaken)\b|\bi (?:made a mistake|misread|miscounted|misjudged)\b/;
const agreesWithEarlier = /\b(?:that|this|it) (?:is|was|seems|must be) (?:clearly |also )?(?:right|correct)\b/;
const reason =
  /\b(?:because|since|as (?:the|it|there|we|he|she|they|that)|for (?:the|it|there)|due to|given that|while|whereas|which (?:is|are|was|were|shows?|means))\b|[:;—–]/;

const smallNumbers = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen', 'twenty'],
];
const numberPattern = new RegExp(
  `(?<![\\w.])(-?\\d[\\d,]*(?:\\.\\d+)?|${smallNumbers.slice(1).join('|')}|zero)(?![\\w])`,
  'g',
);
/** Words after a number that say nothing of what is counted. */
const emptyUnit = new Set([
  '',
  'in',
  'on',
  'at',
  'and',
  'or',
  'is',
  'are',
  'was',
  'not',
  'of',
  'the',
  'because',
  'since',
  'times',
  'total',
  'as',
  'rather',
  'instead',
  'again',
  'again.',
]);

/** One line in lower case with straight quotes, cut to a length that keeps every pattern cheap. */
export function plain(sentence: string): string {
  return sentence.slice(0, 2000).replace(/\s+/g, ' ').replace(/[’‘]/g, "'").trim();
}

/** Letters that stand for options, where the words around them show that they do. */
function letterMentions(text: string, space: AnswerSpace): Mention[] {
  const mentions: Mention[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])/g)) {
    const letter = match[1] as string;
    if (!space.options.some((option) => option.letter === letter)) continue;
    const at = match.index;
    const before = text.slice(Math.max(0, at - 24), at).toLowerCase();
    const after = text.slice(at + 1, at + 32).toLowerCase();
    const named = /(?:option|options|choice|answer|letter)[ :("'*]*$/.test(before);
    const marked = /[("'*]$/.test(before) && /^[)"'*]/.test(after);
    const introduced =
      /(?:^|\b(?:is|be|so|therefore|thus|hence|not|with|pick|choose|select|for|eliminate|eliminates|exclude|excludes|reject|discard|out|than|of|or|and|it's|actually|no|wait)[,:]?|[,:;—–]) ?$/.test(
        before,
      );
    const ended =
      /^[)"'*]*(?:$|[.,;:!?]|\s?[—–-]| (?:is|are|was|must|seems?|fits?|matches|would|because|since|as|and|or|instead|rather|again|can|can't|could|cannot|does|doesn't|has|fails|isn't|then)\b)/.test(
        after,
      );
    const certain = letter === 'I' ? named || marked : named || marked || (introduced && ended);
    if (certain) mentions.push({ candidate: { key: letter, label: letter, unit: null }, start: at, end: at + 1 });
  }
  return mentions;
}

/** Options named by their text; where two fit at a place, the longer one is meant. */
function textMentions(lower: string, space: AnswerSpace): Mention[] {
  const found: Mention[] = [];
  for (const { letter, text } of space.options) {
    if (text === '') continue;
    for (let at = lower.indexOf(text); at >= 0; at = lower.indexOf(text, at + text.length)) {
      const end = at + text.length;
      const whole = !/[\p{L}\p{N}]/u.test(lower[at - 1] ?? ' ') && !/[\p{L}\p{N}]/u.test(lower[end] ?? ' ');
      if (whole) found.push({ candidate: { key: letter, label: `${letter} (${text})`, unit: null }, start: at, end });
    }
  }
  return found.filter(
    (mention) =>
      !found.some(
        (other) =>
          other.start <= mention.start &&
          other.end >= mention.end &&
          other.end - other.start > mention.end - mention.start,
      ),
  );
}

function numberMentions(lower: string): Mention[] {
  return Array.from(lower.matchAll(numberPattern), (match) => {
    const written = match[1] as string;
    const word = smallNumbers.indexOf(written);
    const value = word >= 0 ? word : Number(written.replaceAll(',', ''));
    const end = match.index + written.length;
    const unit = /^[ -]([a-z]+)/.exec(lower.slice(end, end + 24))?.[1]?.replace(/s$/, '') ?? '';
    return {
      candidate: { key: String(value), label: String(value), unit: emptyUnit.has(unit) ? null : unit },
      start: match.index,
      end,
    };
  });
}

const emptyWords = new Set(
  'a an the it is was are were that this there and or of in on at to so he she they its'.split(' '),
);

/** Texts stated after "says", "reads", "answer is", in quotes or to the end of the sentence. */
function textAnswers(lower: string): Mention[] {
  const match = /\b(?:says|reads|spells|shows|answer is|answer must be|answer should be)\b[ :]*/.exec(lower);
  if (!match) return [];
  const start = match.index + match[0].length;
  const tail = lower.slice(start);
  const stated = /^["“']([^"”]+?)["”'](?:$|[\s.,;!?])/.exec(tail)?.[1] ?? tail.split(/[.;!?]/)[0] ?? '';
  const words = (stated.match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !emptyWords.has(word));
  if (words.length === 0) return [];
  return [{ candidate: { key: words.join(' '), label: stated.trim(), unit: null }, start, end: start + stated.length }];
}

function mentionsOf(text: string, lower: string, space: AnswerSpace): Mention[] {
  switch (space.problemType) {
    case 'multiple choice':
      return [...letterMentions(text, space), ...textMentions(lower, space)].sort((a, b) => a.start - b.start);
    case 'numerical':
    case 'regression':
      return numberMentions(lower);
    case 'OCR':
    case 'free-form':
      return textAnswers(lower);
  }
}

/** The one candidate that a conclusion states: the only one for choice, the last one after the conclusion for numbers. */
function statedCandidate(mentions: readonly Mention[], from: number, space: AnswerSpace): Candidate | null {
  if (space.problemType === 'multiple choice') {
    const keys = new Set(mentions.map(({ candidate }) => candidate.key));
    return keys.size === 1 ? (mentions[0]?.candidate ?? null) : null;
  }
  const after = mentions.filter(({ start }) => start >= from);
  return (after.at(-1) ?? mentions[0])?.candidate ?? null;
}

/** Reads one sentence. Linear in its length. */
export function readStatement(sentence: string, space: AnswerSpace): Statement {
  const text = plain(sentence);
  const lower = text.toLowerCase();
  const rejected: Mention[] = [];
  const affirmed: Mention[] = [];
  for (const mention of mentionsOf(text, lower, space)) {
    const negated =
      negationBefore.test(lower.slice(Math.max(0, mention.start - 60), mention.start)) ||
      rejectionAfter.test(lower.slice(mention.end, mention.end + 60));
    (negated ? rejected : affirmed).push(mention);
  }
  const explicitAt = explicitAnswer.exec(lower);
  const concluded = explicitAt ?? conclusion.exec(lower);
  const saysText = (space.problemType === 'OCR' || space.problemType === 'free-form') && affirmed.length > 0;
  const commitment = concluded || saysText ? statedCandidate(affirmed, concluded?.index ?? 0, space) : null;
  const earlier = rejectsEarlier.exec(lower);
  return {
    commitment,
    explicit: explicitAt !== null,
    tentative: /\?["'”)*]*$/.test(text) || possibility.test(lower),
    rejected: rejected.map(({ candidate }) => candidate),
    rejectsEarlier: earlier !== null && !(agreesWithEarlier.test(earlier[0]) && !/n't|not/.test(earlier[0])),
    givesReason: reason.test(lower),
  };
}
