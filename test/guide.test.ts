/** The pages for people: README, guide, architecture and contributing say what is there, and lead where they say. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, settings } from '../extension/contributions.ts';
import { checkRow } from '../trainer/data/row-check.ts';
import { presetParameters, settingFaults } from '../trainer/learning/presets.ts';
import { advisoryRules } from '../trainer/protocol/advisories.ts';
import { functionNames } from '../trainer/protocol/breakpoints/condition.ts';
import { parseCondition } from '../trainer/protocol/breakpoints/parse-condition.ts';
import { readyMadeNames, readyMades } from '../trainer/protocol/breakpoints/ready-made.ts';
import { stepNumberNames, stepNumbers } from '../trainer/protocol/breakpoints/step-numbers.ts';
import { parameters } from '../trainer/protocol/parameters.ts';
import { fieldNames, fields } from '../trainer/protocol/query/fields.ts';
import { parseQuery } from '../trainer/protocol/query/parse.ts';
import { engineNames, engineSettings, runFile } from '../trainer/protocol/runfile.ts';
import { thresholds } from '../trainer/runs/advisories/thresholds.ts';
import { rolloutsKeys } from '../webview/rollouts/rollouts-keys.ts';
import { helpRows } from '../webview/ui/key-table.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const guide = globSync('media/guide/*.md', { cwd: root }).sort();
const pages = ['README.md', 'trainer/ARCHITECTURE.md', '.github/CONTRIBUTING.md', 'CHANGELOG.md', ...guide];
const texts = new Map(pages.map((page) => [page, read(page)]));
const everyText = [...texts.values()].join('\n');
const readme = read('README.md');
const steering = read('media/guide/steering.md');

/** Every source file, with its path from the root. */
const files = globSync('{trainer,extension,webview,test}/**/*.{ts,tsx}', { cwd: root });

const withoutCode = (text: string) => text.replace(/^```.*?^```$/gms, '');
const headings = (text: string) => [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] as string);
/** A heading's anchor, as GitHub and VS Code's preview make it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1] as string);

describe('README', () => {
  it('is 170 lines at most and goes from what it is to where to read on', () => {
    expect(readme.split('\n').length - 1).toBeLessThanOrEqual(170);
    expect(headings(readme)).toEqual(['Video-R1 Studio', 'Install', 'First look', 'Your own data', 'Where to read on']);
  });

  it('leads to every page of the guide', () => {
    expect(guide.length).toBeGreaterThan(0);
    for (const page of guide) expect(readme).toContain(`](${page})`);
  });

  it('shows a dataset row that training takes, and a run file that fits', () => {
    const [row, run, ...others] = blocks(readme, 'json');
    expect(others).toEqual([]);
    expect(checkRow(JSON.parse(row ?? ''))).toHaveProperty('row');
    expect(runFile.safeParse(JSON.parse(run ?? '')).error).toBeUndefined();
  });

  it('shows the beginning of the table that the sample’s page has whole', () => {
    const [table = ''] = blocks(readme, '').filter((block) => block.includes('order questions'));
    expect(table).not.toBe('');
    expect(read('media/guide/sample.md')).toContain(table);
  });
});

describe('the pages', () => {
  it('have one line that leads to the others, with the pages of the engines in it', () => {
    const lines = guide.flatMap((page) => read(page).match(/^\[README\]\(.*\[Measured\].*$/m) ?? []);
    expect(lines.length).toBeGreaterThan(10);
    expect([...new Set(lines)]).toHaveLength(1);
    for (const page of ['engine.md', 'clusters.md']) {
      expect(lines[0]).toContain(`](${page})`);
      expect(read(`media/guide/${page}`)).toContain(lines[0]);
    }
  });

  it.each(pages)('%s: every link leads to a file that is there, and to a heading in it', (page) => {
    const text = withoutCode(texts.get(page) ?? '');
    const missing: string[] = [];
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', fragment] = target.split('#');
      const full = file === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
      if (!existsSync(full)) missing.push(target);
      else if (fragment !== undefined && !headings(readFileSync(full, 'utf8')).map(anchor).includes(fragment))
        missing.push(target);
    }
    expect(missing).toEqual([]);
  });

  it.each(['trainer/ARCHITECTURE.md', '.github/CONTRIBUTING.md', 'media/guide/engine.md'])(
    '%s: every file and folder that it names is there, by its path or by its name alone',
    (page) => {
      const text = texts.get(page) ?? '';
      const paths = [...text.matchAll(/`((?:trainer|extension|webview|test|media)\/[\w./-]+)`/g)];
      const names = [...text.matchAll(/`((?:[\w-]+\/)*[\w-]+\.tsx?)`/g)];
      const there = (named: string) => existsSync(path.join(root, named)) || files.some((f) => f.endsWith(`/${named}`));
      const missing = [...paths, ...names].map((match) => match[1] as string).filter((named) => !there(named));
      expect(missing).toEqual([]);
    },
  );

  it('name no command and no script that is not there, and every command of video-r1', () => {
    const help = execFileSync(process.execPath, [path.join(root, 'trainer/main.ts'), '--help'], { encoding: 'utf8' });
    const there = [...help.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] as string);
    expect(there).toContain('run');
    const called = [...everyText.matchAll(/npx video-r1 ([a-z]+)/g)].map((match) => match[1] as string);
    expect([...new Set(called)].filter((name) => !there.includes(name))).toEqual([]);
    const named = [...everyText.matchAll(/`(?:npx video-r1 )?([a-z]+)\b/g)].map((match) => match[1] as string);
    expect(there.filter((name) => !named.includes(name) && !called.includes(name))).toEqual([]);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const ran = [...everyText.matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1] as string);
    expect([...new Set(ran)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('steering.md names every command of the palette, every setting and every key of a run file', () => {
    const titles = Object.values(commands).map(({ title }) => title.replace('…', ''));
    expect(titles.filter((title) => !steering.includes(title))).toEqual([]);
    expect(Object.values(settings).filter(({ id }) => !steering.includes(`\`${id}\``))).toEqual([]);
    const keys = Object.keys(runFile.shape).filter((key) => key !== '$schema');
    expect(keys.filter((key) => !steering.includes(`| \`${key}\` |`))).toEqual([]);
  });

  it('engine.md names every key of every engine', () => {
    const tables = read('media/guide/engine.md')
      .split(/^\| key of /m)
      .slice(1);
    expect(tables.map((table) => /^`(\w+)`/.exec(table)?.[1])).toEqual([...engineNames]);
    const named = tables.map((table) =>
      [...(table.split('\n\n')[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key),
    );
    expect(named).toEqual(engineSettings.options.map(({ shape }) => Object.keys(shape)));
  });

  it('steering.md shows a run file that fits', () => {
    const runs = blocks(steering, 'json');
    expect(runs).toHaveLength(1);
    expect(runFile.safeParse(JSON.parse(runs[0] ?? '')).error).toBeUndefined();
  });
});

describe('annotation.md', () => {
  const text = read('media/guide/annotation.md');

  it('shows a run file that fits, and sets while a run trains what can be set then', () => {
    const runs = blocks(text, 'json').filter((block) => block.includes('"method"'));
    expect(runs).toHaveLength(1);
    const run = runFile.parse(JSON.parse(runs[0] ?? ''));
    expect(settingFaults(run.parameters ?? {})).toEqual([]);
    expect(Object.keys(run.parameters ?? {}).sort()).toEqual(['flagPenalty', 'leaveOutDropped', 'maskFlagged']);
    const set = [...text.matchAll(/^npx video-r1 ctl set (\w+)/gm)].map(([, name]) => name as keyof typeof parameters);
    expect(set).toEqual(['maskFlagged', 'flagPenalty']);
    expect(set.map((name) => parameters[name].changes)).toEqual(['live', 'live']);
    expect(parameters.leaveOutDropped.changes).toBe('restart');
    expect(presetParameters('sample', 'tgrpo').obeyLabels).toBe(true);
  });
});

describe('breakpoints.md', () => {
  const text = read('media/guide/breakpoints.md');
  const cells = [...text.matchAll(/^\| `(.*) \|$/gm)].map(([, row = '']) => row.split(/ ?\| ?/));

  it('has every number of a step in its order, with the point from which it is known', () => {
    const rows = cells.filter(([name = '']) => stepNumberNames.some((known) => name === `${known}\``));
    expect(rows.map(([name = '', , from]) => [name.slice(0, -1), from])).toEqual(
      stepNumberNames.map((name) => [name, stepNumbers[name].from]),
    );
  });

  it('has every function, and every ready-made breakpoint with its condition', () => {
    for (const name of functionNames) expect(text).toMatch(new RegExp(`^\\| .*\`${name}\\(`, 'm'));
    for (const name of readyMadeNames) expect(text).toContain(`| \`${name}\` | \`${readyMades[name].condition}\` |`);
  });

  it('shows conditions that can be typed', () => {
    const [table = ''] = text.split('## Answers');
    const conditions = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] as string);
    const shell = [...text.matchAll(/^npx video-r1 ctl break (?:add|edit \d+) "([^"]+)"/gm)].map(
      ([, one]) => one as string,
    );
    expect(conditions.length).toBeGreaterThan(4);
    for (const condition of [...conditions, ...shell]) expect(parseCondition(condition).faults, condition).toEqual([]);
  });
});

describe('advisories.md', () => {
  const text = read('media/guide/advisories.md');
  const row = (rule: string) => text.split('\n').find((line) => line.startsWith(`| \`${rule}\` |`)) ?? '';

  it('names every rule, the gravest first, and what each does', () => {
    const named = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(named).toEqual([...advisoryRules]);
  });

  it.each(Object.entries(thresholds))('says every number of %s', (rule, numbers) => {
    const said: string[] = row(rule).match(/\d+(\.\d+)?/g) ?? [];
    expect(Object.entries(numbers).filter(([, value]) => !said.includes(String(value)))).toEqual([]);
  });

  it('offers no parameter that is not there', () => {
    const table = text.slice(text.indexOf('## The rules'));
    const set = [...table.matchAll(/`([a-z]+[A-Z]\w*|temperature|beta)`/g)].map(([, name = '']) => name);
    expect(set.length).toBeGreaterThan(8);
    expect(set.filter((name) => !Object.hasOwn(parameters, name))).toEqual([]);
  });
});

describe('query.md', () => {
  const [before = '', table = ''] = read('media/guide/query.md').split('## Fields');
  const codes = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
  const cells = (text: string) => [...text.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(/ ?\| ?/));

  it('is 100 lines at most', () => {
    expect(read('media/guide/query.md').split('\n').length - 1).toBeLessThanOrEqual(100);
  });

  it('has every field in its order, with all its other names and the values that it knows', () => {
    expect(cells(table).map(([name = '']) => codes(name))).toEqual(fieldNames.map((name) => [name]));
    for (const [i, [, others = '', takes = '']] of cells(table).entries()) {
      const name = fieldNames[i] as (typeof fieldNames)[number];
      const field = fields[name];
      expect(codes(others), name).toEqual(field.synonyms);
      const values = codes(takes).map((value) => parseQuery(`${name}:${value}`));
      expect(values.flatMap(({ faults }) => faults)).toEqual([]);
      const held = values.map(({ expression }) => (expression?.kind === 'compare' ? expression.value : null));
      if ('values' in field && field.values !== null) expect(held, name).toEqual(Object.keys(field.values));
      else expect(held, name).toEqual(field.kind === 'truth' ? [true, false] : []);
    }
  });

  it('shows nothing that the filter does not take', () => {
    const terms = cells(before).map(([term = '']) => codes(term)[0] ?? '');
    expect(terms.length).toBeGreaterThan(10);
    // In the text, what has an operator with a value; keys, names and signs stand alone.
    const shown = codes(before).filter((code) => /[:<>=]\S/.test(code) && !/^[<>=!]+$/.test(code));
    const faulty = [...terms, ...shown].filter((line) => parseQuery(line).faults.length > 0);
    expect(faulty).toEqual([]);
  });

  it('says what the filter makes of words, of time and of what binds', () => {
    const same = (a: string, b: string) => expect(parseQuery(a).expression, a).toEqual(parseQuery(b).expression);
    same('red blue or green', '(red blue) or green');
    same('needs_order:true', 'needsOrder:true');
    same('type:multiple_choice', 'type:choice');
    same('time>=2025-11-28T16:05+02:00', 'time>=2025-11-28T14:05');
    expect(parseQuery('三只猫').expression).toEqual({ kind: 'words', words: ['三', '只', '猫'], prefix: true });
  });
});

it('the table of keys has every key that a page lists', () => {
  const table = steering.slice(steering.indexOf('### Keys'), steering.indexOf('## From a shell'));
  const rows = /const keyRows = \[(.*?)\] as const/s.exec(read('webview/dashboard/dashboard.tsx'))?.[1] ?? '';
  const dashboard = [...rows.matchAll(/\['([^']+)', '([^']+)'\]/g)].map(([, names = '']) => names);
  expect(dashboard.length).toBeGreaterThan(8);
  const keys = [...dashboard, ...helpRows(rolloutsKeys).map(([names]) => names)].flatMap((names) => names.split(' '));
  for (const name of keys) expect(table).toContain(`\`${name}\``);
});
