/**
 * "Where to add" in trainer/ARCHITECTURE.md leads somewhere: every file that it names is there, and every name that it says is
 * one `of` a file is defined in that file.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const section = /^## Where to add\n(.*?)^## /ms.exec(read('trainer/ARCHITECTURE.md'))?.[1] ?? '';

/** By its heading; a line's end is a space. */
const walks = new Map(
  [...section.matchAll(/^\*\*([^*]+)\.\*\* (.*?)(?=^\*\*[A-Z][^*]+\.\*\* |$(?![\s\S]))/gms)].map(
    ([, heading = '', text = '']) => [heading, text.replaceAll('\n', ' ')] as const,
  ),
);

/** Names and the file that defines them: "`a`, `b` and `c` of `file`", with a few words between. */
function definitions(text: string): { name: string; file: string }[] {
  return [...text.matchAll(/([^.;:]*?) of `([\w./-]+\.tsx?)`/g)].flatMap(([, names = '', file = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, file })),
  );
}

/** As a value, type or function, or as a member of one at the top; a name that is only used does not count. */
function defines(file: string, name: string): boolean {
  const declared = new RegExp(`^(?:export )?(?:async )?(?:const|function|interface|type|class) ${name}\\b`, 'm');
  const method = new RegExp(`^ {2}(?:private )?(?:async )?${name}\\(.*\\{$`, 'm');
  const member = new RegExp(`^ {2}(?:readonly )?${name}: `, 'm');
  return [declared, method, member].some((form) => form.test(read(file)));
}

/** Where each walk begins and what its text may not lose. */
const landmarks: Readonly<Record<string, readonly string[]>> = {
  'A reward part': [
    'rewardPart',
    'RewardParameters',
    'lengthPart',
    'ScoredAnswer',
    'scoreGroup',
    'partFormulas',
    'partFill',
  ],
  'A parameter': ['parameters'],
  'A column of the rollout list, or something to filter by': [
    'rollout',
    'table',
    'places',
    'steps',
    'RolloutRow',
    'columns',
  ],
  'A command to a run': ['commandRequest', 'commands', 'take', 'apply', 'takeAtRest', 'controls', 'handlers', 'forms'],
  'A screen': ['webviewPages', 'hostCommand', 'App', 'panels', 'titles', 'runCommand', 'handlers', 'pageAddress'],
};

describe('where to add', () => {
  it.each(Object.entries(landmarks))('%s: its files are there and define what the page says', (heading, names) => {
    const text = walks.get(heading) ?? '';
    const named = [...text.matchAll(/`((?:trainer|extension|webview|test|media)\/[\w./-]+)`/g)].map(
      ([, file = '']) => file,
    );
    expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    const found = definitions(text);
    expect(found.filter(({ name, file }) => !defines(file, name))).toEqual([]);
    expect(names.filter((name) => !found.some((one) => one.name === name))).toEqual([]);
  });

  it('says the same of each file that writes package.json and the schema', () => {
    expect(section).toContain('extension/manifest.ts');
    for (const written of ['manifestPath', 'schemaPath']) expect(read('extension/manifest.ts')).toContain(written);
  });
});
