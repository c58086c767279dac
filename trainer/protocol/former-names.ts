/**
 * Names that parameters had in older versions, and what a value under them says today. All that comes from outside or was kept
 * (run files, settings, checkpoints, a run's records) is read through here and nowhere else.
 */
import { z } from 'zod';

interface Former {
  /** The parameters that say it today. */
  readonly now: readonly string[];
  /** Their values; null for a value that it could not have. */
  values(value: unknown): Readonly<Record<string, unknown>> | null;
  /** What it could be, for people. */
  readonly could: string;
}

const formerNames: Readonly<Record<string, Former>> = {
  divideByStd: {
    now: ['advantageScale'],
    values: (value) => (typeof value === 'boolean' ? { advantageScale: value ? 'group' : 'none' } : null),
    could: 'true (now "group") or false (now "none")',
  },
  clipEpsilon: {
    now: ['clipLow', 'clipHigh'],
    // Below 1 − 1 no ratio is: what was larger clipped nothing there either.
    values: (value) =>
      typeof value === 'number' && value > 0 ? { clipLow: Math.min(1, value), clipHigh: value } : null,
    could: 'a number above 0',
  },
};

const formerOf = (name: string): Former | undefined =>
  Object.hasOwn(formerNames, name) ? formerNames[name] : undefined;

/** The former name that a person means: itself, with underscores (`divide_by_std`), or the symbol that it had; null for another. */
export function formerMeant(name: string): string | null {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (formerOf(camel)) return camel;
  return name === 'ε' ? 'clipEpsilon' : null;
}

const isCalled = ({ now }: Former) => `is called ${now.join(' and ')} now`;

/** `; it is called advantageScale now`, for a message about a name that no parameter has; empty where none had it. */
export function renamedClause(name: string): string {
  const former = formerOf(name);
  return former === undefined ? '' : `; it ${isCalled(former)}`;
}

/**
 * Settings under the names of today. Those that are no former name stay as they are.
 * @returns faults as clauses without a full stop: what is said under both names, or has no value that it could have
 */
export function inPresentNames(given: Readonly<Record<string, unknown>>): {
  settings: Record<string, unknown>;
  faults: string[];
} {
  // Entries, not keys that are assigned: one called __proto__ stays a key, and is refused as any that no parameter has.
  const settings: [string, unknown][] = [];
  const faults: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const former = formerOf(name);
    const values = former?.values(value);
    const both = former?.now.filter((now) => Object.hasOwn(given, now)) ?? [];
    if (former === undefined) settings.push([name, value]);
    else if (both.length > 0)
      faults.push(`${name} is the name that ${both.join(' and ')} had before, and both are given: take ${name} away`);
    else if (!values) faults.push(`${name} ${isCalled(former)}, and was ${former.could}, not ${JSON.stringify(value)}`);
    else settings.push(...Object.entries(values));
  }
  return { settings: Object.fromEntries(settings), faults };
}

/** The schema, for values that may have been written under former names. */
export function readingFormerNames<S extends z.ZodType>(schema: S) {
  return z.preprocess((value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const { settings, faults } = inPresentNames(value as Record<string, unknown>);
    for (const message of faults) context.addIssue({ code: 'custom', message });
    return settings;
  }, schema);
}
