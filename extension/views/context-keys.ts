/** Sets the context keys that menus, welcome contents and enablement ask for. */
import * as vscode from 'vscode';
import { type ContextKey, contextKeys, controlNames } from '../contributions.ts';
import type { Studio } from '../studio.ts';

export class ContextKeys {
  private readonly set = new Map<ContextKey, unknown>();
  private readonly studio: Studio;

  constructor(studio: Studio) {
    this.studio = studio;
    this.update();
  }

  update(): void {
    const { runs, unreadable, trainerState } = this.studio;
    this.put('trainer', trainerState);
    this.put('hasRuns', runs.length > 0);
    for (const control of controlNames) {
      const some = runs.some((run) => this.studio.refusal(control, run) === null);
      this.put(`can.${control}`, some || (control === 'delete' && unreadable.length > 0));
    }
  }

  put(key: ContextKey, value: unknown): void {
    if (this.set.get(key) === value) return;
    this.set.set(key, value);
    void vscode.commands.executeCommand('setContext', contextKeys[key], value);
  }
}
