/** A word stays one word in a shell, and says there what it said here. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellFile, shellWord } from '../../trainer/protocol/shell-word.ts';

const words = [
  'rl.json',
  'data/rl 1.json',
  '$(touch x)',
  "it's $HOME",
  'a"b',
  '`id`',
  'a;b|c&d',
  '*',
  '',
  'a\nb',
  '!!',
];

it.skipIf(process.platform === 'win32').for(words)('%j', (word) => {
  expect(execFileSync('sh', ['-c', `printf '%s.' ${shellWord(word)}`], { encoding: 'utf8' })).toBe(`${word}.`);
});

it('names a file from where it is typed', () => {
  expect(shellFile(null, 'data/rl.json')).toBe('data/rl.json');
  expect(shellFile('.', 'rl.json')).toBe('rl.json');
  expect(shellFile('my runs/', 'rl.json')).toBe('"my runs/rl.json"');
  expect(shellFile('sample', '/data/rl.json')).toBe('/data/rl.json');
});
