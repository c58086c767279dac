/** Failures as messages with a way on. */
import * as vscode from 'vscode';
import { commands, settings } from './contributions.ts';
import { plain } from './plain-text.ts';
import { NoProject, NoTrainer, NotTrusted } from './preconditions.ts';
import type { Studio } from './studio.ts';

/** A text that tells what to type, as `video-r1 setup native`. */
const namesCommandLine = /(?<![\w/.\\-])video-r1 [a-z]/;

/** The same where one button does it. */
const setsUpVerl = /(?<![\w/.\\-])video-r1 setup verl\b/;

interface Told {
  readonly message: string;
  readonly kind?: string;
  readonly place?: string | undefined;
  readonly remedy?: string | undefined;
}

/** A button that takes away what stood in the way. */
interface WayOn {
  readonly button: string;
  /** @returns whether what was interrupted may be tried again */
  go(): Promise<boolean>;
}

/**
 * Says what failed, where, and what to do, with the one button that does it. A cancelled action is not a failure.
 * @param again what was interrupted: it goes on by itself when its hindrance is out of the way
 */
export async function showFailure(
  studio: Studio,
  doing: string,
  failure: unknown,
  again: () => Promise<void> = async () => {},
): Promise<void> {
  if (failure instanceof vscode.CancellationError) return;
  const told: Told = failure instanceof Error ? (failure as Told & Error) : { message: String(failure) };
  const way = wayOn(studio, told, failure);
  log(studio, doing, told, failure);
  if (failure instanceof NotTrusted || failure instanceof NoProject || failure instanceof NoTrainer) {
    if (!way) return;
    if ((await vscode.window.showWarningMessage(failure.message, way.button)) === way.button && (await way.go()))
      await again();
    return;
  }
  const needsFfmpeg = way?.button === commands.installFfmpeg.title;
  if (needsFfmpeg && doing === way.button) return void (await offerLog(studio, `${doing}: ${words(told)}`));
  const text = needsFfmpeg ? `${doing} ${noFfmpeg}` : `${doing}: ${words(told)}`;
  if (!way) return void (await offerLog(studio, text));
  if ((await vscode.window.showErrorMessage(plain(text), way.button)) === way.button && (await way.go())) await again();
}

/** What the lack of ffmpeg means, after what lacks it. */
export const noFfmpeg = 'needs ffmpeg, which reads the videos, and this machine has none.';

/** Starts a trainer because a person pressed a button: what stands against it is said, with its own way on. */
export async function startTrainerAsked(studio: Studio): Promise<void> {
  try {
    await studio.trainer();
  } catch (failure) {
    await showFailure(studio, 'Start Trainer', failure, () => startTrainerAsked(studio));
  }
}

/** Installs ffmpeg. @returns whether it is there now */
export async function ffmpegInstalled(studio: Studio): Promise<boolean> {
  const { install } = await import('./commands/install-ffmpeg.ts');
  try {
    return await install(studio);
  } catch (failure) {
    await showFailure(studio, commands.installFfmpeg.title, failure);
    return false;
  }
}

function wayOn(studio: Studio, told: Told, failure: unknown): WayOn | null {
  const leads = (button: string, command: string, ...args: unknown[]): WayOn => ({
    button,
    async go() {
      await vscode.commands.executeCommand(command, ...args);
      return false;
    },
  });
  if (failure instanceof NotTrusted) return leads('Manage Workspace Trust', 'workbench.trust.manage');
  if (failure instanceof NoProject) return leads('Open Folder…', 'workbench.action.files.openFolder');
  if (failure instanceof NoTrainer)
    return {
      button: 'Start Trainer',
      async go() {
        await startTrainerAsked(studio);
        return studio.trainerState === 'connected';
      },
    };
  const setting = ({ id }: { readonly id: string }) =>
    leads('Open Settings', 'workbench.action.openSettings', `@id:${id}`);
  switch (told.kind) {
    case 'node-missing':
      return setting(settings.nodePath);
    case 'no-access':
      return leads(commands.chooseProject.title, commands.chooseProject.id);
    case 'ffmpeg-missing':
      // One that a setting names is not made better by another that is installed.
      if (told.place !== undefined) return setting(settings.ffmpegPath);
      return { button: commands.installFfmpeg.title, go: () => ffmpegInstalled(studio) };
    default:
      if (setsUpVerl.test(words(told))) return leads(commands.setUpVerl.title, commands.setUpVerl.id);
      return namesCommandLine.test(words(told)) ? leads(commands.openTerminal.title, commands.openTerminal.id) : null;
  }
}

function words({ message, place, remedy }: Told): string {
  return [message, place && `(${place})`, remedy].filter(Boolean).join(' ');
}

async function offerLog(studio: Studio, text: string): Promise<void> {
  const showLog = 'Show Log';
  if ((await vscode.window.showErrorMessage(plain(text), showLog)) === showLog) studio.log.show();
}

function log(studio: Studio, doing: string, told: Told, failure: unknown): void {
  const isOurs = failure instanceof Error && failure.name === 'StudioError' && told.kind !== 'internal';
  const text =
    isOurs || !(failure instanceof Error)
      ? [told.message, told.place].filter(Boolean).join(' ')
      : (failure.stack ?? failure.message);
  studio.log.error(`${doing}: ${text}`);
}
