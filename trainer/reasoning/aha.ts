/**
 * Aha moments: places where the reasoning leaves a straight path to its answer and looks again. Found by structure, not by
 * words, since the prompt itself asks for "wait" and "hmm". Deterministic, and silent where the text shows nothing.
 *
 * Tiers: 1 a prompted cue and no more; 2 looks again, checks nothing new; 3 checks against evidence not used before;
 * 4 rejects an answer or an option with a reason; 5 the answer changes.
 */
import type { ProblemType } from '../protocol/dataset.ts';
import type { AhaMoment, Commitment, Span } from '../protocol/records.ts';
import { answerNumber } from '../rewards/numerical.ts';
import { regressionReward } from '../rewards/regression.ts';
import { readStatement, type Statement } from './commitments.ts';
import { type AnswerSpace, answerSpace, type Candidate, plain } from './mentions.ts';
import { type Sentence, splitSentences } from './sentences.ts';
import { evidenceOf, namesTime, type Turn, turnOf } from './turns.ts';

export interface AhaContext {
  /** Where the reasoning stands in the text. */
  readonly think: Span;
  readonly options: readonly string[];
  /** The right answer, without tags. */
  readonly solution: string;
  readonly problemType: ProblemType;
}

/** An episode of looking again is closed after so many sentences without a conclusion. */
const longestEpisode = 12;
/** An item of a list of options is what is spoken of for so many sentences. */
const longestItem = 3;

const wordsOf = (text: string) => text.match(/[\p{L}\p{N}%]+/gu) ?? [];

/** Whether a candidate is the solution; null where that can't be told from its form. */
function isRight(candidate: Candidate, context: AhaContext, space: AnswerSpace): boolean | null {
  const { solution } = context;
  switch (context.problemType) {
    case 'multiple choice': {
      const label = /^\(?([A-Z])\)?[.):]?$/.exec(solution.trim())?.[1];
      if (label !== undefined) return candidate.key === label;
      const text = plain(solution).toLowerCase();
      return space.options.some((o) => o.letter === candidate.key && o.text === text);
    }
    case 'numerical': {
      const value = answerNumber(solution);
      return value === null ? null : Number(candidate.key) === value;
    }
    case 'regression': {
      // Between the two it is right in part.
      const { value } = regressionReward(candidate.key, solution, false);
      return value === 1 ? true : value === 0 ? false : null;
    }
    case 'OCR':
    case 'free-form':
      // Another wording may be right too.
      return wordsOf(candidate.label.toLowerCase()).join(' ') === wordsOf(solution.toLowerCase()).join(' ') || null;
  }
}

const words = (right: boolean | null) => (right === null ? 'not comparable' : right ? 'right' : 'wrong');

const isNumber = (word: string) => /\d/.test(word);

/** Whether two answers exclude each other. */
function contradicts(before: Candidate, after: Candidate, type: ProblemType): boolean {
  if (before.key === after.key) return false;
  switch (type) {
    case 'multiple choice':
      return true;
    case 'numerical':
    case 'regression':
      // Numbers of different things are two statements.
      return before.unit === null || after.unit === null || before.unit === after.unit;
    case 'OCR':
    case 'free-form': {
      const [left, right] = [before.key.split(' '), after.key.split(' ')];
      const onlyLeft = left.filter((word) => !right.includes(word));
      const onlyRight = right.filter((word) => !left.includes(word));
      // One of them goes on where the other ends: the same, read further.
      if (onlyLeft.length === 0 || onlyRight.length === 0) return false;
      if (onlyLeft.some(isNumber) && onlyRight.some(isNumber)) return true;
      // A text is read word by word; in an answer of one's own words most have to differ.
      const shared = left.length - onlyLeft.length;
      return type === 'OCR' || shared * 2 < Math.min(left.length, right.length);
    }
  }
}

/** A commitment, and what has been looked at again since. */
interface Episode {
  readonly first: number;
  last: number;
  /** More than a contrast: a cue, a check, or a rejection. */
  strong: boolean;
  newEvidence: number | null;
  rejection: number | null;
  unreasoned: number | null;
}

interface Read extends Statement {
  readonly sentence: Sentence;
  readonly turn: Turn;
  readonly evidence: readonly string[];
  /** The candidate in whose item of a list it stands, and the sentence that begins the item. */
  readonly within: { readonly candidate: Candidate; readonly from: number } | null;
}

/** Goes through the reasoning once, holding what the answer stands at. */
class Reader {
  readonly moments: AhaMoment[] = [];
  /** By the sentence that says so. */
  readonly commitments: { readonly at: number; readonly candidate: Candidate; readonly explicit: boolean }[] = [];
  private readonly read: readonly Read[];
  private readonly context: AhaContext;
  private readonly space: AnswerSpace;
  private readonly seen = new Set<string>();
  private standing: { candidate: Candidate; explicit: boolean } | null = null;
  private episode: Episode | null = null;

  constructor(read: readonly Read[], context: AhaContext, space: AnswerSpace) {
    this.read = read;
    this.context = context;
    this.space = space;
  }

  run(): void {
    for (let i = 0; i < this.read.length; i++) {
      this.step(i, this.read[i] as Read);
      for (const piece of (this.read[i] as Read).evidence) this.seen.add(piece);
    }
    this.close();
  }

  private step(i: number, now: Read): void {
    const firm = now.commitment;
    const rejected = this.rejectedIn(now);
    if (!this.standing) {
      if (rejected.length > 0 && this.hasReason(i))
        this.report(
          this.rejectionStart(i),
          this.reasonEnd(i),
          4,
          'option-eliminated',
          i,
          `rules out ${labels(rejected)}`,
        );
      else if (now.turn === 'cue' && !firm) this.report(i, i, 1, 'cue-without-commitment', i);
      if (firm) this.commit(i, firm, now.explicit);
      return;
    }
    const rejects = rejected.length > 0 || now.rejectsEarlier || (now.rejectsUnnamed && now.within === null);
    if (!this.episode && (now.turn !== null || rejects))
      this.episode = {
        ...{ first: rejects ? this.rejectionStart(i) : i, last: i, strong: false },
        ...{ newEvidence: null, rejection: null, unreasoned: null },
      };
    if (this.episode) {
      this.episode.last = i;
      if (rejects || now.turn === 'cue' || now.turn === 'check') this.episode.strong = true;
      if (rejects) {
        if (this.hasReason(i)) this.episode.rejection ??= i;
        else this.episode.unreasoned ??= i;
      }
      if (!firm && now.evidence.some((piece) => !this.seen.has(piece))) this.episode.newEvidence = i;
    }
    if (firm) this.conclude(i, now, firm);
    else if (this.episode && i - this.episode.first >= longestEpisode) this.close();
  }

  /** The last word on the solution is that it is not the answer: no later sentence names it without rejecting it. */
  rejectsSolution(): boolean {
    const isSolution = (candidate: Candidate) => isRight(candidate, this.context, this.space) === true;
    const rejected = this.read.findLastIndex((now) => this.rejectedIn(now).some(isSolution));
    return rejected >= 0 && !this.read.slice(rejected + 1).some((now) => now.affirmed.some(isSolution));
  }

  /** What a sentence rejects: what it names, or the option in whose item it stands. */
  private rejectedIn(now: Read): readonly Candidate[] {
    if (now.rejected.length > 0) return now.rejected;
    return now.rejectsUnnamed && now.within ? [now.within.candidate] : [];
  }

  /** A firm commitment while another one stands. */
  private conclude(i: number, now: Read, firm: Candidate): void {
    const before = this.standing as { candidate: Candidate; explicit: boolean };
    const changed = contradicts(before.candidate, firm, this.context.problemType);
    // Numbers are of one quantity, so that a contrast is enough; an option may be named on the way.
    const { problemType } = this.context;
    const isNumber = problemType === 'numerical' || problemType === 'regression';
    const turned = this.episode !== null && (this.episode.strong || before.explicit || isNumber);
    if (changed && turned) {
      this.report((this.episode as Episode).first, i, 5, 'answer-revised', i, this.revision(before.candidate, firm));
      this.episode = null;
    } else if (changed && before.explicit && now.explicit) {
      this.report(i, i, 5, 'answer-changed-without-a-turn', i, this.revision(before.candidate, firm));
    } else {
      // Without a turn, the conclusion before was a step on the way.
      if (changed && !before.explicit && this.episode === null) this.commitments.pop();
      this.close();
    }
    this.commit(i, firm, now.explicit);
  }

  private commit(at: number, candidate: Candidate, explicit: boolean): void {
    this.commitments.push({ at, candidate, explicit });
    this.standing = { candidate, explicit };
  }

  private revision(before: Candidate, after: Candidate): string {
    const was = words(isRight(before, this.context, this.space));
    const is = words(isRight(after, this.context, this.space));
    return `${before.label} (${was}) became ${after.label} (${is})`;
  }

  /** Ends an episode in which the answer stayed. */
  private close(): void {
    const episode = this.episode;
    this.episode = null;
    if (!episode) return;
    const { first, rejection, unreasoned, newEvidence, strong } = episode;
    if (rejection !== null) {
      const rejected = this.rejectedIn(this.read[rejection] as Read);
      const target = rejected.length > 0 ? labels(rejected) : (this.standing?.candidate.label ?? '');
      this.report(first, this.reasonEnd(rejection), 4, 'rejected-with-a-reason', rejection, `rejects ${target}`);
    } else if (!strong) return;
    else if (newEvidence !== null) {
      const fresh = (this.read[newEvidence] as Read).evidence;
      this.report(first, newEvidence, 3, 'verified-with-new-evidence', newEvidence, `looks at ${fresh.join(', ')}`);
    } else {
      const at = unreasoned ?? first;
      this.report(first, at, 2, unreasoned === null ? 'echo' : 'rejected-without-a-reason', at);
    }
  }

  /** A reason in the sentence itself, in what the item said before, or evidence in the next one. */
  private hasReason(i: number): boolean {
    const now = this.read[i] as Read;
    return now.givesReason || this.rejectionStart(i) < i || this.isGround(this.read[i + 1]);
  }

  /** A place in the middle or at the end alone is none. */
  private isGround(next: Read | undefined): boolean {
    return next?.evidence.some((piece) => !piece.startsWith('place')) ?? false;
  }

  /** Where a rejection begins: with the item of the option that it rejects. */
  private rejectionStart(i: number): number {
    const { within, rejected } = this.read[i] as Read;
    if (!within || i - within.from > 2) return i;
    const isOfItem = rejected.length === 0 || rejected.every(({ key }) => key === within.candidate.key);
    return isOfItem ? within.from : i;
  }

  private reasonEnd(i: number): number {
    const grounded = (this.read[i] as Read).givesReason || this.rejectionStart(i) < i;
    return grounded || i + 1 >= this.read.length ? i : i + 1;
  }

  private report(first: number, last: number, tier: AhaMoment['tier'], rule: string, at: number, note?: string): void {
    const start = (this.read[first] as Read).sentence.span.start;
    const end = (this.read[Math.max(first, last)] as Read).sentence.span.end;
    const quoted = (this.read[at] as Read).sentence.text;
    const short = quoted.length > 300 ? `${quoted.slice(0, 300)}…` : quoted;
    this.moments.push({ span: { start, end }, tier, rule, evidence: note ? `${short} [${note}]` : short });
  }
}

const labels = (candidates: readonly Candidate[]) => [...new Set(candidates.map(({ label }) => label))].join(', ');

/** Each sentence as a statement, with the item of a list of options that it stands in. */
function readSentences(sentences: readonly Sentence[], space: AnswerSpace): Read[] {
  const read: Read[] = [];
  let item: { candidate: Candidate; from: number } | null = null;
  for (const [i, sentence] of sentences.entries()) {
    if (item && i - item.from > longestItem) item = null;
    const statement = readStatement(sentence.text, space, item?.candidate ?? null);
    if (statement.item) item = { candidate: statement.item, from: i };
    else if (statement.commitment) item = null;
    const lower = plain(sentence.text).toLowerCase();
    read.push({ ...statement, sentence, turn: turnOf(lower), evidence: evidenceOf(lower), within: item });
  }
  return read;
}

export interface Reasoning {
  readonly aha: AhaMoment[];
  readonly commitments: Commitment[];
  /** It names a frame of the video or a time in it. */
  readonly namesTime: boolean;
  /** The last word on the solution is that it is not the answer. */
  readonly rejectsSolution: boolean;
}

/**
 * What a completion's reasoning does: its aha moments and commitments, in the order of the text; spans are in the whole text.
 * An episode of looking again gives one moment, its highest tier. Linear in the length of the reasoning.
 */
export function readReasoning(text: string, context: AhaContext): Reasoning {
  const space = answerSpace(context.problemType, context.options);
  const sentences = splitSentences(
    text,
    context.think,
    space.options.map((option) => option.text),
  );
  const reader = new Reader(readSentences(sentences, space), context, space);
  reader.run();
  return {
    // One can be known only after a later one.
    aha: reader.moments.toSorted((a, b) => a.span.start - b.span.start),
    commitments: reader.commitments.map(({ at, candidate }) => ({
      span: (sentences[at] as Sentence).span,
      answer: answerOf(candidate, context.problemType),
      right: isRight(candidate, context, space),
    })),
    namesTime: sentences.some((sentence) => namesTime(plain(sentence.text).toLowerCase())),
    rejectsSolution: reader.rejectsSolution(),
  };
}

function answerOf({ key, label, unit }: Candidate, type: ProblemType): string {
  if (type === 'multiple choice') return key;
  return unit === null ? label : `${label} ${unit}`;
}
