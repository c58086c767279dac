/** What a key is called where a page listens for it. */

/**
 * Named as `KeyboardEvent.key`, with `Shift+` before function keys that need it; null where the key is not the page's to act
 * on. That the browser shall not act on a function key does not make it another's: VS Code in a browser keeps the browser
 * from reloading on F5 before the page hears of it.
 */
export function keyName(event: KeyboardEvent, isTyping: (event: KeyboardEvent) => boolean): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (/^F\d+$/.test(event.key)) return event.shiftKey ? `Shift+${event.key}` : event.key;
  return event.defaultPrevented || isTyping(event) ? null : event.key;
}
