/** The records of an Argilla export, whichever of its shapes it has, one by one in the nested shape. */
import { StudioError } from '../../../protocol/errors.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws StudioError `bad-input` where it is none of the shapes */
export function argillaRecords(json: unknown): unknown[] {
  return rowsOf(json).map((row) => (isObject(row) && !('fields' in row) ? nested(row) : row));
}

function rowsOf(json: unknown): unknown[] {
  if (Array.isArray(json)) return json;
  if (isObject(json)) {
    // A page of the server's answer.
    if (Array.isArray(json.items)) return json.items;
    const values = Object.values(json);
    if ('fields' in json && isObject(json.fields)) return [json];
    // `orient="names"`: a list for each key, all of the same length.
    if (values.length > 0 && values.every((value) => Array.isArray(value) && value.length === (values[0] as []).length))
      return (values[0] as unknown[]).map((_, k) =>
        Object.fromEntries(Object.entries(json).map(([key, value]) => [key, (value as unknown[])[k]])),
      );
    // `orient="index"`: a record for each id.
    if (values.length > 0 && values.every(isObject))
      return Object.entries(json).map(([id, row]) => ({ id, ...(row as object) }));
  }
  throw new StudioError(
    'bad-input',
    'This is no export of Argilla: neither a list of records, nor records by id or by column.',
    {
      remedy: 'Export with dataset.records.to_json("records.json") or dataset.to_disk("folder").',
    },
  );
}

const ofResponses = '.responses';
const ofSuggestion = '.suggestion';
/** Of the record itself, not of its fields. */
const ofRecord = new Set(['id', 'status', '_server_id', 'inserted_at', 'updated_at']);

/**
 * A flattened record in the nested shape: `question.responses`, `question.responses.users`, `question.responses.status`,
 * `question.suggestion`, `question.suggestion.agent`; everything else that is a text is taken for a field, and for metadata too,
 * as the two can't be told apart.
 */
function nested(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const responses = new Map<string, unknown[]>();
  const suggestions = new Map<string, unknown>();
  const rest = new Map<string, unknown>();
  for (const [key, value] of Object.entries(row)) {
    if (key.endsWith(ofResponses) && (Array.isArray(value) || value === null)) {
      const at = (of: unknown, k: number): unknown => (Array.isArray(of) ? of[k] : null);
      const answers = (value ?? []).map((answer: unknown, k: number) => ({
        value: answer,
        user_id: at(row[`${key}.users`], k),
        status: at(row[`${key}.status`], k),
      }));
      responses.set(key.slice(0, -ofResponses.length), answers);
    } else if (key.endsWith(ofSuggestion)) {
      if (value !== null) suggestions.set(key.slice(0, -ofSuggestion.length), { value, agent: row[`${key}.agent`] });
    } else if (!/\.(responses|suggestion)\.(users|status|score|agent)$/.test(key) && !ofRecord.has(key))
      rest.set(key, value);
  }
  const fields = Object.fromEntries(rest);
  return {
    id: row.id,
    fields,
    metadata: fields,
    responses: Object.fromEntries(responses),
    suggestions: Object.fromEntries(suggestions),
  };
}
