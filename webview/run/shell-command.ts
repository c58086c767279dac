/** A command of `video-r1` as it is typed into a shell. */

/**
 * Null where a word can't be written so that every shell of that system takes it as it is.
 * @param words after the program's name, the options among them
 * @param project absolute, of any system; named by --folder at the end
 * @param program how the program is called there
 */
export function shellCommand(words: readonly string[], project: string, program = 'npx video-r1'): string | null {
  const isPosix = project.startsWith('/');
  if (!isPosix && /["$%`!^&]/.test([...words, project].join(''))) return null;
  const word = (text: string) => {
    if (isPosix) return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
    return /^[\w.\\/:-]+$/.test(text) ? text : `"${text}"`;
  };
  return `${program} ${[...words, '--folder', project].map(word).join(' ')}`;
}
