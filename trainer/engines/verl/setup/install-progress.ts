/** How far an installation is, from what pip says and from what lies in the environment. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readPipLine } from './pip-lines.ts';

/** A file of fewer is there as soon as it is named. */
const toldBytes = 5e6;

type OnProgress = (what: string, done: number, total: number) => void;

/** Names that packages have in the folder where pip installs: each `NAME-VERSION.dist-info`. */
export async function packageFolders(folder: string): Promise<string[]> {
  const library = path.join(folder, 'lib');
  const versions = existsSync(library) ? (await readdir(library)).filter((name) => /^python3\.\d+$/.test(name)) : [];
  const found: string[] = [];
  for (const version of versions) {
    const packages = path.join(library, version, 'site-packages');
    if (!existsSync(packages)) continue;
    for (const name of await readdir(packages)) if (name.endsWith('.dist-info')) found.push(path.join(packages, name));
  }
  return found;
}

/** What pip's lines and its folder say of how far it is. While it installs it says nothing, so packages are counted then. */
export class InstallProgress {
  private readonly folder: string;
  private readonly packages: number;
  private readonly onProgress: OnProgress;
  private collected = 0;
  private file = '';
  private counting: NodeJS.Timeout | null = null;

  /** @param packages how many there are, about: some are for other versions of Python */
  constructor(folder: string, packages: number, onProgress: OnProgress) {
    this.folder = folder;
    this.packages = packages;
    this.onProgress = onProgress;
  }

  onLine(text: string): void {
    const line = readPipLine(text);
    switch (line?.kind) {
      case undefined:
        break;
      case 'collecting':
        this.collected++;
        this.onProgress('Looking up packages', Math.min(this.collected, this.packages), this.packages);
        break;
      case 'fetching':
        this.file = line.file;
        break;
      case 'bytes':
        if (line.total >= toldBytes) this.onProgress(`Fetching ${this.file}`, line.done, line.total);
        break;
      case 'building':
        this.onProgress(`Building ${line.names}`, 0, 0);
        break;
      case 'installing':
        this.count(line.names.length);
        break;
    }
  }

  dispose(): void {
    if (this.counting !== null) clearInterval(this.counting);
  }

  private count(total: number): void {
    this.dispose();
    const look = async (before: number) => {
      const done = Math.min(total, Math.max(0, (await packageFolders(this.folder)).length - before));
      this.onProgress('Installing packages', done, total);
    };
    packageFolders(this.folder).then(
      ({ length }) => {
        this.counting = setInterval(() => look(length).catch(() => {}), 1000);
      },
      () => {},
    );
  }
}
