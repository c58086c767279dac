/** Each sheet belongs to the component beside it, and neither has a class that the other does not know. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const pages = path.resolve(import.meta.dirname, '../../webview');
const read = (file: string) => readFileSync(path.join(pages, file), 'utf8');
const find = (pattern: string) => globSync(pattern, { cwd: pages }).map((file) => file.replaceAll(path.sep, '/'));

const sheets = find('**/*.module.css').sort();
const components = find('**/*.tsx').sort();

/** Folders whose components are drawn on every page, some with a class from whoever draws them. */
const shared = ['query', 'ui', 'formulas', 'run'];
/** Classes that VS Code puts on the body, as `theme.ts` does in a browser tab, and those of the plotting library. */
const foreign = /^(vscode-.+|browser|u-.+)$/;

/** The text without comments. */
const bare = (css: string) => css.replace(/\/\*[\s\S]*?\*\//g, '');

/** Classes that the sheet's selectors name, its own apart from those that it calls global. */
function classesOf(css: string): { own: Set<string>; global: Set<string> } {
  const own: string[] = [];
  const global: string[] = [];
  const names = (text: string) => [...text.matchAll(/\.([A-Za-z][\w-]*)/g)].map(([, name = '']) => name);
  for (const [, selector = ''] of bare(css).matchAll(/([^{};]+)\{/g)) {
    if (selector.trim().startsWith('@')) continue;
    for (const [, inside = ''] of selector.matchAll(/:global\(([^)]*)\)/g)) global.push(...names(inside));
    own.push(...names(selector.replace(/:global\([^)]*\)/g, '')));
  }
  return { own: new Set(own), global: new Set(global) };
}

/** Expressions in braces after `class=`, and literal values of it. */
function classValues(source: string): string[] {
  return [...source.matchAll(/\sclass=("[^"]*"|\{)/g)].map((match) => {
    const from = match.index + match[0].length;
    if (match[1] !== '{') return match[1] ?? '';
    let depth = 1;
    let to = from;
    for (; depth > 0 && to < source.length; to += 1) depth += { '{': 1, '}': -1 }[source[to] ?? ''] ?? 0;
    return source.slice(from, to - 1);
  });
}

/** Words that a class attribute writes out: those in its strings, but for the strings that it compares with. */
function wordsOf(value: string): string[] {
  const strings: string[] = [];
  const rest = value.replace(/([!=]== )?'([^']*)'/g, (_, compared: string | undefined, text: string) => {
    if (!compared) strings.push(text);
    return '';
  });
  for (const [text] of rest.matchAll(/"[^"]*"|`[^`]*`/g)) strings.push(text.slice(1, -1).replace(/\$\{[^}]*\}/g, ' '));
  return strings.flatMap((text) => text.split(/\s+/)).filter(Boolean);
}

describe('reading classes', () => {
  it('finds those of a sheet in selectors alone, inside other rules too', () => {
    const css = `/* .no */ .a > .b-c:not(.d)::part(x), td.e { width: 0.5em; } @layer shared { @media (min-width: 1.5px) {
      :global(.f .g) .h[data-x="y"] { background: url(i.png); } } }`;
    expect([...classesOf(css).own]).toEqual(['a', 'b-c', 'd', 'e', 'h']);
    expect([...classesOf(css).global]).toEqual(['f', 'g']);
  });

  it('finds the words of class attributes, whatever they are put together from', () => {
    const source = `<a class="x y" /><b class={\`\${styles.a} z \${on ? 'v' : ''}\`} /><c class={kind === 'w' ? 'u' : t} />`;
    expect(classValues(source).flatMap(wordsOf)).toEqual(['x', 'y', 'v', 'z', 'u']);
  });
});

describe('a sheet', () => {
  it('is read by the component of its name, in its folder, and by nothing else', () => {
    const imports = components.flatMap((file) =>
      [...read(file).matchAll(/import (.+) from '([^']+\.module\.css)'/g)].map(([, name, from = '']) => ({
        name,
        component: file,
        sheet: path.posix.join(path.posix.dirname(file), from),
      })),
    );
    expect(imports).toEqual(
      components
        .map((component) => ({ name: 'styles', component, sheet: component.replace(/\.tsx$/, '.module.css') }))
        .filter(({ sheet }) => sheets.includes(sheet)),
    );
    expect(imports.map(({ sheet }) => sheet).sort()).toEqual(sheets);
    expect(find('**/*.css').filter((file) => !sheets.includes(file))).toEqual(
      expect.arrayContaining(['page.css', 'ui/browser-theme.css', 'ui/text.css', 'ui/theme.css']),
    );
  });

  for (const sheet of sheets) {
    it(`${sheet} has the classes that its component uses, and no others`, () => {
      const source = read(sheet.replace(/\.module\.css$/, '.tsx')).replace(/^import .*$/gm, '');
      const used = new Set([...source.matchAll(/\bstyles\.(\w+)/g)].map(([, name = '']) => name));
      expect([...classesOf(read(sheet)).own].sort()).toEqual([...used].sort());
      // What is looked up by a name made at run time could not be checked.
      expect(source.match(/\bstyles\b(?!\.\w)/g)).toBeNull();
    });
  }

  it('meets no other sheet of a page on one element: a class is taken by what is shared alone', () => {
    const takers = components.filter((file) => /\bclass\??: string/.test(read(file)));
    expect(takers.filter((file) => !shared.includes(path.posix.dirname(file)))).toEqual([]);
  });

  it('gives way to those of the pages where it is shared, whichever is read first', () => {
    for (const sheet of sheets) {
      const isShared = shared.includes(path.posix.dirname(sheet));
      const whole = /^\s*@layer shared \{[\s\S]*^\}\s*$/m.test(bare(read(sheet)));
      expect({ sheet, whole, layers: bare(read(sheet)).match(/@layer/g)?.length ?? 0 }).toEqual({
        sheet,
        whole: isShared,
        layers: isShared ? 1 : 0,
      });
    }
  });
});

describe('classes of no sheet', () => {
  const text = classesOf(read('ui/text.css')).own;
  const written = components.flatMap((file) => classValues(read(file)).flatMap((value) => wordsOf(value)));

  it('are those for text, and each of them is used', () => {
    expect([...new Set(written)].sort()).toEqual([...text].sort());
  });

  it('are named by a sheet only if they are for text, or put there by VS Code or the plotting library', () => {
    for (const sheet of sheets) {
      const unknown = [...classesOf(read(sheet)).global].filter((name) => !text.has(name) && !foreign.test(name));
      expect({ sheet, unknown }).toEqual({ sheet, unknown: [] });
    }
    for (const sheet of ['ui/theme.css', 'ui/browser-theme.css'])
      expect([...classesOf(read(sheet)).own].filter((name) => !foreign.test(name))).toEqual([]);
  });
});
