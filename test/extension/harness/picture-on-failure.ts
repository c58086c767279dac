/** Leaves a picture of the window behind where a test fails. */
import { afterEach } from 'vitest';
import type { Workbench } from './workbench.ts';

export function pictureOnFailure(window: () => Workbench | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await window()?.picture(`failed-${task.name}`);
  });
}
