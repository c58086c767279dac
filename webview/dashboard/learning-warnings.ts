/** Which of a run's warnings are about what it learns: each sentence once, since a run that goes on says it again. */
import type { Warning } from '../state/run-view.ts';

export function learningWarnings(warnings: readonly Warning[]): Warning[] {
  const newest = new Map<string, Warning>();
  for (const warning of warnings)
    if (warning.isOfLearning) {
      newest.delete(warning.message);
      newest.set(warning.message, warning);
    }
  return [...newest.values()];
}
