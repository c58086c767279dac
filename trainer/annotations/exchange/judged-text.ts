/** Which of a task's fields is the text that people judged. */

export type JudgedText =
  | { readonly text: string; readonly shown: Readonly<Record<string, string>> }
  | { readonly text: null; readonly why: string };

/** The field's name in what is written here, and the one that both tools' examples use. */
const usual = 'text';

/** @param field its name, where it is known; else it is the usual one, or the only text there is */
export function judgedText(fields: Readonly<Record<string, unknown>>, field: string | null): JudgedText {
  const texts = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const names = texts.map(([name]) => name);
  const wanted = field ?? (names.includes(usual) || names.length !== 1 ? usual : (names[0] as string));
  const text = texts.find(([name]) => name === wanted)?.[1];
  if (text === undefined) {
    const there =
      names.length === 0 ? 'it has no text' : `its texts are ${names.map((name) => `"${name}"`).join(', ')}`;
    return {
      text: null,
      why: `Left out: it has no text "${wanted}"; ${there}. Say which field holds the judged text.`,
    };
  }
  return { text, shown: Object.fromEntries(texts.filter(([name]) => name !== wanted)) };
}
