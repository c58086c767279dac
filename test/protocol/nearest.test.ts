/** The nearest known name: always one, or only one that can have been meant. */
import { expect, it } from 'vitest';
import { nearby, nearest } from '../../trainer/protocol/nearest.ts';

it('nearest is always one of the known', () => {
  expect(nearest('ordr', ['step', 'order'])).toBe('order');
  expect(nearest('STEPS', ['step', 'order'])).toBe('step');
  expect(nearest('zzzzzzzz', ['step', 'order'])).toBe('step');
  expect(nearest('a'.repeat(100_000), ['step'])).toBe('step');
});

it('nearby is null where nothing is near, and takes the beginning of a name for it', () => {
  expect(nearby('zzzzzzzz', ['step', 'order'])).toBeNull();
  expect(nearby('shufled', ['ordered', 'shuffled'])).toBe('shuffled');
  expect(nearby('ord', ['abc', 'order'])).toBe('order');
  expect(nearby('acc', ['act', 'accuracy'])).toBe('accuracy');
  expect(nearby('x', [])).toBeNull();
  expect(nearby('foo', ['cot', 'run'])).toBeNull();
  expect(nearby('zz', ['mu'])).toBeNull();
  expect(nearby('orc', ['OCR'])).toBe('OCR');
});

it('nearby offers no name of which more than a third is another, and one of which a part is typed', () => {
  expect(nearby('http', ['step'])).toBeNull();
  expect(nearby('mean', ['len', 'groupMean'])).toBe('groupMean');
  expect(nearby('mean', ['len'])).toBeNull();
  expect(nearby('setp', ['step'])).toBe('step');
  expect(nearby('rewrd', ['reward'])).toBe('reward');
  expect(nearby('ranx', ['nodes', 'ranks'])).toBe('ranks');
  expect(nearby('ranxyz', ['rankab'])).toBeNull();
  expect(nearby('xy', ['oxyz'])).toBeNull();
});
