/** What pip says while it installs, read as progress. Lines that tell nothing of it are passed over. */

export type PipLine =
  /** It looks a package up. */
  | { readonly kind: 'collecting'; readonly name: string }
  /** It begins to fetch a file; `bytes` follow with `bytes` lines. */
  | { readonly kind: 'fetching'; readonly file: string }
  | { readonly kind: 'bytes'; readonly done: number; readonly total: number }
  | { readonly kind: 'building'; readonly names: string }
  | { readonly kind: 'installing'; readonly names: readonly string[] };

/** With `--progress-bar raw`, as pip 24.1 and later print it. Null for any other line. */
export function readPipLine(line: string): PipLine | null {
  const collecting = /^Collecting ([A-Za-z0-9._-]+)/.exec(line)?.[1];
  if (collecting !== undefined) return { kind: 'collecting', name: collecting };
  const [, file] = /^\s+Downloading (\S+?\.(?:whl|tar\.gz|zip)) \(/.exec(line) ?? [];
  if (file !== undefined) return { kind: 'fetching', file: file.slice(file.lastIndexOf('/') + 1) };
  const [, done, total] = /^\s*Progress (\d+) of (\d+)\s*$/.exec(line) ?? [];
  if (total !== undefined) return { kind: 'bytes', done: Number(done), total: Number(total) };
  const building = /^Building wheels? for collected packages: (.+)$/.exec(line)?.[1];
  if (building !== undefined) return { kind: 'building', names: building.trim() };
  const installing = /^Installing collected packages: (.+)$/.exec(line)?.[1];
  if (installing !== undefined) return { kind: 'installing', names: installing.trim().split(/,\s*/) };
  return null;
}

/** What pip's settings say about where packages come from: no other setting of the user's reaches the environment. */
const indexSettings = new Set([
  'cache-dir',
  'cert',
  'client-cert',
  'default-timeout',
  'extra-index-url',
  'find-links',
  'index-url',
  'keyring-provider',
  'no-cache-dir',
  'no-index',
  'proxy',
  'retries',
  'timeout',
  'trusted-host',
]);

/**
 * The settings of `pip config list` that say where packages come from, as the environment variables that say the same. Those
 * of a command are taken before those for all, and variables before both, as pip does.
 */
export function indexEnvironment(configList: readonly string[]): Record<string, string> {
  const found = new Map<string, { rank: number; value: string }>();
  for (const line of configList) {
    const [, section, name, quote, text] = /^(global|install|download|:env:)\.([a-z-]+)=(['"])(.*)\3$/.exec(line) ?? [];
    if (section === undefined || name === undefined || text === undefined || !indexSettings.has(name)) continue;
    const rank = section === 'global' ? 0 : section === ':env:' ? 2 : 1;
    if (section === 'download' || rank < (found.get(name)?.rank ?? 0)) continue;
    found.set(name, { rank, value: unescaped(text, quote ?? "'") });
  }
  return Object.fromEntries(
    [...found].map(([name, { value }]) => [`PIP_${name.toUpperCase().replaceAll('-', '_')}`, value]),
  );
}

/** Python's `repr` of a text; several values of a setting stand on lines of their own there, and apart by blanks in a variable. */
function unescaped(text: string, quote: string): string {
  return text.replaceAll('\\n', ' ').replaceAll(`\\${quote}`, quote).replaceAll('\\\\', '\\').trim();
}
