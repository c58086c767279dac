/** Reads Label Studio's JSON export into exchanged items, and tells what does not come along. */

import type { z } from 'zod';
import { StudioError } from '../../../protocol/errors.ts';
import { faultLine } from '../../../protocol/issues.ts';
import type {
  ExchangedAuthor,
  ExchangedFlag,
  ExchangedItem,
  ExchangedJudgement,
  ExchangedVerdict,
} from '../exchanged.ts';
import { judgedText } from '../judged-text.ts';
import type { Notices } from '../notices.ts';
import { placedFlag } from '../placed-flag.ts';
import type { ReadOptions } from '../read-options.ts';
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
  const entries = typeof own === 'object' && own !== null && 'entries' in own ? own.entries : [];
  return {
    place,
    text,
    shown,
    judgements: annotations.flatMap(({ form, place: at }) => judgementOf(form, text, at, models, options, notices)),
    entries: Array.isArray(entries) ? entries : [],
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
  { vocabulary }: ReadOptions,
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
  const regions = new Set(results.flatMap(({ form }) => (form.type === 'labels' && form.id ? [form.id] : [])));
  const flags: ExchangedFlag[] = [];
  let verdict: Omit<ExchangedVerdict, 'fixed'> | null = null;
  let fixed: string | null = null;
  const ofRegion = new Map<string, { severity: ExchangedFlag['severity']; note: string | null }>();
  /** What is kept of the region that a result is of; null where none of that name has a label. */
  const about = (id: string | undefined) => {
    if (id === undefined || !regions.has(id)) return null;
    const known = ofRegion.get(id) ?? { severity: null, note: null };
    ofRegion.set(id, known);
    return known;
  };
  const isOfRegion = ({ id, value }: Result) => value?.start !== undefined || about(id) !== null;
  for (const { form, place: at } of results) {
    const control = `${form.type} "${form.from_name ?? ''}"`;
    const typed = form.value?.text === undefined ? '' : [form.value.text].flat().join('\n');
    if (form.type === 'labels' && form.value?.start !== undefined && form.value.end !== undefined) {
      const { start, end, text: quote } = form.value;
      for (const label of form.value.labels ?? []) {
        flags.push(
          placedFlag(
            { id: form.id ?? null, label, offsets: { start, end }, quote: typeof quote === 'string' ? quote : null },
            text,
            form.origin === 'prediction' ? model : null,
            vocabulary,
            at,
            notices,
          ),
        );
      }
      if (!form.value.labels?.length) notices.tell('A region without a label is left out.', at);
    } else if (form.type === 'choices' && isOfRegion(form)) {
      for (const choice of form.value?.choices ?? []) {
        const severity = vocabulary.severity(choice);
        const region = about(form.id);
        if (severity && region) region.severity = severity;
        else notices.tell(`The choice "${choice}" of a region means nothing here and is left out.`, at);
      }
    } else if (form.type === 'choices') {
      for (const choice of form.value?.choices ?? []) {
        const said = vocabulary.verdict(choice);
        const category = vocabulary.category(choice);
        if (said && verdict)
          notices.tell(`Two verdicts stand side by side; the first, "${verdict.verdict}", counts.`, at);
        else if (said) verdict = { id: form.id ?? null, verdict: said };
        else if (category) flags.push({ id: null, category, span: null, severity: null, note: null, from: null });
        else
          notices.tell(
            `The choice "${choice}" is no verdict and no category here and is left out: say what it stands for to keep it.`,
            at,
          );
      }
    } else if (form.type === 'textarea' && about(form.id)) {
      const region = about(form.id);
      if (region) region.note = typed;
    } else if (form.type === 'textarea' && form.from_name === controls.fixed) fixed = typed;
    else if (form.type === 'textarea')
      notices.tell(`What was typed into ${control} is of no flag and is left out.`, at);
    else notices.tell(`What was said with ${control} has no place here and is left out.`, at);
  }
  if (fixed !== null && verdict === null) notices.tell('A corrected text without a verdict is left out.', place);
  if (flags.length === 0 && verdict === null) notices.tell('An annotation says nothing that has a place here.', place);
  return [
    {
      author: authorOf(of, place, notices),
      at: of.updated_at ?? of.created_at ?? null,
      verdict: verdict && { ...verdict, fixed },
      flags: flags.map((flag) => {
        const known = flag.id === null ? undefined : ofRegion.get(flag.id);
        const notes = [flag.note, known?.note].filter((note) => note);
        return { ...flag, severity: known?.severity ?? null, note: notes.length > 0 ? notes.join('\n') : null };
      }),
      place,
    },
  ];
}

function authorOf({ completed_by: by }: Annotation, place: string, notices: Notices): ExchangedAuthor {
  if (by == null) {
    notices.tell('Who made an annotation is not in the file.', place);
    return { id: 'unknown', name: null, email: null };
  }
  const known = person.parse(by);
  if (typeof known !== 'object') return { id: String(known), name: null, email: null };
  const name = [known.first_name, known.last_name].filter((part) => part).join(' ') || known.username || null;
  return { id: known.id == null ? null : String(known.id), name, email: known.email || null };
}
