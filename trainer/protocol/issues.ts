/**
 * What a schema has against a value, in words for people: the key, what it must be and what it is. Every check of what comes
 * from outside (files, messages, settings) says its faults through here; file and remedy are the caller's to name.
 */
import { z } from 'zod';
import { nearby, nearestClause } from './nearest.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Faults that one message names; the rest are counted. */
const mostNamed = 5;
/** Letters of a value that is shown. */
const mostShown = 60;

/**
 * Each fault as a clause without a full stop: `seed must be at least 0, not -1`, `dataset is missing; it must be a text`,
 * `parameters: there is no key "stps"; the nearest is "steps"`.
 * @param error what `schema` said of `value`
 * @param whole what the value itself is called, where it is wrong as a whole
 */
export function faultsOf(schema: z.ZodType, value: unknown, error: z.core.$ZodError, whole: string): string[] {
  return error.issues.flatMap((issue) => clauses(issue, [], { schema, value, whole }));
}

/** The first faults in one line, and how many more there are. */
export function faultLine(schema: z.ZodType, value: unknown, error: z.core.$ZodError, whole: string): string {
  const faults = faultsOf(schema, value, error, whole);
  const more = faults.length - mostNamed;
  return [...faults.slice(0, mostNamed), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

interface Checked {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly whole: string;
}

/** @param above path of the union that the issue belongs to a branch of */
function clauses(issue: Issue, above: Path, checked: Checked): string[] {
  const path = [...above, ...issue.path];
  const key = path.length === 0 ? checked.whole : pathWords(path);
  const value = valueAt(checked.value, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const where = path.length === 0 ? '' : `${key}: `;
      const told = toldApart(checked.schema, path, value);
      if (told !== null) return issue.keys.map((name) => `${where}${told(name)}`);
      const known = keysAt(checked.schema, path);
      return issue.keys.map((name) => `${where}${noKey(name, known)}`);
    }
    case 'invalid_union':
      if (hasOwnWords(issue)) return [`${key}: ${issue.message}`];
      return unionClauses(issue, path, checked, key, value);
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.flatMap((inner) => clauses(inner, path, checked));
    default:
      if (hasOwnWords(issue)) return [`${key}: ${issue.message}`];
      if (value === undefined) return [`${key} is missing; it must be ${expectation(issue)}`];
      return [`${key} must be ${expectation(issue)}, not ${shown(value, issue)}`];
  }
}

/** The schema's author wrote what is wrong. */
function hasOwnWords({ message }: Issue): boolean {
  return !/^(Invalid|Too (small|big)|Unrecognized key)/.test(message);
}

function noKey(name: string, known: readonly string[]): string {
  // A key of another form than the one that the value has.
  if (known.includes(name)) return `${quoted(name)} can't stand beside its other keys`;
  return `there is no key ${quoted(name)}${nearestClause(name, known, quoted)}`;
}

/** What is said of a key that its form does not have, where a key of the value tells the forms apart; null where none does. */
function toldApart(schema: z.ZodType, path: Path, value: unknown): ((name: string) => string) | null {
  const union = schemasAt(schema, path).find((at) => at instanceof z.ZodDiscriminatedUnion);
  if (union === undefined) return null;
  const { discriminator } = union.def;
  const forms = formsAt(schema, path);
  const kind = valueAt(value, [discriminator]);
  // A form whose own kind need not be said comes first among them.
  const own = forms.find((form) => valuesOf(form, discriminator).includes(kind)) ?? forms[0];
  return (name) => {
    const others = forms.filter((form) => form !== own);
    const goesWith = (form: z.ZodType) =>
      `goes with ${quoted(discriminator)}: ${either(valuesOf(form, discriminator).map(quoted))}`;
    const other = others.find((form) => keysOf(form).includes(name));
    if (other !== undefined) return `${quoted(name)} ${goesWith(other)}`;
    const nearOther = others.find((form) => nearby(name, keysOf(form)) !== null);
    if (nearby(name, keysOf(own)) !== null || nearOther === undefined) return noKey(name, keysOf(own));
    return `${noKey(name, keysOf(nearOther))}, which ${goesWith(nearOther)}`;
  };
}

// ---- what it must be ------------------------------------------------------------------------------------------------

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return either(issue.values.map(quoted));
    case 'too_small':
    case 'too_big': {
      const limit = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum);
      if (issue.origin === 'string')
        return issue.code === 'too_small' && limit === 1
          ? 'a text that is not empty'
          : `a text of ${issue.code === 'too_small' ? 'at least' : 'at most'} ${limit} letters`;
      if (issue.origin === 'array' || issue.origin === 'set')
        return `a list of ${issue.code === 'too_small' ? 'at least' : 'at most'} ${limit}`;
      const inclusive = issue.inclusive !== false;
      if (issue.code === 'too_small') return `${inclusive ? 'at least' : 'above'} ${limit}`;
      return `${inclusive ? 'at most' : 'below'} ${limit}`;
    }
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `a text of the form ${issue.pattern}` : `a text of the form ${issue.format}`;
    default:
      return 'something else';
  }
}

/** `a, b or c`. */
function either(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

// ---- one of several forms -------------------------------------------------------------------------------------------

function unionClauses(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  checked: Checked,
  key: string,
  value: unknown,
): string[] {
  const { discriminator } = issue as { discriminator?: string };
  if (discriminator !== undefined) {
    // The path ends with the key that tells the forms apart.
    const forms = formsAt(checked.schema, path.slice(0, -1));
    const kinds = [...new Set(forms.flatMap((form) => valuesOf(form, discriminator)))];
    const wanted = either(kinds.map(quoted));
    if (value === undefined) return [`${key} is missing; it must be ${wanted}`];
    const near = typeof value === 'string' ? nearestClause(value, kinds.map(String), quoted) : '';
    return [`${key} must be ${wanted}, not ${typeof value === 'string' ? quoted(value) : shown(value)}${near}`];
  }
  const forms = formsAt(checked.schema, path);
  const fitting = issue.errors.flatMap((issues, i) => (ofAnotherType(issues) ? [] : [{ issues, form: forms[i] }]));
  if (fitting.length === 0) return [notAny(issue, forms, key, value)];
  if (isObject(value)) {
    const has = fitting.map(({ form }) => keysOf(form).filter((name) => Object.hasOwn(value, name)));
    const most = Math.max(...has.map(({ length }) => length));
    const meant = fitting.filter((_, i) => has[i]?.length === most);
    if (most === 0) return [needsOneOf(fitting, key, value)];
    if (meant.length > 1)
      return [`${key} has ${[...new Set(has.flat())].map(quoted).join(' and ')}; it must have one of them`];
    return meant.flatMap(({ issues, form }) => inForm(issues, form, path, checked));
  }
  // The value is of the type that these ask for: what the first has against it is the fault.
  return fitting.slice(0, 1).flatMap(({ issues, form }) => inForm(issues, form, path, checked));
}

/** What one form has against the value at `path`. */
function inForm(issues: readonly Issue[], form: z.ZodType | undefined, path: Path, checked: Checked): string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys' || form === undefined) return clauses(issue, path, checked);
    const known = keysAt(form, issue.path);
    return issue.keys.map((name) => `${pathWords([...path, ...issue.path]) || checked.whole}: ${noKey(name, known)}`);
  });
}

function ofAnotherType(issues: readonly Issue[]): boolean {
  return issues.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'));
}

function notAny(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  forms: readonly z.ZodType[],
  key: string,
  value: unknown,
): string {
  const keys = [...new Set(forms.flatMap((form) => requiredKeysOf(form)))];
  const areObjects = forms.length > 0 && forms.every((form) => keysOf(form).length > 0);
  const wanted = areObjects
    ? `an object with ${either(keys.map(quoted))}`
    : either([...new Set(issue.errors.flatMap((issues) => issues.slice(0, 1).map(expectation)))]);
  return value === undefined
    ? `${key} is missing; it must be ${wanted}`
    : `${key} must be ${wanted}, not ${shown(value)}`;
}

function needsOneOf(
  fitting: readonly { readonly form: z.ZodType | undefined }[],
  key: string,
  value: Readonly<Record<string, unknown>>,
): string {
  const known = [...new Set(fitting.flatMap(({ form }) => requiredKeysOf(form)))];
  const unknown = Object.keys(value).map((name) => `; ${noKey(name, known)}`);
  return `${key} must have the key ${either(known.map(quoted))}${unknown.slice(0, mostNamed).join('')}`;
}

// ---- in the schema --------------------------------------------------------------------------------------------------

/** The schema without what says only that a value may be left out, stands for another, or is first brought to its form. */
function bare(schema: z.core.$ZodType | undefined): z.ZodType | undefined {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly ||
    (inner instanceof z.ZodPipe && inner.def.in instanceof z.ZodTransform)
  )
    inner = inner instanceof z.ZodPipe ? inner.def.out : inner.def.innerType;
  return inner as z.ZodType | undefined;
}

/** The schemas that a value at the path may follow. */
function schemasAt(schema: z.ZodType, path: Path): z.ZodType[] {
  let now: (z.ZodType | undefined)[] = [bare(schema)];
  for (const part of path) {
    now = now
      .flatMap((at) => alternatives(at))
      .map((at) => {
        if (at instanceof z.ZodObject) return bare(at.shape[String(part)]);
        if (at instanceof z.ZodArray) return bare(at.element as z.ZodType);
        if (at instanceof z.ZodRecord) return bare(at.valueType as z.ZodType);
        return undefined;
      });
  }
  return now.filter((at) => at !== undefined);
}

function alternatives(schema: z.ZodType | undefined): (z.ZodType | undefined)[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => alternatives(bare(option as z.ZodType)));
  if (schema instanceof z.ZodIntersection)
    return [schema.def.left, schema.def.right].flatMap((side) => alternatives(bare(side)));
  return [schema];
}

/** The forms of the union at a path, in its order. */
function formsAt(schema: z.ZodType, path: Path): z.ZodType[] {
  const unions = schemasAt(schema, path).flatMap((at) =>
    at instanceof z.ZodIntersection ? [bare(at.def.left), bare(at.def.right)] : [at],
  );
  const union = unions.find((at) => at instanceof z.ZodUnion);
  return union instanceof z.ZodUnion ? union.options.flatMap((option) => bare(option as z.ZodType) ?? []) : [];
}

/** The keys that a value of this form can't lack: those that tell it from others. */
function requiredKeysOf(schema: z.ZodType | undefined): string[] {
  if (!(schema instanceof z.ZodObject)) return keysOf(schema);
  return keysOf(schema).filter((key) => !(schema.shape[key] instanceof z.ZodOptional));
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return alternatives(schema).flatMap((at) => (at instanceof z.ZodObject ? Object.keys(at.shape) : []));
}

function keysAt(schema: z.ZodType, path: Path): string[] {
  return [...new Set(schemasAt(schema, path).flatMap((at) => keysOf(at)))];
}

/** The fixed values that a form's key may have. */
function valuesOf(form: z.ZodType, key: string): unknown[] {
  return schemasAt(form, [key]).flatMap((at) => {
    if (at instanceof z.ZodLiteral) return [...at.values];
    return at instanceof z.ZodEnum ? at.options : [];
  });
}

// ---- values ---------------------------------------------------------------------------------------------------------

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

/** `runs[2].parameters.steps`. */
function pathWords(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${cut(String(part))}`))
    .join('');
}

function shown(value: unknown, issue?: Issue): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') {
    const text = value === '' ? 'an empty text' : `the text ${quoted(value)}`;
    if (issue?.code !== 'invalid_value') return text;
    return `${quoted(value)}${nearestClause(value, issue.values.map(String), quoted)}`;
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(cut(value)) : String(value);
}

function cut(text: string): string {
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
