/** `video-r1 annotations import`: labels that were made elsewhere, into the files of their authors. */

import { authorOfSetting } from '../../annotations/author.ts';
import { type Imported, importArgilla, importLabelStudio } from '../../annotations/exchange/exchange.ts';
import { type ImportFile, readImportFile } from '../../annotations/exchange/import-file.ts';
import type { ImportContext, KnownItem } from '../../annotations/exchange/to-entries.ts';
import { Vocabulary } from '../../annotations/exchange/vocabulary.ts';
import type { LabelFolder } from '../../annotations/label-folder.ts';
import { knownItems } from '../../annotations/rows/known-items.ts';
import type { Categories } from '../../protocol/annotations/categories.ts';
import { type Author, authorKey, authorLine, authorOf, type Entry } from '../../protocol/annotations/entries.ts';
import { shownLine } from '../../protocol/hostile-text.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { verdict } from '../../protocol/records.ts';
import { exitCodes, readOptions, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noticeLines, number, openLabels, projectToWrite } from './annotations-labels.ts';

const formWords = {
  labels: 'holds labels of this program',
  'label-studio': 'is an export of Label Studio',
  argilla: 'is an export of Argilla',
} as const;

/** Users or labels of a file that are named in one line. */
const mostNamed = 10;

const sayings =
  'Say with --dataset whose rows the texts are, with --who who a user is, with --means what a label stands for, with --field which field is the text.';

export async function importLabels(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string' },
      dataset: { type: 'string', multiple: true, default: [] as string[] },
      who: { type: 'string', multiple: true, default: [] as string[] },
      means: { type: 'string', multiple: true, default: [] as string[] },
      field: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    1,
  );
  const [file] = positionals;
  if (file === undefined) throw usage('Name the file to import.');
  const authors = new Map([...pairs('who', values.who)].map(([user, author]) => [user, authorOfSetting(author)]));
  const meanings = pairs('means', values.means);
  const project = projectToWrite(values.folder);
  const line = new LiveLine(process.stderr);
  const isDry = values['dry-run'];
  const words = { stopped: 'The import was stopped; nothing was added.', left: 'no label is left half written' };
  return interruptible(words, async (signal) => {
    try {
      const labels = await openLabels(project, signal, line);
      const vocabulary = vocabularyOf(labels.categories, meanings);
      const read = await readImportFile(file, signal, (entry) => labels.hasOther(entry));
      const users = new Map<string, Set<string>>();
      const inFile = new Set<string>();
      const { entries, notices } = await entriesOf(read, {
        labels,
        project,
        datasets: values.dataset,
        vocabulary,
        textField: values.field ?? null,
        authors,
        signal,
        line,
        onUser: ({ id, email }) => {
          for (const name of [id, email]) if (name !== null) inFile.add(name);
        },
        onAuthor: (user, author) => {
          const known = users.get(authorKey(author)) ?? new Set<string>();
          const isCalledSo = user.name === author.name && user.email === author.email;
          if (!isCalledSo) known.add(user.email ?? user.name ?? user.id ?? 'unknown');
          users.set(authorKey(author), known);
        },
      });
      line.clear();
      const fresh = entries.filter(({ id }) => !labels.has(id));
      const told = {
        form: read.form,
        entries: entries.length,
        fresh: fresh.length,
        authors: authorsOf(entries, fresh, users),
        unmet: {
          who: [...authors.keys()].filter((name) => !inFile.has(name)),
          means: [...meanings.keys()].filter((label) => !vocabulary.hasMet(label)),
        },
        notices,
      };
      const appended = isDry ? null : await labels.append(fresh, signal);
      if (values.json) {
        process.stdout.write(
          `${JSON.stringify({ file, ...told, added: appended?.added ?? 0, dryRun: isDry }, null, 1)}\n`,
        );
        return exitCodes.done;
      }
      const unmet = unmetLines(told.unmet, { who: [...inFile], means: vocabulary.labels });
      process.stdout.write(`${[importText(file, told, isDry), ...unmet].join('\n')}\n`);
      if (appended?.gitFault) process.stderr.write(`git does not share labels yet: ${appended.gitFault}\n`);
      return exitCodes.done;
    } finally {
      line.clear();
    }
  });
}

interface Asked {
  readonly labels: LabelFolder;
  readonly project: string;
  readonly datasets: readonly string[];
  readonly vocabulary: Vocabulary;
  readonly textField: string | null;
  readonly authors: ReadonlyMap<string, Author>;
  readonly signal: AbortSignal;
  readonly line: LiveLine;
  readonly onUser: NonNullable<ImportContext['onUser']>;
  readonly onAuthor: NonNullable<ImportContext['onAuthor']>;
}

/** Twice over a foreign file: first for the texts whose items are to be found. */
async function entriesOf(read: ImportFile, asked: Asked): Promise<Imported> {
  if (read.form === 'labels') return read;
  const { labels, project, datasets, vocabulary, textField, authors, signal, line, onUser, onAuthor } = asked;
  const from = read.form === 'label-studio' ? importLabelStudio : importArgilla;
  const options = { vocabulary, textField };
  const said = (key: string) => labels.book.get(key);
  const context = { authors, said, now: new Date().toISOString() };
  const course = {
    signal,
    onProgress: (done: number, total: number) => {
      if (done > 0) line.show(`${number(done)} of ${count(total, 'item')}`);
    },
  };
  const wanted = new Set<string>();
  const ask = (hash: string): KnownItem[] => {
    wanted.add(hash);
    return [];
  };
  await from(read.json, options, { ...context, itemsWith: ask }, course);
  const onProgress = (rows: number) => line.show(`${count(rows, 'row')} looked through`);
  const known = await knownItems(wanted, { projectFolder: project, labels, datasets, signal, onProgress });
  return from(read.json, options, { ...context, itemsWith: (hash) => known.get(hash) ?? [], onUser, onAuthor }, course);
}

interface ImportedAuthor {
  readonly author: string;
  /** What the other tool calls them. */
  readonly users: readonly string[];
  readonly entries: number;
  readonly fresh: number;
}

function authorsOf(
  entries: readonly Entry[],
  fresh: readonly Entry[],
  users: ReadonlyMap<string, ReadonlySet<string>>,
): ImportedAuthor[] {
  const countOf = (list: readonly Entry[]) => Map.groupBy(list, ({ author }) => authorKey(author));
  const [all, added] = [countOf(entries), countOf(fresh)];
  return [...new Set([...all.keys(), ...users.keys()])].sort().map((key) => ({
    author: authorLine(authorOf(key)),
    users: [...(users.get(key) ?? [])],
    entries: all.get(key)?.length ?? 0,
    fresh: added.get(key)?.length ?? 0,
  }));
}

function importText(
  file: string,
  {
    form,
    entries,
    fresh,
    authors,
    notices,
  }: Omit<Imported, 'entries'> & {
    readonly form: ImportFile['form'];
    readonly entries: number;
    readonly fresh: number;
    readonly authors: readonly ImportedAuthor[];
  },
  isDry: boolean,
): string {
  return [
    `${file} ${formWords[form]}: ${count(entries, 'entry', 'entries')}, ${number(fresh)} of them new.`,
    ...authors.map(({ author, users, entries: all, fresh: added }) => {
      const there = users.length > 0 ? `, there ${users.join(', ')}` : '';
      return `  ${author}${there}: ${count(all, 'entry', 'entries')}, ${number(added)} new`;
    }),
    ...(notices.length > 0
      ? ['What did not come along as it was:', ...noticeLines(notices), ...(form === 'labels' ? [] : [sayings])]
      : []),
    isDry ? 'Nothing was written: --dry-run.' : `${count(fresh, 'entry', 'entries')} added.`,
  ].join('\n');
}

interface ByOption {
  /** Users of the other tool. */
  readonly who: readonly string[];
  /** Its labels. */
  readonly means: readonly string[];
}

/** What was said of users and labels that the file does not have: a name that is mistyped. */
function unmetLines(unmet: ByOption, inFile: ByOption): string[] {
  const told = (option: 'who' | 'means', what: string) =>
    unmet[option].map((name) => {
      const there = inFile[option];
      const list =
        there.length === 0
          ? 'none'
          : there
              .slice(0, mostNamed)
              .map((one) => shownLine(one))
              .join(', ');
      const more = there.length > mostNamed ? ', …' : '';
      return `--${option} ${name}: the file has no such ${what}; it has ${list}${more}.`;
    });
  return [...told('who', 'user'), ...told('means', 'label')];
}

/** `NAME=VALUE`, of which the last = parts the two: names of labels may hold one. */
function pairs(option: string, given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at < 1 || at === pair.length - 1) throw usage(`--${option} ${pair} is not NAME=VALUE.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** @throws StudioError `bad-request` for a meaning that is neither a category nor a verdict */
function vocabularyOf({ all }: Categories, meanings: ReadonlyMap<string, string>): Vocabulary {
  const known = [...all.map(({ id }) => id), ...verdict.options];
  for (const meaning of meanings.values())
    if (!known.includes(meaning))
      throw usage(`--means takes a category or a verdict, and ${meaning} is neither${nearestClause(meaning, known)}.`);
  return new Vocabulary(all, meanings);
}
