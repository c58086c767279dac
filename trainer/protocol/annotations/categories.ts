/**
 * What a flag can say is wrong. The nine built in, unless the project has a file of its own, which then has all of them. A category
 * that is no longer used is retired, not removed: flags with it stay readable.
 */
import { z } from 'zod';
import { oneLine } from './one-line.ts';

export const severity = z.enum(['minor', 'major']);
export type Severity = z.infer<typeof severity>;

export const categoryId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits and dash; 64 at most');

/** `1` to `9`, or `0` and a letter, pressed one after the other. */
const categoryKey = z.string().regex(/^(?:[1-9]|0[a-z])$/, 'a digit from 1 to 9, or 0 and a letter from a to z');

/** All keys, in the order in which they are given to categories that name none. */
const allKeys: readonly string[] = [
  ...'123456789',
  ...Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `0${letter}`),
];

const categoryInFile = z.strictObject({
  id: categoryId.describe('What flags are stored with. It must not change once there are flags with it.'),
  name: oneLine(60).describe('What is shown.'),
  key: categoryKey
    .optional()
    .describe('1 to 9, or 0 and a letter, which are pressed one after the other. Absent: the first that is free.'),
  description: z.string().max(1000).optional().describe('When to choose it.'),
  severity: severity.default('major').describe('The severity that a new flag has.'),
  retired: z
    .boolean()
    .default(false)
    .describe('No longer offered. Flags that have it stay readable, which they would not if it were removed here.'),
});

/** `.video-r1/annotations/labels.json`. */
export const categoryFile = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    labels: z
      .array(categoryInFile)
      .min(1)
      .describe('All categories, in their order; the built-in ones are offered only where they are named here.'),
  })
  .superRefine(({ labels }, context) => {
    const offered = labels.map((label, at) => ({ ...label, at })).filter(({ retired }) => !retired);
    const repeated = (of: 'id' | 'key', among: readonly { id: string; key?: string | undefined; at: number }[]) => {
      const first = new Map<string, string>();
      for (const label of among) {
        const value = label[of];
        if (value === undefined) continue;
        const other = first.get(value);
        if (other === undefined) first.set(value, label.id);
        else
          context.addIssue({
            code: 'custom',
            path: ['labels', label.at, of],
            message: of === 'id' ? `${value} is there twice` : `the key ${value} is that of ${other} already`,
          });
      }
    };
    repeated(
      'id',
      labels.map((label, at) => ({ ...label, at })),
    );
    repeated('key', offered);
    if (offered.length > allKeys.length)
      context.addIssue({
        code: 'custom',
        path: ['labels'],
        message: `there are keys for ${allKeys.length} categories, and ${offered.length} are not retired; set "retired" of the others`,
      });
  });
export type CategoryFile = z.infer<typeof categoryFile>;

/** Inside the folder of label files. */
export const categoryFileName = 'labels.json';

/** JSON schema of the category file for editors. */
export function categoryFileJsonSchema(): object {
  return z.toJSONSchema(categoryFile, { io: 'input' });
}

export interface Category {
  readonly id: string;
  readonly name: string;
  /** Null for one that is not offered. */
  readonly key: string | null;
  readonly description: string;
  readonly severity: Severity;
}

export const builtInCategories = [
  { id: 'not-in-frames', name: 'not in the frames', key: '1', description: 'It says what the frames do not show.' },
  { id: 'wrong-order', name: 'wrong order of events', key: '2', description: 'It has events in another order.' },
  {
    id: 'unsupported-answer',
    name: 'reasoning does not support the answer',
    key: '3',
    description: 'The answer does not follow from what is said before it, or contradicts it.',
  },
  {
    id: 'leaked-or-guessed',
    name: 'answer leaked or guessed',
    key: '4',
    description: 'It knows the answer before it has a reason, or has none.',
  },
  { id: 'repetition', name: 'repetition', key: '5', description: 'It says the same again and again.' },
  { id: 'other-language', name: 'other language', key: '6', description: 'It changes into another language.' },
  { id: 'format', name: 'format', key: '7', description: 'Tags, options or numbers are not as asked.' },
  { id: 'harmful', name: 'harmful', key: '8', description: 'It insults, endangers, or gives away what is private.' },
  { id: 'other', name: 'other', key: '9', description: 'Anything else; the note says what.' },
].map((category): Category => ({ ...category, severity: 'major' }));

/** What the categories are called now that flags had in a run's database before there were label files. */
export const categoryOfOldFlag: Readonly<Record<string, string>> = {
  'wrong perception': 'not-in-frames',
  'made-up detail': 'not-in-frames',
  'wrong order': 'wrong-order',
  'wrong logic': 'unsupported-answer',
  'answer not supported': 'unsupported-answer',
  'right by luck': 'leaked-or-guessed',
  repetition: 'repetition',
  format: 'format',
  other: 'other',
};

/** As a category is sent to pages. */
export const sentCategory = z.object({
  id: z.string(),
  name: z.string(),
  key: z.string().nullable(),
  description: z.string(),
  severity,
});

/** The categories of a project. */
export interface Categories {
  /** Those that can be chosen, in their order, each with its own key. */
  readonly offered: readonly Category[];
  /** With those that are retired. */
  readonly all: readonly Category[];
  /** Of any flag: a retired one by the name that it had, one that is nowhere by its id. */
  named(id: string): Category;
}

/** @param file null where the project has none */
export function categoriesOf(file: CategoryFile | null): Categories {
  const all = file === null ? builtInCategories : withKeys(file);
  return { all, offered: all.filter(({ key }) => key !== null), named: categoryNamedIn(all) };
}

/** As `Categories.named`. @param all of a project */
export function categoryNamedIn(all: readonly Category[]): Categories['named'] {
  const byId = new Map(
    [...builtInCategories.map((category) => ({ ...category, key: null })), ...all].map((each) => [each.id, each]),
  );
  return (id) => byId.get(id) ?? { id, name: id, key: null, description: '', severity: 'major' };
}

function withKeys({ labels }: CategoryFile): Category[] {
  const taken = new Set(labels.flatMap(({ key, retired }) => (retired || key === undefined ? [] : [key])));
  const free = allKeys.filter((key) => !taken.has(key));
  return labels.map(({ id, name, key, description = '', severity, retired }) => ({
    id,
    name,
    description,
    severity,
    key: retired ? null : (key ?? free.shift() ?? null),
  }));
}

/**
 * What keys pressed so far choose: a category; `more` where `0` waits for its letter; null where they choose nothing.
 * @param pressed one key, or `0` and a letter
 */
export function categoryAtKeys(categories: readonly Category[], pressed: string): Category | 'more' | null {
  const chosen = categories.find(({ key }) => key === pressed);
  if (chosen !== undefined) return chosen;
  return pressed === '0' && categories.some(({ key }) => key?.startsWith('0')) ? 'more' : null;
}
