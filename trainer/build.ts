/**
 * Builds what is not run from source: kernels, pages, and the bundles of the packaged extension, all into `dist/` (kernels
 * beside their source). `--when-older` builds only what is older than its sources.
 */
import { existsSync, globSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { buildExtension } from '../extension/build.ts';
import { buildWebview } from '../webview/build.ts';
import { copyEngineFiles, engineBinary, engineKernels, enginePrograms } from './engines/build.ts';
import { copyPictureFiles, pictureFiles } from './video/build.ts';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');

interface Part {
  readonly name: string;
  /** Globs from the root, or absolute paths. */
  readonly sources: readonly string[];
  readonly outputs: readonly string[];
  make(): Promise<unknown>;
}

const parts: readonly Part[] = [
  { name: 'kernels', ...engineKernels },
  {
    name: 'pages',
    sources: ['webview/**/*', 'trainer/protocol/**/*.ts', 'package-lock.json'],
    outputs: ['page.js', 'page.css', 'page.html'].map((file) => path.join(dist, 'webview', file)),
    make: () => buildWebview({ outdir: path.join(dist, 'webview'), minify: true }),
  },
  {
    name: 'extension',
    sources: [
      'extension/**/*.ts',
      'trainer/protocol/**/*.ts',
      'trainer/client/**/*.ts',
      'package.json',
      'package-lock.json',
    ],
    outputs: [path.join(dist, 'extension.cjs')],
    make: () => buildExtension({ outdir: dist, minify: true }),
  },
  {
    name: 'trainer',
    sources: ['trainer/**/*.{ts,py,txt}', 'package.json', 'package-lock.json'],
    outputs: [
      ...['main', 'decoder', 'reader-thread', ...Object.keys(enginePrograms)].map((name) =>
        path.join(dist, 'trainer', `${name}.js`),
      ),
      path.join(dist, 'trainer', engineBinary),
      ...pictureFiles.map((name) => path.join(dist, 'trainer', name)),
    ],
    make: buildTrainer,
  },
];

/** The trainer as a program that VS Code's own Node runs, without node_modules. */
async function buildTrainer(): Promise<void> {
  const outdir = path.join(dist, 'trainer');
  await rm(outdir, { recursive: true, force: true });
  await build({
    entryPoints: {
      main: path.join(root, 'trainer/main.ts'),
      decoder: path.join(root, 'trainer/video/decoder.ts'),
      'reader-thread': path.join(root, 'trainer/store/reader-thread.ts'),
      ...enginePrograms,
    },
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    minify: true,
    keepNames: true,
    // Fetched on request or found on the machine, never shipped; the compiler is for source trees.
    external: [
      'assemblyscript/asc',
      'esbuild',
      '@ffmpeg-installer/ffmpeg',
      '@ffprobe-installer/ffprobe',
      'bufferutil',
      'utf-8-validate',
    ],
    // CommonJS packages inside the bundle still ask for Node's modules by require, and for their folder.
    banner: {
      js: [
        "import { createRequire as createRequireOfBundle } from 'node:module';",
        'const require = createRequireOfBundle(import.meta.url);',
        'const __dirname = import.meta.dirname, __filename = import.meta.filename;',
      ].join(' '),
    },
    logLevel: 'warning',
  });
  await copyEngineFiles(outdir);
  await copyPictureFiles(outdir);
}

function isOlder(part: Part): boolean {
  if (part.outputs.some((file) => !existsSync(file))) return true;
  const made = Math.min(...part.outputs.map((file) => statSync(file).mtimeMs));
  const files = part.sources.flatMap((pattern) => globSync(pattern, { cwd: root }));
  return files.some((file) => statSync(path.resolve(root, file)).mtimeMs > made);
}

/** Builds all parts, or those that are older than their sources. */
export async function buildAll(whenOlder: boolean): Promise<void> {
  for (const part of parts) {
    if (whenOlder && !isOlder(part)) continue;
    const started = performance.now();
    await part.make();
    process.stderr.write(`built ${part.name} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  }
}

if (process.argv[1] === import.meta.filename) await buildAll(process.argv.includes('--when-older'));
