/** Undo inside a field: there it takes back what was typed; from anywhere else on the page VS Code takes back edits of the file. */

/** Keeps the keys of undo and redo from VS Code. @returns whether it was one */
export function keepUndo(event: KeyboardEvent): boolean {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.altKey && /^[zy]$/i.test(event.key);
  if (isUndo) event.stopPropagation();
  return isUndo;
}
