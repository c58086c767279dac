/** Which files have the button that opens them as a dataset. */
import { expect, onTestFinished, test } from 'vitest';
import { followDatasetInFront, looksLikeDataset } from '../../../extension/dataset-editor/dataset-in-front.ts';
import { editor, type Tab, TabInputCustom, TabInputText, Uri } from '../fake-vscode.ts';
import { arrayOf, folderWith, rowOf } from './open-dataset.ts';

test('a file looks like a dataset by the keys of its first rows, in either form', () => {
  const row = JSON.stringify(rowOf(1));
  expect(looksLikeDataset(arrayOf([rowOf(1), rowOf(2)]))).toBe(true);
  expect(looksLikeDataset(`\ufeff\n${row}\n${row}\n`)).toBe(true);
  expect(looksLikeDataset(JSON.stringify([rowOf(1)], null, 4).slice(0, 600))).toBe(true);
  expect(looksLikeDataset('')).toBe(false);
  expect(looksLikeDataset('[]')).toBe(false);
  expect(looksLikeDataset('{"name": "video-r1", "problem": 1}')).toBe(false);
  expect(looksLikeDataset(`[1, ${row}]`)).toBe(false);
});

test('the button is there while such a file is in front in an editor that is not ours', async () => {
  const rows = folderWith('rows.json', arrayOf([rowOf(1)]));
  const other = folderWith('package.json', '{"name": "x"}');
  const notes = folderWith('notes.txt', JSON.stringify(rowOf(1)));
  editor.reset(undefined);
  const told: boolean[] = [];
  const following = followDatasetInFront((isDataset) => told.push(isDataset));
  onTestFinished(() => following.dispose());
  await expect.poll(() => told).toEqual([false]);
  const put = async (input: unknown) => {
    const before = told.length;
    editor.tabs = [{ input } as Tab];
    editor.tabsChanged.fire();
    await expect.poll(() => told.length).toBe(before + 1);
    return told.at(-1);
  };
  expect(await put(new TabInputText(Uri.file(rows)))).toBe(true);
  expect(await put(new TabInputCustom(Uri.file(rows), 'videoR1.dataset'))).toBe(false);
  expect(await put(new TabInputCustom(Uri.file(rows), 'another.editor'))).toBe(true);
  expect(await put(new TabInputText(Uri.file(other)))).toBe(false);
  expect(await put(new TabInputText(Uri.file(notes)))).toBe(false);
  expect(await put(new TabInputText(Uri.file(`${rows}.gone.json`)))).toBe(false);
});
