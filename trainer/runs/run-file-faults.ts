/** What is wrong with a run file, in words: the key, what it must be, and the nearest known key for an unknown one. */
import type { z } from 'zod';
import { nearestClause } from '../protocol/nearest.ts';
import { parameterNames } from '../protocol/parameters.ts';
import { engineKeys, modelSize, modelSource, runFile } from '../protocol/runfile.ts';

/** The keys of which a model has one, in the order of the schema's members. */
const sourceKeys = ['size', 'checkpoint', 'run'] as const;
const sourceForms = '"size": {…} (new weights), "checkpoint": "FOLDER", "run": "NAME" (its newest checkpoint)';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueAt(file: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], file);
}

/** The keys that may stand in a part of a run file; none where the part has no table of them. */
function knownKeys(where: string, file: unknown): readonly string[] {
  switch (where) {
    case '':
      return Object.keys(runFile.shape);
    case 'parameters':
      return parameterNames;
    case 'engine':
      return engineKeys((file as { engine: { name?: unknown } }).engine.name);
    case 'model':
      return modelSource.options.flatMap(({ shape }) => Object.keys(shape));
    case 'model.size':
      return Object.keys(modelSize.shape);
    default:
      return [];
  }
}

/** A model that fits none of its forms. */
function modelFaults(issue: z.core.$ZodIssueInvalidUnion, file: unknown): string[] {
  const value = valueAt(file, issue.path);
  if (value === undefined) return [`model is missing; it needs one of ${sourceForms}`];
  if (!isObject(value)) {
    const meant =
      typeof value === 'string' ? `; the newest checkpoint of a run is {"run": ${JSON.stringify(value)}}` : '';
    return [`model: needs an object with one of ${sourceForms}; it is ${JSON.stringify(value)}${meant}`];
  }
  const named = sourceKeys.filter((key) => Object.hasOwn(value, key));
  const [form] = named;
  if (form === undefined) {
    const keys = Object.keys(value);
    const has = keys.map((key) => `${JSON.stringify(key)}${nearestClause(key, sourceKeys, JSON.stringify)}`).join(', ');
    return [`model: needs one of ${sourceForms}; ${keys.length === 0 ? 'it is empty' : `it has ${has}`}`];
  }
  if (named.length > 1) return [twoSources(named)];
  const inside = issue.errors[sourceKeys.indexOf(form)] ?? [];
  return inside.flatMap((one) => issueFaults({ ...one, path: [...issue.path, ...one.path] }, file));
}

const twoSources = (named: readonly string[]) =>
  `model: takes one of ${sourceForms}, and has ${named.map((key) => JSON.stringify(key)).join(' and ')}`;

function issueFaults(issue: z.core.$ZodIssue, file: unknown): string[] {
  const where = issue.path.join('.');
  if (issue.code === 'invalid_union' && where === 'model') return modelFaults(issue, file);
  if (issue.code === 'unrecognized_keys') {
    const model = where === 'model' ? valueAt(file, issue.path) : null;
    const named = isObject(model) ? sourceKeys.filter((key) => Object.hasOwn(model, key)) : [];
    if (named.length > 1) return [twoSources(named)];
    const known = knownKeys(where, file);
    return issue.keys.map(
      (key) =>
        `${where ? `${where}: ` : ''}there is no key ${JSON.stringify(key)}${nearestClause(key, known, JSON.stringify)}`,
    );
  }
  const message = issue.message.replace(/^Invalid (?:input|option): /, '');
  if (valueAt(file, issue.path) === undefined)
    return [`${where || 'the file'} is missing: ${message.replace(/, received undefined$/, '')}`];
  return [`${where || 'the file'}: ${message}`];
}

/** Each fault that was found, in a sentence without a full stop. */
export function runFileFaults(issues: readonly z.core.$ZodIssue[], file: unknown): string[] {
  return issues.flatMap((issue) => issueFaults(issue, file));
}
