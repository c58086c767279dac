/** Label Studio's JSON of exchanged items, and the labelling interface that shows it. */
import { codePointSpan } from '../../../protocol/text-spans.ts';
import type { ExchangedItem, ExchangedJudgement } from '../exchanged.ts';
import { controls, ownKey } from './form.ts';

/** A task as Label Studio imports and exports it. */
export interface WrittenTask {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: readonly WrittenAnnotation[];
  readonly predictions: readonly never[];
  readonly meta: { readonly [ownKey]: { readonly entries: readonly unknown[] } };
}

interface WrittenAnnotation {
  readonly completed_by: { readonly email?: string; readonly first_name: string; readonly last_name: string };
  readonly created_at?: string;
  readonly updated_at?: string;
  readonly was_cancelled: false;
  readonly ground_truth: false;
  readonly result: readonly WrittenResult[];
}

interface WrittenResult {
  readonly id: string;
  readonly from_name: string;
  readonly to_name: typeof controls.text;
  readonly type: 'labels' | 'choices' | 'textarea';
  readonly origin: 'manual' | 'prediction';
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Offsets count code points, as Label Studio's editor reads them, and the flagged words stand beside them. What no control holds
 * (history, contexts of spans, answers to suggestions) is in the task's `meta`.
 */
export function labelStudioTask({ text, shown, judgements, entries }: ExchangedItem): WrittenTask {
  return {
    data: { ...shown, [controls.text]: text },
    annotations: judgements.map((judgement) => written(text, judgement)),
    predictions: [],
    meta: { [ownKey]: { entries } },
  };
}

function written(text: string, { author, at, verdict, flags }: ExchangedJudgement): WrittenAnnotation {
  const result: WrittenResult[] = [];
  const add = (
    id: string,
    from_name: string,
    type: WrittenResult['type'],
    value: WrittenResult['value'],
    origin: WrittenResult['origin'] = 'manual',
  ) => result.push({ id, from_name, to_name: controls.text, type, origin, value });
  for (const [k, flag] of flags.entries()) {
    if (!flag.span) continue;
    const { start, end } = codePointSpan(text, flag.span);
    const region = { start, end, text: text.slice(flag.span.start, flag.span.end) };
    const id = flag.id ?? `flag-${k}`;
    add(id, controls.flags, 'labels', { ...region, labels: [flag.category] }, flag.from ? 'prediction' : 'manual');
    if (flag.severity) add(id, controls.severity, 'choices', { ...region, choices: [flag.severity] });
    if (flag.note) add(id, controls.note, 'textarea', { start, end, text: [flag.note] });
  }
  const whole = new Set(flags.filter(({ span }) => !span).map(({ category }) => category));
  if (whole.size > 0) add('item-flags', controls.itemFlags, 'choices', { choices: Array.from(whole) });
  if (verdict) {
    add(verdict.id ?? 'verdict', controls.verdict, 'choices', { choices: [verdict.verdict] });
    if (verdict.fixed !== null) add('fixed-text', controls.fixed, 'textarea', { text: [verdict.fixed] });
  }
  return {
    completed_by: {
      ...(author.email !== null && { email: author.email }),
      first_name: author.name ?? '',
      last_name: '',
    },
    ...(at !== null && { created_at: at, updated_at: at }),
    was_cancelled: false,
    ground_truth: false,
    result,
  };
}

/** The labelling configuration under which a project shows these tasks. @param categories ids, in the order of their keys */
export function labelStudioConfig(categories: readonly string[]): string {
  const attribute = (value: string) =>
    value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[\n\r\t]/g, ' ');
  const options = (tag: string, values: readonly string[]) =>
    values.map((value) => `    <${tag} value="${attribute(value)}"/>`).join('\n');
  const { text, flags, severity, note, itemFlags, verdict, fixed } = controls;
  // Beside the text what it is an answer to, which every task has.
  return `<View>
  <Header value="$question"/>
  <Text name="options" value="$options"/>
  <Text name="solution" value="$solution"/>
  <Labels name="${flags}" toName="${text}" choice="multiple">
${options('Label', categories)}
  </Labels>
  <Text name="${text}" value="$${text}"/>
  <Choices name="${severity}" toName="${text}" choice="single" perRegion="true">
${options('Choice', ['minor', 'major'])}
  </Choices>
  <TextArea name="${note}" toName="${text}" perRegion="true" maxSubmissions="1"/>
  <Choices name="${itemFlags}" toName="${text}" choice="multiple">
${options('Choice', categories)}
  </Choices>
  <Choices name="${verdict}" toName="${text}" choice="single" required="true">
${options('Choice', ['keep', 'fix', 'drop'])}
  </Choices>
  <TextArea name="${fixed}" toName="${text}" maxSubmissions="1"/>
</View>
`;
}
