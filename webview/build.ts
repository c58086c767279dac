/** Bundles the pages into one script, one sheet and one HTML file; `{{nonce}}`, `{{page}}` and `{{assets}}` are filled in when served. */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type BuildContext, type BuildOptions, build, context, type Plugin } from 'esbuild';

export interface WebviewBuild {
  /** Folder that receives `page.js`, `page.css` and `page.html`. */
  readonly outdir: string;
  readonly minify: boolean;
  /** Build again on every change until disposed. */
  readonly watch?: boolean;
}

/** zod brings its messages in fifty languages, a third of the bundle; the pages show the English ones, which it loads by itself. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

/** The context to dispose of when watching; null otherwise. */
export async function buildWebview({ outdir, minify, watch = false }: WebviewBuild): Promise<BuildContext | null> {
  const from = import.meta.dirname;
  await mkdir(outdir, { recursive: true });
  await copyFile(path.join(from, 'page.html'), path.join(outdir, 'page.html'));
  const options: BuildOptions = {
    entryPoints: [{ in: path.join(from, 'page.tsx'), out: 'page' }],
    outdir,
    bundle: true,
    minify,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    sourcemap: minify ? false : 'inline',
    plugins: [englishOnly],
    legalComments: 'none',
    logLevel: 'warning',
  };
  if (!watch) {
    await build(options);
    return null;
  }
  const watching = await context(options);
  await watching.watch();
  return watching;
}

if (process.argv[1] === import.meta.filename) {
  await buildWebview({
    outdir: path.join(import.meta.dirname, '..', 'dist', 'webview'),
    minify: !process.argv.includes('--dev'),
    watch: process.argv.includes('--watch'),
  });
}
