/** Which of a question's options is its solution. */

/** Options are written with their letter; the solution is the letter alone, or the whole option. */
export function isSolution(option: string, solution: string): boolean {
  return (
    option === solution || new RegExp(`^\\(?${solution.replace(/[^\p{L}\p{N}]/gu, '\\$&')}[).:\\s]`, 'u').test(option)
  );
}
