/** What stands between a page and the rest: its policy, the paths it may open. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lineOfRow } from '../../../extension/panels/dataset-line.ts';
import { insideProject } from '../../../extension/panels/inside-project.ts';
import { contentPolicy, makeNonce, pageHtml } from '../../../extension/panels/page-html.ts';
import { plain } from '../../../extension/plain-text.ts';

describe('the document of a page', () => {
  const template =
    '<!doctype html><html><head><script nonce="{{nonce}}" src="{{assets}}/page.js"></script></head><body data-page="{{page}}"></body></html>';

  test('has its policy before anything that the policy governs', () => {
    const html = pageHtml({ template, page: 'dashboard', assets: 'https://x/dist', source: 'https://x', nonce: 'abc' });
    expect(html.indexOf('Content-Security-Policy')).toBeGreaterThan(0);
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<script'));
    expect(html).toContain('<script nonce="abc" src="https://x/dist/page.js">');
    expect(html).toContain('<body data-page="dashboard">');
    expect(html).not.toContain('{{');
  });

  test('runs scripts by nonce alone and reaches nothing outside', () => {
    const policy = contentPolicy({ source: 'https://x', nonce: 'abc' });
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'nonce-abc'(;|$)/);
    expect(policy).not.toMatch(/unsafe|connect-src|\*/);
  });

  test('nonces are long and never the same', () => {
    const nonces = new Set(Array.from({ length: 100 }, makeNonce));
    expect(nonces.size).toBe(100);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{22}$/);
  });
});

describe('files that a page may open', () => {
  let folder: string;
  let project: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'video-r1-inside-'));
    project = path.join(folder, 'project');
    mkdirSync(path.join(project, 'data'), { recursive: true });
    writeFileSync(path.join(project, 'data/a.json'), '[]');
    writeFileSync(path.join(folder, 'secret'), '');
    symlinkSync(path.join(folder, 'secret'), path.join(project, 'link'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are those inside the project, named from it or in full', async () => {
    const inside = path.join(project, 'data/a.json');
    expect(await insideProject(project, 'data/a.json')).toBe(inside);
    expect(await insideProject(project, inside)).toBe(inside);
  });

  test('are not those outside, by dots, in full, by a link, or absent', async () => {
    for (const asked of [
      '../secret',
      path.join(folder, 'secret'),
      'link',
      'data/none.json',
      '.',
      '',
      'a\0b',
      '/etc/passwd',
    ]) {
      expect(await insideProject(project, asked), asked).toBeUndefined();
    }
  });
});

describe('the line of a dataset row', () => {
  test('in JSON lines is the row itself', () => {
    expect(lineOfRow('{"a": 1}\n{"a": "}{"}\n{"a": 3}\n', 3)).toBe(2);
  });

  test('in an array is where its object opens, whatever stands in its strings', () => {
    const text = '[\n  {\n    "a": "[{\\"",\n    "b": {"c": 1}\n  },\n  {\n    "a": 2\n  }\n]';
    expect(lineOfRow(text, 1)).toBe(1);
    expect(lineOfRow(text, 2)).toBe(5);
  });
});

test('text from outside offers no link in a message', () => {
  expect(plain('[free GPU](command:workbench.action.quit)')).not.toMatch(/\]\(/);
});
