/** Texts as single words of a command line that can be copied into a shell, whatever stands in them. */

/** @param separator of paths: where it is a backslash, quotes are those of Windows */
export function shellWord(text: string, separator = '/'): string {
  if (text !== '' && !/[^\w./:\\-]/.test(text)) return text;
  return separator === '/' && /["$`\\!]/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`;
}

/** A file of a folder, as one word. */
export function shellFile(folder: string | null, file: string): string {
  const isWhole = folder === null || folder === '.' || /^([/\\]|[A-Za-z]:)/.test(file);
  return shellWord(isWhole ? file : `${folder.replace(/[/\\]$/, '')}/${file}`);
}
