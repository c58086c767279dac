/** How far a task is, in words: bytes as megabytes, a count of things as it is, and a few steps by their names alone. */

const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString('en-US');

/** @param total 0 where it is not known */
export function progressWords(what: string, done: number, total: number): string {
  if (total >= 1e6) return `${what}: ${megabytes(done)} of ${megabytes(total)} MB`;
  return total >= 10 ? `${what}: ${done} of ${total}` : what;
}
