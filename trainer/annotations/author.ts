/** Who signs labels: the author that is set, else the one of git, else who is logged in. */
import { homedir, userInfo } from 'node:os';
import { runProgram } from '../programs/run-program.ts';
import { type Author, author as authorSchema } from '../protocol/annotations/entries.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';

export interface FoundAuthor {
  readonly author: Author;
  readonly from: 'setting' | 'git' | 'login';
  /** Why git did not say, where it is there and failed; null otherwise. */
  readonly note: string | null;
}

export interface AuthorSources {
  /** `NAME` or `NAME <E-MAIL>`; empty where none is set. */
  readonly setting: string;
  /** No program is started in a project that is not trusted, so git is not asked. */
  readonly mayAskGit: boolean;
  readonly signal: AbortSignal;
}

/** @throws StudioError `bad-input` for a setting that is no name, or where nobody has one; the signal's reason when aborted */
export async function findAuthor(
  projectFolder: string,
  { setting, mayAskGit, signal }: AuthorSources,
): Promise<FoundAuthor> {
  if (setting.trim() !== '') return { author: authorOfSetting(setting), from: 'setting', note: null };
  const git = mayAskGit ? await askGit(projectFolder, signal) : { author: null, note: null };
  if (git.author !== null) return { author: git.author, from: 'git', note: null };
  return { author: { name: login(), email: null }, from: 'login', note: git.note };
}

/** @param setting `NAME` or `NAME <E-MAIL>`. @throws StudioError `bad-input` for what is no name */
export function authorOfSetting(setting: string): Author {
  const [, name = setting, email = null] = /^(.*?)<([^<>]*)>\s*$/.exec(setting) ?? [];
  const given = { name: name.trim(), email: email?.trim() || null };
  const read = authorSchema.safeParse(given);
  if (read.success) return read.data;
  throw new StudioError(
    'bad-input',
    `The author that is set can't sign labels: ${faultLine(authorSchema, given, read.error, 'it')}.`,
    {
      place: setting.slice(0, 200),
      remedy: 'Write a name, or a name and an e-mail address: Ann Example <ann@example.org>.',
    },
  );
}

interface GitAnswer {
  readonly author: Author | null;
  readonly note: string | null;
}

async function askGit(projectFolder: string, signal: AbortSignal): Promise<GitAnswer> {
  const values: (string | null)[] = [];
  for (const key of ['user.name', 'user.email']) {
    const lines: string[] = [];
    // Not in the project's folder: Windows would take a program of that name from there.
    const end = await runProgram('git', ['-C', projectFolder, 'config', '--get', key], {
      signal,
      folder: homedir(),
      onLine: (line) => lines.push(line.trim()),
    });
    if (end.kind === 'not-started')
      return { author: null, note: end.missing ? null : `git did not start: ${end.cause.message}` };
    // 1 is how git says that a key has no value.
    if (end.code !== 0 && end.code !== 1)
      return { author: null, note: `git did not say who you are: ${end.said || `it ended with ${end.code}`}` };
    values.push(lines[0] || null);
  }
  const [name, email = null] = values;
  const given = { name: name ?? email, email };
  if (given.name === null) return { author: null, note: null };
  const read = authorSchema.safeParse(given);
  if (read.success) return { author: read.data, note: null };
  return { author: null, note: `git's user can't sign labels: ${faultLine(authorSchema, given, read.error, 'it')}` };
}

function login(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new StudioError('bad-input', 'This machine does not say who is logged in, so labels have no author.', {
      remedy: "Set an author, or git's user.name and user.email.",
      cause,
    });
  }
}
