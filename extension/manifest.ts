/** Writes the extension's parts of `package.json` and the JSON schemas of files that people write. Run it after changing `contributions.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { categoryFileJsonSchema } from '../trainer/protocol/annotations/categories.ts';
import { runFileJsonSchema } from '../trainer/protocol/runfile.ts';
import { manifestParts } from './contributions.ts';

const root = path.resolve(import.meta.dirname, '..');
export const manifestPath = path.join(root, 'package.json');
export const schemaPath = path.join(root, 'media/run-file.schema.json');
export const categorySchemaPath = path.join(root, 'media/labels.schema.json');

/** The manifest with the parts of `contributions.ts` put in; keys of dependencies and scripts keep their place. */
export function manifestText(present: string): string {
  const manifest = JSON.parse(present) as Record<string, unknown>;
  return `${JSON.stringify({ ...manifest, ...manifestParts() }, null, 2)}\n`;
}

export const schemaText = (schema: object): string => `${JSON.stringify(schema, null, 2)}\n`;

if (process.argv[1] === import.meta.filename) {
  writeFileSync(manifestPath, manifestText(readFileSync(manifestPath, 'utf8')));
  writeFileSync(schemaPath, schemaText(runFileJsonSchema()));
  writeFileSync(categorySchemaPath, schemaText(categoryFileJsonSchema()));
}
