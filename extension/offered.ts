/** What the editor offers for a run at this moment, and why not the rest. */
import type { RunSummary } from '../trainer/protocol/run-state.ts';
import { type Control, commands, controlNames, controls } from './contributions.ts';
import type { Studio } from './studio.ts';

export function offered(studio: Studio, run: RunSummary): Control[] {
  return controlNames.filter((control) => studio.refusal(control, run) === null);
}

/** What is not offered, a line for each reason: `Pause · Stop: the run is complete`. */
export function refusedLines(studio: Studio, run: RunSummary): string[] {
  const titles = new Map<string, string[]>();
  for (const control of controlNames) {
    const why = studio.refusal(control, run);
    if (why !== null) titles.set(why, [...(titles.get(why) ?? []), titleOf(control)]);
  }
  return [...titles].map(([why, which]) => `${which.join(' · ')}: ${why}`);
}

function titleOf(control: Control): string {
  return commands[controls[control]].title.replace('…', '');
}
