/** One habit, tried on a project of its own. */
import type { Habit } from './habits.ts';
import { NotTried, Project } from './project.ts';

export type Tried = { readonly outcome: 'held' | 'failed' | 'not-tried'; readonly said: string };

export async function tryHabit(habit: Habit): Promise<Tried> {
  const project = await Project.copy();
  try {
    return { outcome: 'held', said: await habit.try(project) };
  } catch (thrown) {
    if (thrown instanceof NotTried) return { outcome: 'not-tried', said: `Not tried here: ${thrown.message}.` };
    return { outcome: 'failed', said: `FAILED: ${(thrown as Error).message.replaceAll('\n', ' ')}` };
  } finally {
    await project.remove();
  }
}

/** Of the table in the guide. */
export function tableRow({ kind, does }: Habit, { said }: Tried): string {
  return `| ${kind} | ${does} | ${said.replaceAll('|', '\\|')} |`;
}
