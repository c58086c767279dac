/**
 * A place in a project, as links, the command line and the pages name it, and the one codec of its links: never with a port or
 * a token. A link is hostile input: what it names is compared with what is there, and is never made a path or a command.
 */
import { z } from 'zod';
import { StudioError } from './errors.ts';
import { shownLine } from './hostile-text.ts';
import { nearestClause } from './nearest.ts';
import { webviewPages } from './pages.ts';
import { queryLimits } from './query/lexemes.ts';
import { listSort } from './query/sort.ts';
import { groupPurpose, span } from './records.ts';
import { queueOrder, queueOrders } from './review-queue.ts';

export const webviewPage = z.enum(webviewPages);
/** As it is written before the editor's links to the extension: its publisher and its name. */
export const extensionId = 'video-r1-studio.video-r1-studio';

const name = z.string().min(1).max(255);
/** Of runs that stand beside each other in a link. */
const runId = z.string().regex(/^[A-Za-z0-9._-]{1,80}$/);
/** Runs that are drawn over another one at most. */
export const mostBeside = 3;

/** What is left out is as a person would find it who opens the page. */
export const place = z.object({
  page: webviewPage,
  runId: name.optional(),
  step: z.number().int().min(0).optional(),
  groupId: name.optional(),
  rolloutId: name.optional(),
  /** Its question is asked again: the number of the ask that is shown, 0 for none. */
  ask: z.number().int().min(0).optional(),
  /** What is selected of the rollout's text. */
  span: span.optional(),
  /** The filter as it is typed. */
  query: z.string().max(queryLimits.length).optional(),
  /** Which answers are reviewed, and in which order. */
  order: queueOrder.optional(),
  /** By which field the list is sorted; the newest first where it is left out. */
  sort: listSort.optional(),
  /** Key of a question's content, across steps and runs. */
  question: name.optional(),
  /** The answer that is read beside `rolloutId`, across steps. */
  againstRolloutId: name.optional(),
  /** What the questions that are compared were asked for. */
  purpose: groupPurpose.optional(),
  /** What is compared with it: another run, and of the two an evaluation each. */
  againstRunId: name.optional(),
  evaluationId: name.optional(),
  againstEvaluationId: name.optional(),
  /** Runs whose curves are drawn over those of the run, by their ids. */
  beside: z.array(runId).min(1).max(mostBeside).optional(),
  /** An audit of the project, by its name, and whose questions are read of it: the dataset and the family. */
  audit: name.optional(),
  family: name.optional(),
});
export type Place = z.infer<typeof place>;

export interface PlaceLink {
  /** Name of the project; null where the link leaves it open. */
  readonly project: string | null;
  readonly place: Place;
}

/** A project is called as its folder is. @param folder absolute, of any system */
export function projectName(folder: string): string {
  return folder.split(/[\\/]/).findLast((part) => part !== '') ?? 'root';
}

/** What is said where a step was sought that has no rollouts. @param where in which it has none, when that is not the run */
export function nearestStepNote(step: number, shown: number, where = ''): string {
  return `Step ${step} has no rollouts${where}; shown is the nearest that has some, ${shown}.`;
}

// ---- the codec ------------------------------------------------------------------------------------------------------

/** Characters of a link: the longest filter, each of its characters as nine, and the names beside it; one argument of a shell. */
export const longestLink = 9 * queryLimits.length + 24_000;

type Part = Exclude<keyof Place, 'page'>;

interface PartForm<V> {
  /** As it is called in the link. */
  readonly key: string;
  write(value: V): string;
  /** Null where the text is none. */
  read(text: string): V | null;
  /** What stands there, for a sentence. */
  readonly means: string;
}

const asText: Pick<PartForm<string>, 'write' | 'read'> = { write: (text) => text, read: (text) => text };
const wholeNumber = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : null);

/** In the order in which they are written. The run stands in the path where the project is known. */
const parts: { readonly [P in Part]: PartForm<NonNullable<Place[P]>> } = {
  runId: { key: 'run', ...asText, means: "a run's id" },
  step: { key: 'step', write: String, read: wholeNumber, means: 'a whole number' },
  groupId: { key: 'group', ...asText, means: "a group's id" },
  rolloutId: { key: 'rollout', ...asText, means: "a rollout's id" },
  ask: { key: 'ask', write: String, read: wholeNumber, means: 'a whole number' },
  span: {
    key: 'select',
    write: ({ start, end }) => `${start}-${end}`,
    read(text) {
      const [start, end] = (/^(\d{1,9})-(\d{1,9})$/.exec(text) ?? []).slice(1).map(Number);
      return start !== undefined && end !== undefined && start < end ? { start, end } : null;
    },
    means: 'two places in the text, such as 12-40',
  },
  query: {
    key: 'query',
    ...asText,
    means: `a filter of at most ${queryLimits.length.toLocaleString('en-US')} characters`,
  },
  order: {
    key: 'order',
    write: (order) => order,
    read: (text) => queueOrder.safeParse(text).data ?? null,
    means: `one of ${queueOrders.join(', ')}`,
  },
  sort: {
    key: 'sort',
    write: ({ by, descending }) => (descending ? `-${by}` : by),
    read: (text) => listSort.safeParse({ by: text.replace(/^-/, ''), descending: text.startsWith('-') }).data ?? null,
    means: 'a field to sort by, with a - before it where the largest come first',
  },
  question: { key: 'question', ...asText, means: "a question's key" },
  againstRolloutId: { key: 'against-rollout', ...asText, means: "a rollout's id" },
  purpose: {
    key: 'purpose',
    write: (purpose) => purpose,
    read: (text) => groupPurpose.safeParse(text).data ?? null,
    means: `one of ${groupPurpose.options.join(', ')}`,
  },
  againstRunId: { key: 'against', ...asText, means: "a run's id" },
  evaluationId: { key: 'evaluation', ...asText, means: "an evaluation's id" },
  againstEvaluationId: { key: 'against-evaluation', ...asText, means: "an evaluation's id" },
  beside: {
    key: 'beside',
    write: (ids) => ids.join(','),
    read: (text) => place.shape.beside.safeParse(text.split(',')).data ?? null,
    means: `the ids of ${mostBeside} runs at most, with commas between them`,
  },
  audit: { key: 'audit', ...asText, means: "an audit's name" },
  family: { key: 'family', ...asText, means: 'a dataset and a family of its questions' },
};
const partNames = Object.keys(parts) as Part[];
const keys = partNames.map((part) => parts[part].key);

/** Belong to an address and to no place: the trainer's secret, and the window that VS Code is told to open a link in. */
const ofAddresses: readonly string[] = ['token', 'windowId'];

/**
 * The path form, which stands after an origin: `/project/run/rollouts?rollout=s3-g0-o1`. What has a meaning in an address is
 * written with a tilde (`~26` for &), since VS Code undoes the percent signs of a link before it hands it over.
 */
export function linkPath({ project, place: { page, ...named } }: PlaceLink): string {
  const inPath = project !== null && named.runId !== undefined;
  const path = [...(project === null ? [] : [project]), ...(inPath ? [named.runId ?? ''] : []), page].map(written);
  const values = partNames.flatMap(<P extends Part>(part: P) => {
    const value = named[part] as NonNullable<Place[P]> | undefined;
    if (value === undefined || (part === 'runId' && inPath)) return [];
    return [`${parts[part].key}=${written(parts[part].write(value))}`];
  });
  return `/${path.join('/')}${values.length > 0 ? `?${values.join('&')}` : ''}`;
}

/** The link that VS Code opens. @param scheme of the editor, which differs in its relatives */
export function editorLink(link: PlaceLink, scheme = 'vscode'): string {
  return `${scheme}://${extensionId}${linkPath(link)}`;
}

const endsInPage = new RegExp(
  `^(?:[a-z][a-z0-9+.-]*://[^/?#\\s]*)?(?:/[^/?#]*){0,2}/(?:${webviewPages.join('|')})(?:[?#]|$)`,
  'i',
);

const loopback = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a text that was typed or pasted is meant as a link, and not as words to look for, as any other address is. One that
 * looks like a link, but whose address is no page's, is `foreign`: nobody is led by it.
 * @param ownOrigin of the page where it is typed, which a tunnel may give any name
 */
export function linkKind(text: string, ownOrigin: string | null = null): 'link' | 'foreign' | null {
  const trimmed = text.trim();
  const [origin = null, scheme, authority = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(trimmed) ?? [];
  if (authority.toLowerCase() === extensionId && !isWeb(scheme)) return 'link';
  if (!endsInPage.test(trimmed)) return null;
  if (origin === null || origin.toLowerCase() === ownOrigin?.toLowerCase()) return 'link';
  return isWeb(scheme) && loopback.test(authority) ? 'link' : 'foreign';
}

const isWeb = (scheme: string | undefined) => /^https?$/i.test(scheme ?? '');

/** What is said of a `foreign` link. */
export function foreignNote(text: string): string {
  const authority = /^[^/]*\/\/([^/?#]*)/.exec(text.trim())?.[1] ?? '';
  return `An address of ${shownLine(authority, 80)} leads to none of these pages`;
}

/**
 * Leaves to `linkKind` whether an address is a page's.
 * @param text a link of any form: the editor's, an address of a page, or the path after its origin
 * @throws StudioError `bad-request` with what of the link is wrong and what to do
 */
export function readLink(text: string): PlaceLink {
  const trimmed = text.trim();
  if (trimmed.length > longestLink)
    throw fault(`The link has ${trimmed.length} characters, more than the ${longestLink} that one can have.`, {
      remedy: 'Copy it again from the page.',
    });
  const [, scheme, authority, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/([^/?#]*))?(.*)$/is.exec(trimmed) ?? [];
  if (scheme !== undefined && !isWeb(scheme) && authority?.toLowerCase() !== extensionId)
    throw fault(`The link is not one of Video-R1 Studio, but of ${authority || scheme}.`, {
      at: scheme,
      remedy: `Its links begin with vscode://${extensionId}/, or are the path after the address of a page.`,
    });
  const [path = '', values, ...more] = rest.split('?');
  if (more.length > 0 || rest.includes('#'))
    throw fault('The link has a ? or # too many.', { at: rest.includes('#') ? '#' : '?', remedy: 'Copy it again.' });
  const segments = path
    .replace(/^\//, '')
    .split('/')
    .map((segment) => readText(segment, 'the path'));
  const page = segments.pop() ?? '';
  if (segments.length > 2 || segments.some((segment) => segment === '' || segment.length > 255))
    throw fault('The path of the link is not /PROJECT/RUN/PAGE.', { at: path, remedy: 'Copy it again from the page.' });
  if (!webviewPages.some((known) => known === page))
    throw fault(`The link names no page${nearestClause(page, webviewPages)}.`, {
      at: page || path || 'the end',
      remedy: `It must end with one of ${webviewPages.join(', ')}, and what follows a question mark.`,
    });
  const [project = null, runId] = segments;
  const found: Record<string, unknown> = { page, ...(runId !== undefined && { runId }) };
  for (const value of values ? values.split('&') : []) {
    const [, key = '', written = ''] = /^([^=]*)=?(.*)$/s.exec(value) ?? [];
    if (ofAddresses.includes(key)) continue;
    const part = partNames.find((one) => parts[one].key === key);
    if (part === undefined)
      throw fault(
        `This version knows no part ${JSON.stringify(key.slice(0, 40))} of a link${nearestClause(key, keys)}.`,
        {
          at: key,
          remedy: 'Take it out, or update Video-R1 Studio.',
        },
      );
    if (part in found) throw fault(`The link says ${key} twice.`, { at: key, remedy: 'Take one of them out.' });
    found[part] = parts[part].read(readText(written, key));
  }
  const checked = place.safeParse(found);
  if (checked.success) return { project, place: checked.data };
  const wrong = partNames.find((part) => part === checked.error.issues[0]?.path[0]) ?? 'runId';
  const { key, means } = parts[wrong];
  throw fault(`What the link has as ${key} is not ${means}.`, { at: key, remedy: 'Copy it again from the page.' });
}

/** In a path and among values, before and after VS Code has undone the percent signs. */
function written(text: string): string {
  const tilde = (character: string) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `~u${code.toString(16).padStart(4, '0')}` : `~${code.toString(16).padStart(2, '0')}`;
  };
  // A path of dots leads up; half of a surrogate pair can't be written with percent signs.
  const special = /^\.{1,2}$/.test(text) ? /\./g : /[~&=#+%/?\\]|\p{Surrogate}|\p{Cc}/gu;
  return encodeURIComponent(text.replace(special, tilde));
}

function readText(text: string, at: string): string {
  const bad = () => fault('A character of the link can not be read.', { at, remedy: 'Copy it again from the page.' });
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw bad();
  }
  return decoded.replace(/~(?:([0-9a-f]{2})|u([0-9a-f]{4}))?/gi, (_, short?: string, long?: string) => {
    const code = short ?? long;
    if (code === undefined) throw bad();
    return String.fromCharCode(Number.parseInt(code, 16));
  });
}

function fault(message: string, { at, remedy }: { at?: string; remedy: string }): StudioError {
  return new StudioError('bad-request', message, { ...(at !== undefined && { place: at.slice(0, 60) }), remedy });
}
