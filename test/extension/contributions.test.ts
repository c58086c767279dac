/** The manifest says what the code says. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import {
  commands,
  contextKeys,
  datasetEditor,
  manifestParts,
  panels,
  settings,
  views,
} from '../../extension/contributions.ts';
import { categorySchemaPath, manifestPath, manifestText, schemaPath, schemaText } from '../../extension/manifest.ts';
import { categoryFileJsonSchema } from '../../trainer/protocol/annotations/categories.ts';
import { runFileJsonSchema } from '../../trainer/protocol/runfile.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('package.json', () => {
  test('is what `node extension/manifest.ts` writes', () => {
    const present = readFileSync(manifestPath, 'utf8');
    expect(JSON.parse(present)).toEqual(JSON.parse(manifestText(present)));
  });

  test('the JSON schema of run files is what the contract generates', () => {
    expect(readFileSync(schemaPath, 'utf8')).toBe(schemaText(runFileJsonSchema()));
  });

  test("the JSON schema of a project's categories is what the contract generates", () => {
    expect(readFileSync(categorySchemaPath, 'utf8')).toBe(schemaText(categoryFileJsonSchema()));
  });

  test('names only files that are there', () => {
    const { contributes } = manifestParts();
    const named = [
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...contributes.jsonValidation.map(({ url }) => url),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of named) expect(existsSync(path.join(root, file)), file).toBe(true);
  });

  test('every `when` clause asks only for keys that the code sets', () => {
    const known = new Set<string>([
      ...Object.values(contextKeys),
      ...Object.values(views),
      ...Object.values(panels),
      datasetEditor,
      ...Object.values(commands).map(({ id }) => id),
      ...Object.values(settings).map(({ id }) => id),
      // The name of the view container is that of the product.
      'videoR1',
    ]);
    const text = JSON.stringify(manifestParts().contributes);
    for (const [key] of text.matchAll(/videoR1(?:\.[A-Za-z-]+)*/g)) expect(known, key).toContain(key);
  });

  test('settings that choose a program, or what may be read, are not taken from an untrusted workspace', () => {
    const restricted = manifestParts().capabilities.untrustedWorkspaces.restrictedConfigurations;
    expect(restricted).toEqual(
      Object.keys(manifestParts().contributes.configuration.properties).filter((id) => /(path|roots)$/i.test(id)),
    );
    expect(restricted.length).toBeGreaterThan(0);
  });
});

test('nothing of node_modules, and nothing that needs it, is loaded at activation', async () => {
  // With splitting, what the entry imports statically is its own chunk and those that it names; the rest is lazy.
  const { metafile } = await build({
    entryPoints: [path.join(root, 'extension/extension.ts')],
    outdir: 'unused',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    metafile: true,
    external: ['vscode', 'bufferutil', 'utf-8-validate'],
    logLevel: 'error',
  });
  const eager = new Set<string>();
  const visit = (output: string) => {
    if (eager.has(output)) return;
    eager.add(output);
    for (const { path: imported, kind } of metafile.outputs[output]?.imports ?? [])
      if (kind === 'import-statement' && metafile.outputs[imported]) visit(imported);
  };
  visit(Object.keys(metafile.outputs).find((output) => output.endsWith('extension.js')) ?? '');
  const inputs = [...eager].flatMap((output) => Object.keys(metafile.outputs[output]?.inputs ?? {}));
  expect(inputs.length).toBeGreaterThan(5);
  // Words for a run's state, engine and breakpoints, and the names of pages, load nothing themselves.
  const light = ['run-words.ts', 'engine-words.ts', 'breakpoints/words.ts', 'pages.ts'].map(
    (name) => `trainer/protocol/${name}`,
  );
  expect(
    inputs.filter(
      (input) => input.includes('node_modules') || (input.startsWith('trainer/') && !light.includes(input)),
    ),
  ).toEqual([]);
});
