/** Argilla's records of exchanged items, as `records.to_json` writes them and `Dataset.from_disk` reads them. */
import { createHash } from 'node:crypto';
import { codePointSpan } from '../../../protocol/text-spans.ts';
import type { ExchangedAuthor, ExchangedJudgement, IdentifiedItem } from '../exchanged.ts';
import { ownKey, questions, textField } from './form.ts';

interface WrittenResponse {
  readonly value: unknown;
  readonly user_id: string;
  readonly status: 'submitted' | 'draft';
}

export interface WrittenRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly metadata: { readonly [ownKey]: string };
  readonly suggestions: Readonly<Record<string, never>>;
  readonly responses: Readonly<Record<string, readonly WrittenResponse[]>>;
  readonly vectors: Readonly<Record<string, never>>;
}

/**
 * Offsets count code points. A judgement without a verdict is a draft, as the verdict is what submits it. What no question holds
 * (severity, notes, history, who the users are) is in the metadata, as JSON.
 */
export function argillaRecord({ id, text, shown, judgements, entries }: IdentifiedItem): WrittenRecord {
  const responses: Record<string, WrittenResponse[]> = {};
  for (const judgement of judgements) {
    const status = judgement.verdict ? 'submitted' : 'draft';
    for (const [question, value] of answersOf(text, judgement)) {
      responses[question] ??= [];
      responses[question].push({ value, user_id: argillaUser(judgement.author), status });
    }
  }
  const users = Object.fromEntries(
    judgements.map(({ author: { name, email }, author }) => [argillaUser(author), { name, email }]),
  );
  return {
    id,
    fields: { ...shown, [textField]: text },
    metadata: { [ownKey]: JSON.stringify({ entries, users }) },
    suggestions: {},
    responses,
    vectors: {},
  };
}

function answersOf(text: string, { verdict, flags }: ExchangedJudgement): [question: string, value: unknown][] {
  const spans = flags.flatMap(({ category, span }) => {
    if (!span) return [];
    const { start, end } = codePointSpan(text, span);
    return [{ start, end, label: category }];
  });
  const whole = new Set(flags.filter(({ span }) => !span).map(({ category }) => category));
  return [
    [questions.flags, spans],
    [questions.itemFlags, Array.from(whole)],
    ...(verdict ? [[questions.verdict, verdict.verdict] satisfies [string, unknown]] : []),
    ...(verdict?.fixed != null ? [[questions.fixed, verdict.fixed] satisfies [string, unknown]] : []),
  ];
}

/** Argilla names users by UUID: one of version 8, made of who the author is. */
export function argillaUser({ name, email }: ExchangedAuthor): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([name, email]))
    .digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
