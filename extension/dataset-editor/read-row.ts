/** What a page is told of a row: as a line of the list, and whole, with what rules find in its reasoning and what its answer earns. */
import type { EditableRow } from '../../trainer/data/editable/editable-dataset.ts';
import { type DatasetRow, datasetRow } from '../../trainer/protocol/dataset.ts';
import type { EditableField, LabelMark, RowHead, RowReading } from '../../trainer/protocol/dataset-editor.ts';
import { faultLine } from '../../trainer/protocol/issues.ts';
import { readReasoning } from '../../trainer/reasoning/aha.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { solutionText } from '../../trainer/reasoning/prompt.ts';
import { extractAnswer } from '../../trainer/rewards/answer.ts';
import { score } from '../../trainer/rewards/score.ts';
import { wordsOf } from './fault-words.ts';

/** Letters of a question that the list shows, and of a row that is no JSON that are shown at all. */
const headLength = 160;
const faultyLength = 20_000;

type Values = Readonly<Record<string, unknown>>;

export function valuesOf({ fault, ...row }: EditableRow): Values {
  const value = fault === null ? (row as { value?: unknown }).value : null;
  return typeof value === 'object' && value !== null ? (value as Values) : {};
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const idOf = ({ problem_id: id }: Values): string => (id === undefined ? '' : String(id));

/** @param mark what people's labels of it amount to */
export function headOf(row: EditableRow, mark: LabelMark = null): RowHead {
  const values = valuesOf(row);
  const problem = row.fault ? row.bytes.toString('utf8', 0, headLength) : textOf(values.problem);
  return {
    row: row.row,
    id: idOf(values),
    problem: problem.slice(0, headLength),
    problemType: textOf(values.problem_type),
    isChanged: row.isChanged,
    isFaulty: row.fault !== null,
    mark,
  };
}

type Found = Pick<RowReading, 'text' | 'think' | 'aha' | 'commitments' | 'reward'>;

/** Of a row that fits: what SFT trains, read by the rules that read a model's answers. */
function foundIn(row: DatasetRow): Found & { readonly problems: readonly string[] } {
  const text = solutionText(row);
  if (text === null) return { text: '', think: null, aha: [], commitments: [], reward: null, problems: [] };
  const { think, problems } = parseCompletion(text);
  const { options, problem_type: problemType } = row;
  const solution = extractAnswer(row.solution) ?? row.solution;
  const reasoning = think && readReasoning(text, { think, options, solution, problemType });
  const { accuracy, format, answer, accuracyExplanation, formatExplanation } = score(text, { problemType, solution });
  return {
    text,
    think,
    aha: reasoning?.aha ?? [],
    commitments: reasoning?.commitments ?? [],
    reward: { accuracy, format, answer, accuracyExplanation, formatExplanation },
    problems,
  };
}

/** What people and detectors say of a row. */
export type SaidOfRow = Pick<RowReading, 'labels' | 'earlier' | 'mark' | 'differs' | 'history' | 'suggestions'>;

export const nothingSaid: SaidOfRow = {
  ...{
    labels: [],
    earlier: [],
    mark: null,
    differs: false,
    history: { lines: [], settled: null, hidden: null, annotators: null },
    suggestions: [],
  },
};

export function readRow(row: EditableRow, turn: number, said: SaidOfRow = nothingSaid): RowReading {
  const values = valuesOf(row);
  const editable = (field: EditableField) => (typeof values[field] === 'string' ? values[field] : null);
  const fields = { process: editable('process'), solution: editable('solution'), problem: editable('problem') };
  const checked = row.fault ? null : datasetRow.safeParse(values);
  const faults = row.fault
    ? [wordsOf(row.fault.error)]
    : checked && !checked.success
      ? [`The row does not fit Video-R1's form: ${faultLine(datasetRow, values, checked.error, 'the row')}.`]
      : [];
  const written = row.fault
    ? row.bytes.toString('utf8').slice(0, faultyLength)
    : [fields.process, fields.solution].filter((text) => text !== null).join('\n');
  const { problems, ...found } = checked?.success
    ? foundIn(checked.data)
    : { text: written, think: null, aha: [], commitments: [], reward: null, problems: [] };
  return {
    row: row.row,
    turn,
    line: row.line,
    id: idOf(values),
    isChanged: row.isChanged,
    faults: [...faults, ...problems],
    fields,
    options: Array.isArray(values.options) ? values.options.map(String) : [],
    problemType: textOf(values.problem_type),
    dataType: textOf(values.data_type),
    path: textOf(values.path),
    source: textOf(values.data_source),
    ...said,
    ...found,
  };
}
