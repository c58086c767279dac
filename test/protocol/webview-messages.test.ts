/** What a page may ask of the editor: each command with what belongs to it, and nothing beside. */
import { describe, expect, test } from 'vitest';
import { pageToHost } from '../../trainer/protocol/webview-messages.ts';

describe('a command that a page asks for', () => {
  test('names the run that a page is to show, by its own key', () => {
    const asked = { type: 'run-command', command: 'open-rollouts', runId: 'sft-1' };
    expect(pageToHost.parse(asked)).toEqual(asked);
    expect(pageToHost.parse({ type: 'run-command', command: 'open-dashboard' })).toEqual({
      type: 'run-command',
      command: 'open-dashboard',
    });
  });

  test('is refused with an argument that it does not have, instead of losing it', () => {
    expect(pageToHost.safeParse({ type: 'run-command', command: 'open-rollouts', args: ['sft-1'] }).success).toBe(
      false,
    );
    expect(pageToHost.safeParse({ type: 'run-command', command: 'show-log', runId: 'sft-1' }).success).toBe(false);
  });

  test('is refused when the host has no such command', () => {
    expect(pageToHost.safeParse({ type: 'run-command', command: 'workbench.action.quit' }).success).toBe(false);
  });
});
