/** Sets the context keys that menus, welcome contents and enablement ask for. */
import * as vscode from 'vscode';
import { type ContextKey, contextKeys } from '../contributions.ts';
import { controlNames, takes } from '../controls.ts';
import type { Studio } from '../studio.ts';

export class ContextKeys {
  private readonly set = new Map<ContextKey, unknown>();
  private readonly studio: Studio;

  constructor(studio: Studio) {
    this.studio = studio;
    this.update();
  }

  update(): void {
    const { runs, trainerState } = this.studio;
    this.put('trainer', trainerState);
    this.put('hasRuns', runs.length > 0);
    for (const control of controlNames)
      this.put(
        `can.${control}`,
        runs.some((run) => takes(run.state, control)),
      );
  }

  put(key: ContextKey, value: unknown): void {
    if (this.set.get(key) === value) return;
    this.set.set(key, value);
    void vscode.commands.executeCommand('setContext', contextKeys[key], value);
  }
}
