/** Reads Label Studio's JSON export into exchanged items, and tells what does not come along. */
import type { z } from 'zod';
import { StudioError } from '../../../protocol/errors.ts';
import { faultLine } from '../../../protocol/issues.ts';
import {
  answeredAll,
  type ExchangedAuthor,
  type ExchangedFlag,
  type ExchangedItem,
  type ExchangedJudgement,
  type ExchangedVerdict,
} from '../exchanged.ts';
import { fixedText } from '../fixed-text.ts';
import { judgedText } from '../judged-text.ts';
import type { Notices } from '../notices.ts';
import { placedFlag } from '../placed-flag.ts';
import type { ReadOptions } from '../read-options.ts';
import type { Vocabulary } from '../vocabulary.ts';
import {
  type Annotation,
  annotation,
  controls,
  ownKey,
  person,
  prediction,
  type Result,
  result,
  type Task,
  task,
} from './form.ts';

/**
 * The tasks of a file, unchecked.
 * @param json the parsed file: a list of tasks, or one
 * @throws StudioError `bad-input` where it is no such file at all
 */
export function labelStudioTasks(json: unknown): readonly unknown[] {
  const tasks: readonly unknown[] = Array.isArray(json) ? json : [json];
  const isTask = (one: unknown) => typeof one === 'object' && one !== null && 'data' in one;
  if (tasks.length > 0 && !tasks.some(isTask))
    throw new StudioError('bad-input', 'None of it is a task of Label Studio, which has its content under "data".', {
      remedy: 'In Label Studio choose Export and the format JSON; JSON_MIN and CSV leave out who said what.',
    });
  return tasks;
}

/** @param at its place in the file, from 0. @returns null for a task with a fault, which is told */
export function readTask(one: unknown, at: number, options: ReadOptions, notices: Notices): ExchangedItem | null {
  const place = `task ${idOf(one) ?? `at place ${at + 1}`}`;
  const checked = task.safeParse(one);
  if (checked.success) return taskItem(checked.data, place, options, notices);
  notices.tell(`Left out: ${faultLine(task, one, checked.error, 'a task')}.`, place);
  return null;
}

const idOf = (one: unknown): unknown =>
  typeof one === 'object' && one !== null && 'id' in one ? (one.id ?? null) : null;

function taskItem(of: Task, place: string, options: ReadOptions, notices: Notices): ExchangedItem | null {
  const annotations = checkedList(annotation, of.annotations, 'annotation', place, notices);
  const source = annotations
    .flatMap(({ form }) => form.result.map((one) => result.safeParse(one).data?.source))
    .find((key) => key !== undefined);
  const found = judgedText(of.data, options.textField ?? source?.replace(/^\$/, '') ?? null);
  if (found.text === null) {
    notices.tell(found.why, place);
    return null;
  }
  const { text, shown } = found;
  for (const _ of of.drafts ?? []) notices.tell('A draft is left out: whoever wrote it has not submitted it.', place);
  for (const _ of of.predictions ?? [])
    notices.tell('A prediction is left out: it is a model’s, and nobody has said that it is right.', place);
  const models = new Map(
    (of.predictions ?? []).map((one) => {
      const { id, model_version: model } = prediction.safeParse(one).data ?? {};
      return [String(id), model ?? null];
    }),
  );
  const own = of.meta?.[ownKey];
  const travelled = typeof own === 'object' && own !== null && 'entries' in own ? own.entries : [];
  const entries: readonly unknown[] = Array.isArray(travelled) ? travelled : [];
  const vocabulary = options.vocabulary.withThoseOf(entries);
  const skipped = annotations.filter(({ form }) => form.was_cancelled);
  return {
    place,
    text,
    shown,
    judgements: annotations.flatMap(({ form, place: at }) => judgementOf(form, text, at, models, vocabulary, notices)),
    silent: skipped.map(({ form, place: at }) => annotatorOf(form, at, notices)),
    isWhole: of.total_annotations === annotations.length - skipped.length,
    entries,
  };
}

/** Those that fit the form; the rest is told. */
function checkedList<Form extends z.ZodType>(
  form: Form,
  list: readonly unknown[] | null | undefined,
  name: string,
  within: string,
  notices: Notices,
): { readonly form: z.infer<Form>; readonly place: string }[] {
  return (list ?? []).flatMap((one, k) => {
    const place = `${within}, ${name} ${idOf(one) ?? k + 1}`;
    if (typeof one === 'number') {
      notices.tell(`Only the number of an ${name} is in the file: export it with complete annotations.`, place);
      return [];
    }
    const checked = form.safeParse(one);
    if (checked.success) return [{ form: checked.data, place }];
    notices.tell(`Left out: ${faultLine(form, one, checked.error, `an ${name}`)}.`, place);
    return [];
  });
}

function judgementOf(
  of: Annotation,
  text: string,
  place: string,
  models: ReadonlyMap<string, string | null>,
  vocabulary: Vocabulary,
  notices: Notices,
): ExchangedJudgement[] {
  if (of.was_cancelled) {
    notices.tell('A skipped annotation is left out: skipping says nothing of the item.', place);
    return [];
  }
  if (of.ground_truth)
    notices.tell(
      'A ground-truth annotation counts as its author’s, like any other; that it is the truth is not kept.',
      place,
    );
  if (of.reviews && of.reviews.length > 0) notices.tell('Reviews of annotations are left out.', place);
  const model = of.parent_prediction == null ? null : (models.get(String(of.parent_prediction)) ?? null);
  const results = checkedList(result, of.result, 'result', place, notices);
  const { flags, verdict } = new Results(results, vocabulary, notices).read(text, model);
  if (flags.length === 0 && verdict === null) notices.tell('An annotation says nothing that has a place here.', place);
  return [
    {
      author: annotatorOf(of, place, notices),
      at: of.updated_at ?? of.created_at ?? null,
      verdict,
      flags,
      answered: answeredAll,
      place,
    },
  ];
}

interface PlacedResult {
  readonly form: Result;
  readonly place: string;
}

/** The results of one annotation, each told where it means nothing here. Those of one region share its id. */
class Results {
  private readonly results: readonly PlacedResult[];
  private readonly vocabulary: Vocabulary;
  private readonly notices: Notices;
  /** What is said of regions that have a label, by their id. */
  private readonly regions = new Map<string, { severity: ExchangedFlag['severity']; notes: string[] }>();
  private readonly flags: ExchangedFlag[] = [];
  private verdict: Omit<ExchangedVerdict, 'fixed'> | null = null;
  private fixed: { readonly text: string; readonly place: string } | null = null;

  constructor(results: readonly PlacedResult[], vocabulary: Vocabulary, notices: Notices) {
    this.results = results;
    this.vocabulary = vocabulary;
    this.notices = notices;
    for (const { form } of results)
      if (form.type === 'labels' && form.id) this.regions.set(form.id, { severity: null, notes: [] });
  }

  /** @param model whose prediction the annotation was made from */
  read(
    text: string,
    model: string | null,
  ): { readonly flags: readonly ExchangedFlag[]; readonly verdict: ExchangedVerdict | null } {
    for (const one of this.results) {
      const { form, place } = one;
      const { type, value } = form;
      if (type === 'labels' && value?.start !== undefined && value.end !== undefined) this.label(one, text, model);
      else if (type === 'choices' && (value?.start !== undefined || this.regions.has(form.id ?? ''))) this.grade(one);
      else if (type === 'choices') this.choose(one);
      else if (type === 'textarea') this.type(one);
      else
        this.notices.tell(
          `What was said with ${type} "${form.from_name ?? ''}" has no place here and is left out.`,
          place,
        );
    }
    if (this.fixed && !this.verdict)
      this.notices.tell('A corrected text without a verdict is left out.', this.fixed.place);
    return {
      flags: this.flags.map((flag) => {
        const region = this.regions.get(flag.id ?? '');
        const notes = [...(flag.note === null ? [] : [flag.note]), ...(region?.notes ?? [])];
        return { ...flag, severity: region?.severity ?? null, note: notes.length > 0 ? notes.join('\n') : null };
      }),
      verdict: this.verdict && { ...this.verdict, fixed: this.fixed?.text ?? null },
    };
  }

  /** A region with its labels. */
  private label({ form: { id, value, origin }, place }: PlacedResult, text: string, model: string | null): void {
    const { start = 0, end = 0, text: words, labels = [] } = value ?? {};
    const region = { id: id ?? null, offsets: { start, end }, quote: typeof words === 'string' ? words : null };
    const from = origin === 'prediction' ? model : null;
    for (const label of labels)
      this.flags.push(placedFlag({ ...region, label }, text, from, this.vocabulary, place, this.notices));
    if (labels.length === 0) this.notices.tell('A region without a label is left out.', place);
  }

  /** A choice of a region. */
  private grade({ form: { id, value }, place }: PlacedResult): void {
    for (const choice of value?.choices ?? []) {
      const severity = this.vocabulary.severity(choice);
      const region = this.regions.get(id ?? '');
      if (severity && region) region.severity = severity;
      else this.notices.tell(`The choice "${choice}" of a region means nothing here and is left out.`, place);
    }
  }

  /** A choice of the whole task. */
  private choose({ form: { id, value, from_name }, place }: PlacedResult): void {
    for (const choice of value?.choices ?? []) {
      const category = this.vocabulary.category(choice);
      // A project may call a category what a verdict is called.
      const verdict = category && from_name === controls.itemFlags ? null : this.vocabulary.verdict(choice);
      if (verdict && this.verdict && verdict !== this.verdict.verdict)
        this.notices.tell(`Two verdicts stand side by side; the first, "${this.verdict.verdict}", counts.`, place);
      else if (verdict) this.verdict ??= { id: id ?? null, verdict };
      else if (category) this.flags.push({ id: null, category, span: null, severity: null, note: null, from: null });
      else
        this.notices.tell(
          `The choice "${choice}" is no verdict and no category here and is left out: say what it stands for to keep it.`,
          place,
        );
    }
  }

  private type({ form: { id, value, from_name }, place }: PlacedResult): void {
    const typed = value?.text === undefined ? '' : [value.text].flat().join('\n');
    const region = this.regions.get(id ?? '');
    if (region) region.notes.push(typed);
    else if (from_name === controls.fixed) {
      const text = fixedText(typed);
      this.fixed = text === null ? null : { text, place };
    } else this.notices.tell(`What was typed into textarea "${from_name ?? ''}" is of no flag and is left out.`, place);
  }
}

function annotatorOf({ completed_by: by }: Annotation, place: string, notices: Notices): ExchangedAuthor {
  if (by == null) {
    notices.tell('Who made an annotation is not in the file.', place);
    return { id: 'unknown', name: null, email: null };
  }
  const known = person.parse(by);
  if (typeof known !== 'object') return { id: String(known), name: null, email: null };
  const name = [known.first_name, known.last_name].filter((part) => part).join(' ') || known.username || null;
  const email = known.email || null;
  return { id: String(known.id ?? email ?? name ?? 'unknown'), name, email };
}
