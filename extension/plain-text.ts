/** Text from outside in places where VS Code would read links into it. */

/** The text with markdown links made inert: a message would otherwise offer `[text](command:…)` as a link. */
export function plain(text: string): string {
  return text.replaceAll('](', '] (');
}
