/**
 * Aha moments: places where the reasoning leaves a straight path to its answer and looks again. Found by structure, not by
 * words, since the prompt itself asks for "wait" and "hmm". Deterministic, and silent where the text shows nothing.
 *
 * Tiers: 1 a prompted cue and no more; 2 looks again, checks nothing new; 3 checks against evidence not used before;
 * 4 rejects an answer or an option with a reason; 5 the answer changes.
 */
import type { ProblemType } from '../protocol/dataset.ts';
import type { AhaMoment, Span } from '../protocol/records.ts';
import { type AnswerSpace, type Candidate, plain, readStatement, type Statement } from './commitments.ts';
import { type Sentence, splitSentences } from './sentences.ts';

export interface AhaContext {
  /** Where the reasoning stands in the text. */
  readonly think: Span;
  readonly options: readonly string[];
  /** The right answer, without tags. */
  readonly solution: string;
  readonly problemType: ProblemType;
}

const cue =
  /^(?:oh|ah|aha|hmm+|hm|wait|hold on|no|actually|but|however|yet|still|though|on second thought|let me|let's|ok|okay|well|alternatively|looking (?:again|back|closer)|going back)\b|\b(?:wait|hmm+|hold on|oh, i see|on second thought|let me (?:see|think|check|look|verify|count|re)|let's (?:check|look|verify|count|break|re))/;
const check =
  /\b(?:check|double-check|verify|confirm|re-?examine|reconsider|re-?read|re-?watch|re-?count|count again|look(?:ing)? (?:again|back|closer|on|from|at)|go(?:ing)? back|compare|once more)\b/;

/** An episode of looking again is closed after so many sentences without a conclusion. */
const longestEpisode = 12;

const evidencePatterns: readonly [kind: string, pattern: RegExp][] = [
  ['frame', /\bframes? ?#?(\d+)/g],
  [
    'frame',
    /\b(first|second|third|fourth|fifth|last|final|middle|next|previous|earlier|later|opening) (?:few |two |three )?(?:frames?|scenes?|shots?|images?|parts?|seconds?)/g,
  ],
  ['place', /\b(?:at|from|in|of|that is|to) the (start|beginning|end|middle)\b/g],
  ['time', /\b(\d+(?:\.\d+)?) ?(?:s|sec|secs|seconds?)\b/g],
  ['time', /\b(\d+:\d\d)\b/g],
  ['option', /\boptions? ([a-z])\b/g],
  ['quote', /["“]([^"”]{2,80})["”]/g],
  ['number', /(?<![\w.])(\d+(?:\.\d+)?)(?![\w])/g],
];

/** The pieces of evidence that a sentence refers to: frames, times, options, quotations, numbers. */
function evidenceOf(lower: string): string[] {
  const found = new Set<string>();
  for (const [kind, pattern] of evidencePatterns) {
    for (const match of lower.matchAll(pattern)) found.add(`${kind} ${match[1] ?? ''}`);
  }
  return [...found];
}

/** Options by letter; those without a label are lettered by their place. */
function answerSpace({ problemType, options }: AhaContext): AnswerSpace {
  return {
    problemType,
    options: options.map((option, place) => {
      const label = /^\s*\(?([A-Z])[.):]\s*/.exec(option);
      const text = plain(label ? option.slice(label[0].length) : option).toLowerCase();
      return { letter: label?.[1] ?? String.fromCharCode(65 + place), text: text.replace(/[.!]+$/, '') };
    }),
  };
}

/** Whether a candidate is the solution; null where that can't be told from its form. */
function isRight(candidate: Candidate, context: AhaContext, space: AnswerSpace): boolean | null {
  const { solution } = context;
  switch (context.problemType) {
    case 'multiple choice':
      return (
        candidate.key === solution ||
        space.options.some((o) => o.letter === candidate.key && o.text === solution.toLowerCase())
      );
    case 'numerical':
    case 'regression': {
      const value = Number(solution.replaceAll(',', ''));
      return Number.isFinite(value) ? Number(candidate.key) === value : null;
    }
    case 'OCR':
    case 'free-form':
      return null;
  }
}

const words = (right: boolean | null) => (right === null ? 'not comparable' : right ? 'right' : 'wrong');

/** Numbers of different things, and texts that share most words, are no change of the answer. */
function contradicts(before: Candidate, after: Candidate, type: ProblemType): boolean {
  if (before.key === after.key) return false;
  if (type === 'numerical' || type === 'regression')
    return before.unit === null || after.unit === null || before.unit === after.unit;
  if (type === 'multiple choice') return true;
  const [left, right] = [new Set(before.key.split(' ')), new Set(after.key.split(' '))];
  const shared = [...left].filter((word) => right.has(word)).length;
  return shared * 2 < Math.min(left.size, right.size);
}

/** A commitment, and what has been looked at again since. */
interface Episode {
  readonly first: number;
  last: number;
  newEvidence: number | null;
  rejection: number | null;
  unreasoned: number | null;
}

interface Read extends Statement {
  readonly sentence: Sentence;
  readonly lower: string;
  readonly turns: boolean;
  readonly evidence: readonly string[];
}

/** Goes through the reasoning once, holding what the answer stands at. */
class Reader {
  readonly moments: AhaMoment[] = [];
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

  run(): AhaMoment[] {
    for (let i = 0; i < this.read.length; i++) {
      this.step(i, this.read[i] as Read);
      for (const piece of (this.read[i] as Read).evidence) this.seen.add(piece);
    }
    this.close();
    return this.moments;
  }

  private step(i: number, now: Read): void {
    const firm = now.commitment !== null && !now.tentative ? now.commitment : null;
    if (!this.standing) {
      if (now.rejected.length > 0 && this.hasReason(i)) {
        this.report(i, this.reasonEnd(i), 4, 'option-eliminated', i, `rules out ${labels(now.rejected)}`);
      } else if (now.turns && !firm) this.report(i, i, 1, 'cue-without-commitment', i);
      if (firm) this.standing = { candidate: firm, explicit: now.explicit };
      return;
    }
    const rejectsStanding = now.rejectsEarlier || now.rejected.some(({ key }) => key === this.standing?.candidate.key);
    if (!this.episode && (now.turns || now.rejected.length > 0 || now.rejectsEarlier)) {
      this.episode = { first: i, last: i, newEvidence: null, rejection: null, unreasoned: null };
    }
    if (this.episode) {
      this.episode.last = i;
      if (now.rejected.length > 0 || rejectsStanding) {
        if (this.hasReason(i)) this.episode.rejection ??= i;
        else this.episode.unreasoned ??= i;
      }
      if (now.evidence.some((piece) => !this.seen.has(piece))) this.episode.newEvidence = i;
    }
    if (firm) this.conclude(i, now, firm);
    else if (this.episode && i - this.episode.first >= longestEpisode) this.close();
  }

  /** A firm commitment while another one stands. */
  private conclude(i: number, now: Read, firm: Candidate): void {
    const before = this.standing as { candidate: Candidate; explicit: boolean };
    const changed = contradicts(before.candidate, firm, this.context.problemType);
    if (changed && this.episode) {
      this.report(this.episode.first, i, 5, 'answer-revised', i, this.revision(before.candidate, firm));
      this.episode = null;
    } else if (changed && before.explicit && now.explicit) {
      this.report(i, i, 5, 'answer-changed-without-a-turn', i, this.revision(before.candidate, firm));
    } else this.close();
    // Without a turn, a second conclusion may be a step on the way; the newest one stands.
    this.standing = { candidate: firm, explicit: now.explicit };
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
    if (episode.rejection !== null) {
      const end = this.reasonEnd(episode.rejection);
      const { rejected } = this.read[episode.rejection] as Read;
      const target = rejected.length > 0 ? labels(rejected) : (this.standing?.candidate.label ?? '');
      this.report(episode.first, end, 4, 'rejected-with-a-reason', episode.rejection, `rejects ${target}`);
    } else if (episode.newEvidence !== null) {
      const fresh = (this.read[episode.newEvidence] as Read).evidence;
      this.report(
        episode.first,
        episode.newEvidence,
        3,
        'verified-with-new-evidence',
        episode.newEvidence,
        `looks at ${fresh.join(', ')}`,
      );
    } else {
      const at = episode.unreasoned ?? episode.first;
      this.report(episode.first, at, 2, episode.unreasoned === null ? 'echo' : 'rejected-without-a-reason', at);
    }
  }

  /** A reason in the sentence itself, or evidence in the next one. */
  private hasReason(i: number): boolean {
    const now = this.read[i] as Read;
    return now.givesReason || (this.read[i + 1]?.evidence.length ?? 0) > 0;
  }

  private reasonEnd(i: number): number {
    return (this.read[i] as Read).givesReason || i + 1 >= this.read.length ? i : i + 1;
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

/**
 * The aha moments of a completion's reasoning, in the order of the text; spans are in the whole text.
 * An episode gives one finding, its highest tier. Linear in the length of the reasoning.
 */
export function findAhaMoments(text: string, context: AhaContext): AhaMoment[] {
  const space = answerSpace(context);
  const sentences = splitSentences(
    text,
    context.think,
    space.options.map((option) => option.text),
  );
  const read = sentences.map((sentence): Read => {
    const lower = plain(sentence.text).toLowerCase();
    return {
      ...readStatement(sentence.text, space),
      sentence,
      lower,
      turns: cue.test(lower) || check.test(lower),
      evidence: evidenceOf(lower),
    };
  });
  return new Reader(read, context, space).run();
}
