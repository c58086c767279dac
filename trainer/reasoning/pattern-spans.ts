/** Where in an answer a pattern is. It looks only for what `patterns.ts` has found; null where that is the whole. */
import type { PatternName } from '../protocol/patterns.ts';
import type { Group, Rollout, Span } from '../protocol/records.ts';
import { withWholeCharacters } from '../protocol/text-spans.ts';
import { languageSwitch, quoted } from './language-switch.ts';
import { missingMention } from './patterns.ts';
import { repetitionSpan } from './repetition.ts';
import { splitSentences } from './sentences.ts';

interface SpannedAnswer extends Pick<Rollout, 'text' | 'parsed' | 'commitments'> {}
interface SpannedGroup {
  readonly question: Pick<Group['question'], 'problem' | 'options' | 'solution'>;
  readonly media: Pick<Group['media'], 'kind' | 'times' | 'durationSeconds'>;
}

/** In UTF-16 code units of the whole text, whole characters. */
export function patternSpan(pattern: PatternName, answer: SpannedAnswer, group: SpannedGroup): Span | null {
  const { text, parsed, commitments = [] } = answer;
  const found =
    pattern === 'wrong way' ? lastWrong(commitments) : parsed.think && inReasoning(pattern, text, parsed.think, group);
  return found === null || found.start >= found.end ? null : withWholeCharacters(text, found);
}

function lastWrong(commitments: NonNullable<Rollout['commitments']>): Span | null {
  const last = commitments.at(-1);
  return last?.right === false ? last.span : null;
}

function inReasoning(pattern: PatternName, text: string, think: Span, group: SpannedGroup): Span | null {
  const reasoning = text.slice(think.start, think.end);
  // As long as it is, so that places stay.
  const unquoted = reasoning.replace(quoted, (words) => ' '.repeat(words.length));
  const found = (() => {
    switch (pattern) {
      case 'repetition':
        return repetitionSpan(reasoning, splitSentences(reasoning, { start: 0, end: reasoning.length }));
      case 'language switch': {
        const { problem, options, solution } = group.question;
        return languageSwitch(unquoted, [problem, ...options, solution].join('\n'));
      }
      case 'missing frame':
        return missingMention(unquoted, group)?.span ?? null;
      case 'no reasoning':
        return trimmed(reasoning);
      default:
        return null;
    }
  })();
  return found && { start: think.start + found.start, end: think.start + found.end };
}

function trimmed(text: string): Span {
  const start = text.length - text.trimStart().length;
  return { start, end: Math.max(start, text.trimEnd().length) };
}
