/** Undefined for what is not JSON: a file that was cut off, or is something else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
