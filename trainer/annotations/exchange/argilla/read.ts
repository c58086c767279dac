/** Reads Argilla's records into exchanged items, and tells what does not come along. */
import { z } from 'zod';
import { faultLine } from '../../../protocol/issues.ts';
import { parseJson } from '../../../protocol/json.ts';
import type {
  ExchangedAuthor,
  ExchangedFlag,
  ExchangedItem,
  ExchangedJudgement,
  ExchangedVerdict,
} from '../exchanged.ts';
import { fixedText } from '../fixed-text.ts';
import { judgedText } from '../judged-text.ts';
import type { Notices } from '../notices.ts';
import { placedFlag } from '../placed-flag.ts';
import type { ReadOptions } from '../read-options.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { type ArgillaRecord, ownKey, questions, record, spanValue } from './form.ts';

const own = z.object({
  entries: z.array(z.unknown()),
  users: z.record(z.string(), z.object({ name: z.string().nullable(), email: z.string().nullable() })),
});

const anchored = z.object({ span: z.object({ start: z.number(), end: z.number(), quote: z.string() }) });
const spanAnswer = z.array(spanValue);
const labelAnswer = z.array(z.string());

/** One user's answers to a record. */
interface Answers {
  readonly user: string | null;
  readonly status: string | null;
  readonly values: Map<string, unknown>;
}

/**
 * @param one of `argillaRecords` @param at its place in the file, from 0
 * @returns null for a record with a fault, which is told
 */
export function readRecord(one: unknown, at: number, options: ReadOptions, notices: Notices): ExchangedItem | null {
  const checked = record.safeParse(one);
  const id = checked.data?.external_id ?? checked.data?.id;
  const place = `record ${id ?? `at place ${at + 1}`}`;
  if (checked.success) return recordItem(checked.data, place, options, notices);
  notices.tell(`Left out: ${faultLine(record, one, checked.error, 'a record')}.`, place);
  return null;
}

function recordItem(of: ArgillaRecord, place: string, options: ReadOptions, notices: Notices): ExchangedItem | null {
  const found = judgedText(of.fields, options.textField);
  if (found.text === null) {
    notices.tell(found.why, place);
    return null;
  }
  const { text, shown } = found;
  const suggested = Object.values(of.suggestions ?? {}).filter((suggestion) => suggestion !== null);
  for (const _ of suggested)
    notices.tell('A suggestion is left out: it is a model’s, and nobody has said that it is right.', place);
  const written = of.metadata?.[ownKey];
  const ours = own.safeParse(typeof written === 'string' ? parseJson(written) : null).data;
  if (written != null && !ours)
    notices.tell(
      `What the metadata "${ownKey}" holds is damaged and left out; the record is read as Argilla’s own.`,
      place,
    );
  const users = new Map(Object.entries(ours?.users ?? {}));
  const entries = ours?.entries ?? [];
  const quotes = ownQuotes(entries);
  const vocabulary = options.vocabulary.withThoseOf(entries);
  const judgements: ExchangedJudgement[] = [];
  const silent: ExchangedAuthor[] = [];
  for (const answers of answersOf(of)) {
    const at = `${place}, user ${answers.user ?? 'unknown'}`;
    const known = answers.user === null ? undefined : users.get(answers.user);
    const author = known ? { id: null, ...known } : null;
    const said = judgementOf(answers, author, { text, quotes }, at, vocabulary, notices);
    judgements.push(...said);
    if (author !== null && said.length === 0) silent.push(author);
  }
  // An export without responses, or without those of users that Argilla did not have, looks like one in which they were deleted.
  return { place, text, shown, judgements, silent, isWhole: false, entries };
}

/** The words of spans that were written here, by their offsets: Argilla has no place for them beside a span. */
function ownQuotes(entries: readonly unknown[]): ReadonlyMap<string, string> {
  const spans = entries.flatMap((entry) => anchored.safeParse(entry).data?.span ?? []);
  return new Map(spans.map(({ start, end, quote }) => [`${start}-${end}`, quote]));
}

/** By user, whichever way the responses are sorted. */
function answersOf({ responses }: ArgillaRecord): Answers[] {
  if (Array.isArray(responses)) {
    return responses.map(({ user_id: user, status, values }) => ({
      user: user ?? null,
      status: status ?? null,
      values: new Map(Object.entries(values ?? {}).map(([question, { value }]) => [question, value])),
    }));
  }
  const byUser = new Map<string | null, Answers>();
  for (const [question, given] of Object.entries(responses ?? {})) {
    for (const { value, user_id, status } of given ?? []) {
      // Python's None, which an export writes for whoever is not known.
      const user = user_id == null || user_id === 'None' ? null : user_id;
      const answers = byUser.get(user) ?? { user, status: status ?? null, values: new Map<string, unknown>() };
      answers.values.set(question, value);
      byUser.set(user, answers);
    }
  }
  return Array.from(byUser.values());
}

function judgementOf(
  { user, status, values }: Answers,
  author: ExchangedAuthor | null,
  { text, quotes }: { readonly text: string; readonly quotes: ReadonlyMap<string, string> },
  place: string,
  vocabulary: Vocabulary,
  notices: Notices,
): ExchangedJudgement[] {
  if (status === 'discarded') {
    notices.tell('A discarded response is left out: discarding says nothing of the item.', place);
    return [];
  }
  if (status === null) notices.tell('The file does not say which responses are drafts; all count as submitted.', place);
  if (user === null) notices.tell('Who gave a response is not in the file.', place);
  const flags: ExchangedFlag[] = [];
  let verdict: ExchangedVerdict['verdict'] | null = null;
  let fixed: string | null = null;
  const flagWhole = (category: string) =>
    flags.push({ id: null, category, span: null, severity: null, note: null, from: null });
  for (const [question, value] of values) {
    const at = `${place}, question "${question}"`;
    const spans = spanAnswer.safeParse(value).data;
    const labels = labelAnswer.safeParse(value).data;
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    if (spans) {
      for (const { start, end, label, text: quote } of spans)
        flags.push(
          placedFlag(
            { id: null, label, offsets: { start, end }, quote: quote ?? quotes.get(`${start}-${end}`) ?? null },
            text,
            null,
            vocabulary,
            at,
            notices,
          ),
        );
    } else if (labels) {
      for (const label of labels) {
        const category = vocabulary.category(label);
        if (category) flagWhole(category);
        else
          notices.tell(
            `The label "${label}" is no category here and is left out: say what it stands for to keep it.`,
            at,
          );
      }
    } else if (typeof value === 'string' && question === questions.fixed) fixed = fixedText(value);
    else if (typeof value === 'string') {
      const said = vocabulary.verdict(value);
      const category = vocabulary.category(value);
      if (said && verdict && said !== verdict)
        notices.tell(`Two verdicts stand side by side; the first, "${verdict}", counts.`, at);
      else if (said) verdict = said;
      else if (category) flagWhole(category);
      else
        notices.tell(
          `An answer to "${question}" is no verdict and no category here and is left out: say what it stands for to keep it.`,
          at,
        );
    } else notices.tell('An answer that is no label, no span and no text has no place here and is left out.', at);
  }
  // What was exported without a verdict is a draft there too; any other draft is not submitted yet.
  if (status !== null && status !== 'submitted' && (author === null || verdict !== null)) {
    notices.tell(`A response that is ${status} is left out: whoever wrote it has not submitted it.`, place);
    return [];
  }
  if (fixed !== null && verdict === null) notices.tell('A corrected text without a verdict is left out.', place);
  if (flags.length === 0 && verdict === null && author === null)
    notices.tell('A response says nothing that has a place here.', place);
  return [
    {
      author: author ?? { id: user ?? 'unknown', name: null, email: null },
      at: null,
      verdict: verdict && { id: null, verdict, fixed },
      flags,
      // A question that the dataset does not have can not take anything back.
      answered: { spans: values.has(questions.flags), whole: values.has(questions.itemFlags), verdict: false },
      place,
    },
  ];
}
