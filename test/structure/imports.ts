/** The imports of the source tree, types included, as they are written. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** `target` is a file from the root where it is ours, else the module as it is named. */
export interface Import {
  readonly from: string;
  readonly target: string;
  readonly isOurs: boolean;
}

/** Imports and re-exports, which begin a line, and modules that are loaded when they are needed. */
const statements = /^(?:import|export)\b[^;'"]*?from\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

export function sourceFiles(): string[] {
  return globSync(['trainer/**/*.{ts,tsx}', 'extension/**/*.{ts,tsx}', 'webview/**/*.{ts,tsx}'], {
    cwd: root,
    exclude: ['**/dist/**', '**/*.as.ts'],
  })
    .map((file) => file.split(path.sep).join('/'))
    .sort();
}

export function importsOf(file: string, text = readFileSync(path.join(root, file), 'utf8')): Import[] {
  return [...text.matchAll(statements)].map((match) => {
    const named = (match[1] ?? match[2] ?? match[3]) as string;
    const isOurs = named.startsWith('.');
    return { from: file, target: isOurs ? path.posix.join(path.posix.dirname(file), named) : named, isOurs };
  });
}

/** Sets of files that import each other in a circle (Tarjan's strongly connected components of more than one). */
export function circles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, target, isOurs } of imports) if (isOurs) next.set(from, [...(next.get(from) ?? []), target]);
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    let lowest = own;
    stack.push(file);
    for (const target of next.get(file) ?? []) {
      if (!index.has(target)) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, low.get(target) ?? (index.get(target) as number));
    }
    low.set(file, lowest);
    if (lowest === own) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) found.push(circle.sort());
    }
    return lowest;
  };
  for (const file of next.keys()) if (!index.has(file)) visit(file);
  return found;
}
