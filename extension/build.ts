/** Bundles the extension's host part into one CommonJS file: what VS Code loads quickest. */
import path from 'node:path';
import { build, type Metafile } from 'esbuild';

export interface ExtensionBuild {
  readonly outdir: string;
  readonly minify: boolean;
}

/** Writes `extension.cjs` into `outdir`; the metafile says what went into it. */
export async function buildExtension({ outdir, minify }: ExtensionBuild): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [path.join(import.meta.dirname, 'extension.ts')],
    outfile: path.join(outdir, 'extension.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // Node 22 of VS Code 1.103.
    target: 'node22',
    minify,
    sourcemap: minify ? false : 'linked',
    metafile: true,
    // `vscode` is the host's; the other two are optional accelerators of ws that we do not ship.
    external: ['vscode', 'bufferutil', 'utf-8-validate'],
    logLevel: 'warning',
  });
  return metafile;
}

if (process.argv[1] === import.meta.filename)
  await buildExtension({ outdir: path.resolve(import.meta.dirname, '../dist'), minify: false });
