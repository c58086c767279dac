/**
 * Where a sentence names something that can be the answer: an option by its letter or its words, a number, a text that is
 * read out. What the sentence says of it is for `commitments.ts`.
 */
import type { ProblemType } from '../protocol/dataset.ts';
import { porterStem } from '../rewards/porter-stemmer.ts';

export interface Candidate {
  /** Equal keys are the same answer. */
  readonly key: string;
  /** As it is shown to people. */
  readonly label: string;
  /** What a number counts, where the sentence says so: numbers of different things do not contradict each other. */
  readonly unit: string | null;
}

export interface Option {
  readonly letter: string;
  /** In lower case, without label. */
  readonly text: string;
  /** Stems of the words that carry it, without those that all options begin with. */
  readonly stems: readonly string[];
}

export interface AnswerSpace {
  readonly problemType: ProblemType;
  readonly options: readonly Option[];
}

export interface Mention {
  readonly candidate: Candidate;
  readonly start: number;
  readonly end: number;
  /** Named by its letter, not by its words. */
  readonly byLetter: boolean;
}

/** Longest part of a sentence that is read. */
const longestSentence = 2000;

/** One line with straight quotes and no marks of emphasis, cut to a length that keeps every pattern cheap. */
export function plain(sentence: string): string {
  return sentence
    .slice(0, longestSentence)
    .replace(/[*_`]+/g, '')
    .replace(/\s+/g, ' ')
    .replace(/[’‘]/g, "'")
    .trim();
}

/** Words that carry nothing of an option or a text that is read out. */
const fillers = new Set(
  'a an the it is was are were that this there and or of in on at to so he she they its his her their by with for because be'.split(
    ' ',
  ),
);

const stems = new Map<string, string>();
/** As many different words as are kept: reasoning repeats few. */
const mostStems = 20_000;

function stem(word: string): string {
  const held = stems.get(word);
  if (held !== undefined) return held;
  if (stems.size >= mostStems) stems.clear();
  const made = porterStem(word);
  stems.set(word, made);
  return made;
}

const wordPattern = /[\p{L}\p{N}]+(?:[.'][\p{L}\p{N}]+)*/gu;

/** Words that carry a text; where none does, all of them. */
function carrying(text: string): string[] {
  const words = text.match(wordPattern) ?? [];
  const kept = words.filter((word) => !fillers.has(word));
  return (kept.length > 0 ? kept : words).map(stem);
}

/** How many words all options begin with: "The man sings", "The man reads" differ in the second one that carries. */
function sharedStart(texts: readonly (readonly string[])[]): number {
  const [first = [], ...others] = texts;
  if (others.length === 0) return 0;
  let shared = 0;
  while (texts.every((words) => words.length > shared + 1 && words[shared] === first[shared])) shared++;
  return shared;
}

/** Options by letter; those without a label are lettered by their place. */
export function answerSpace(problemType: ProblemType, options: readonly string[]): AnswerSpace {
  const read = options.map((option, place) => {
    const label = /^\s*\(?([A-Z])[.):]\s*/.exec(option);
    const text = plain(label ? option.slice(label[0].length) : option)
      .toLowerCase()
      .replace(/[.!]+$/, '');
    return { letter: label?.[1] ?? String.fromCharCode(65 + place), text, stems: carrying(text) };
  });
  const shared = sharedStart(read.map((option) => option.stems));
  return { problemType, options: read.map((option) => ({ ...option, stems: option.stems.slice(shared) })) };
}

const nouns = '(?:options?|choices?|answers?|letters?|alternatives?|candidates?|statements?)';
const namedBefore = new RegExp(`\\b${nouns}(?: is| are|,| being)?[ :("']*$`);
const namedAfter = new RegExp(`^[)"']*,? ?${nouns} $`);
const introduced =
  /(?:^|\b(?:is|be|so|therefore|thus|hence|not|with|pick|choose|select|for|to|by|in|as|eliminat(?:e|es|ing)|exclud(?:e|es|ing)|dismiss|reject|discard|out|than|of|or|and|nor|it's|isn't|wasn't|actually|no|yes|wait|that|only|leaves|leaving|remains|matches|fits|supports|favou?rs|confirms|suggests|means|says|why|when|where|if|because|but|although|though|while|yet|whether|like|both|n?either|then|going|left|remain)[,:]?|[,:;—–>→(-]|=>) ?$/;
const ended =
  /^[)"']*(?:$|[.,;:!?]|\s?[—–-]| (?:is|are|was|must|seems?|looks?|fits?|match|matches|would|because|since|as|and|or|nor|instead|rather|again|can|can't|could|cannot|does|doesn't|has|fails|isn't|then|it|best|instead|remains|describes|says|here|out|with|where|which|might|may|will|won't)\b)/;
/** Things that have letters for names. */
const calledByLetter =
  /\b(?:vitamin|team|point|plan|platform|gate|player|type|group|grade|terminal|line|exit|building|block|room|section|part|level|class|street|figure|person|car|box|door|side|note|key|row|column|lane|zone|camera|scene|step|size|sector|ball|cup|object|shape|house|track|bus|man|woman|area|spot|place|position|container) $/;
/** Words that a list of options goes on with: "options A and C". */
const listed = /(?:[A-Z](?:, | and | or |, and |, or |\/| nor ))$/;

/** Letters that stand for options, where the words around them show that they do. */
function letterMentions(text: string, { options }: AnswerSpace): Mention[] {
  const mentions: Mention[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])/g)) {
    const letter = match[1] as string;
    if (!options.some((option) => option.letter === letter)) continue;
    const at = match.index;
    const before = text.slice(Math.max(0, at - 24), at);
    const after = text.slice(at + 1, at + 32).toLowerCase();
    const lower = before.toLowerCase();
    const named = namedBefore.test(lower) || namedAfter.test(after);
    const marked = /[("']$/.test(before) && /^[)"']/.test(after);
    const label = /^(?:[-•\d.)( ]*)$/.test(before) && at < 24 && /^[).:]/.test(after);
    const follows = listed.test(before) && mentions.at(-1)?.end === at - (listed.exec(before)?.[0].length ?? 0) + 1;
    // A to Z at the end of a clause, but for an article, "I", and what is called by a letter.
    const closes =
      letter !== 'A' &&
      letter !== 'I' &&
      /^[)"']*(?:$|[.,;!?])/.test(after) &&
      /[a-z] $/.test(before) &&
      !calledByLetter.test(lower);
    const certain =
      named || marked || label || follows || closes || (letter !== 'I' && introduced.test(lower) && ended.test(after));
    if (certain)
      mentions.push({ candidate: { key: letter, label: letter, unit: null }, start: at, end: at + 1, byLetter: true });
  }
  return mentions;
}

/** Said of other things too: they name an option where the clause ends with them. */
const bare = /^(?:.|no|ye|yes|true|fals|false|none|both|all|neither|other)$/;

interface Word {
  readonly stem: string;
  readonly start: number;
  readonly end: number;
  readonly carries: boolean;
}

/** Options named by the words that carry them, in their order; where two fit at a place, the longer one is meant. */
function textMentions(lower: string, { options }: AnswerSpace): Mention[] {
  const words: Word[] = Array.from(lower.matchAll(wordPattern), (match) => ({
    stem: stem(match[0]),
    ...{ start: match.index, end: match.index + match[0].length, carries: !fillers.has(match[0]) },
  }));
  const found: (Mention & { length: number })[] = [];
  for (let at = 0; at < words.length; at++) {
    for (const { letter, text, stems: wanted } of options) {
      if (wanted.length === 0 || words[at]?.stem !== wanted[0]) continue;
      let next = at + 1;
      let matched = 1;
      while (matched < wanted.length && next < words.length) {
        const word = words[next] as Word;
        if (word.stem === wanted[matched]) matched++;
        else if (word.carries) break;
        next++;
      }
      if (matched < wanted.length) continue;
      const start = words[at]?.start as number;
      if (
        wanted.length === 1 &&
        bare.test(wanted[0] as string) &&
        !/^["')]*(?:$|[.,;:!?]| (?:is|was|must be|would be) )/.test(lower.slice(words[at]?.end))
      )
        continue;
      found.push({
        candidate: { key: letter, label: `${letter} (${text})`, unit: null },
        ...{ start, end: words[next - 1]?.end as number, byLetter: false, length: wanted.length },
      });
    }
  }
  return found.filter(
    (mention) =>
      !found.some((other) => other.start <= mention.start && other.end >= mention.end && other.length > mention.length),
  );
}

const smallNumbers = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen', 'twenty'],
];
const numberPattern = new RegExp(
  `(?<![\\w.])(-?\\d[\\d,]*(?:\\.\\d+)?|${smallNumbers.slice(1).join('|')}|zero)(?![\\w]|:\\d)`,
  'g',
);
/** Words after a number that say nothing of what is counted. */
const emptyUnit = new Set([
  ...['', 'in', 'on', 'at', 'and', 'or', 'is', 'are', 'was', 'not', 'of', 'the', 'because', 'since', 'times', 'total'],
  ...[
    'as',
    'rather',
    'instead',
    'again',
    'so',
    'here',
    'which',
    'that',
    'more',
    'by',
    'from',
    'then',
    'but',
    'if',
    'in',
  ],
]);

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
      byLetter: false,
    };
  });
}

/** How a text is said to be the answer, or, where the question is about writing, to be read. */
const answered = /\b(?:answer|solution) (?:here )?(?:is|must be|should be|would be|becomes)\b[ :]*/;
const readOut =
  /\b(?:says?|reads?|spells?|(?:spelled|written|states?|displays?|(?:answer|text|sign|word|words|label|caption|title|line|board|number|plate|inscription|writing|name|it|this|that)\b[^"“]{0,60}? (?:is|are|must be|should be|would be|becomes)(?: actually| now| in fact| really| rather)?|shows?|so|therefore|hence|thus|becomes)(?= ?["“']))[ :,]*(?:as |out )?/g;

/** Texts that are stated, in quotes or to the end of the sentence. */
function textAnswers(lower: string, problemType: ProblemType): Mention[] {
  const openings = problemType === 'OCR' ? Array.from(lower.matchAll(readOut)) : [];
  const plainly = answered.exec(lower);
  if (plainly) openings.push(plainly);
  for (const match of openings.reverse()) {
    const start = match.index + match[0].length;
    const tail = lower.slice(start);
    const stated = /^["“']([^"”]+?)["”'](?:$|[\s.,;!?])/.exec(tail)?.[1] ?? tail.split(/[.;!?](?:\s|$)/)[0] ?? '';
    const words = (stated.match(/[\p{L}\p{N}%]+/gu) ?? []).filter((word) => !fillers.has(word));
    if (words.length > 0)
      return [
        {
          candidate: { key: words.join(' '), label: stated.replace(/[.,"'”]+$/, '').trim(), unit: null },
          ...{ start, end: start + stated.length, byLetter: false },
        },
      ];
  }
  return [];
}

/**
 * The candidates that a sentence names, in their order.
 * @param text as `plain` gives it
 */
export function mentionsOf(text: string, space: AnswerSpace): Mention[] {
  const lower = text.toLowerCase();
  switch (space.problemType) {
    case 'multiple choice':
      return [...letterMentions(text, space), ...textMentions(lower, space)].sort((a, b) => a.start - b.start);
    case 'numerical':
    case 'regression':
      return numberMentions(lower);
    case 'OCR':
    case 'free-form':
      return textAnswers(lower, space.problemType);
  }
}
