/**
 * Opens links of places, `vscode://video-r1-studio.video-r1-studio/…`: anyone can write one, so that what it names is looked
 * up among what is there, and nothing of it becomes a path or a command. Light: what reads a link is loaded with the first.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { PlaceLink } from '../trainer/protocol/place.ts';
import { showFailure } from './notices.ts';
import { plain } from './plain-text.ts';
import type { Studio } from './studio.ts';

export function registerUriHandler(studio: Studio): vscode.Disposable {
  const links = new Links(studio);
  return vscode.Disposable.from(
    vscode.window.registerUriHandler({ handleUri: (uri) => links.open(uri) }),
    // What a link leads to is shown as soon as the folder is trusted.
    vscode.workspace.onDidGrantWorkspaceTrust(() => links.goOn()),
  );
}

class Links {
  private readonly studio: Studio;
  /** Waits for the folder to be trusted. */
  private waiting: vscode.Uri | undefined;

  constructor(studio: Studio) {
    this.studio = studio;
  }

  async open(uri: vscode.Uri): Promise<void> {
    try {
      this.waiting = undefined;
      const { readLink } = await import('../trainer/protocol/place.ts');
      // As the editor hands it over: percent signs are undone, and are not to be made again.
      const link = readLink(`${uri.path}${uri.query === '' ? '' : `?${uri.query}`}`);
      if (!vscode.workspace.isTrusted) this.waiting = uri;
      await this.show(link);
    } catch (failure) {
      await showFailure(this.studio, 'Opening a link', failure);
    }
  }

  async goOn(): Promise<void> {
    if (this.waiting) await this.open(this.waiting);
  }

  private async show({ project, place }: PlaceLink): Promise<void> {
    const { studio } = this;
    studio.demandTrust();
    if (project !== null) {
      const folder = await this.folderOf(project, place.runId);
      if (folder === undefined) return this.sayUnknownProject(project);
      await studio.chooseProject(folder);
    }
    await studio.trainer();
    const { runId } = place;
    if (runId !== undefined && !studio.runs.some(({ id }) => id === runId)) return this.sayUnknownRun(runId);
    const { pagePanels } = await import('./panels/page-panels.ts');
    pagePanels(studio).show(place);
  }

  /** The present project where it is called so; of several folders of the name, the one that has the run. */
  private async folderOf(project: string, runId: string | undefined): Promise<string | undefined> {
    const { projectName } = await import('../trainer/protocol/place.ts');
    const called = this.folders().filter((folder) => projectName(folder) === project);
    if (called.length < 2 || runId === undefined) return called[0];
    for (const folder of called) if ((await runsIn(folder)).includes(runId)) return folder;
    return called[0];
  }

  /** Those that may be meant: the present project first. */
  private folders(): string[] {
    const present = this.studio.project;
    const open = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map(({ uri }) => uri.fsPath);
    return [...new Set([...(present === undefined ? [] : [present]), ...open])];
  }

  private async sayUnknownProject(project: string): Promise<void> {
    const names = this.folders().map((folder) => path.basename(folder));
    const there = names.length === 0 ? 'no folder is open in it' : `it has ${names.join(', ')}`;
    const button = 'Open Folder…';
    const text = `The link leads to the project ${shown(project)}, which is not open in this window: ${there}. Open its folder, then the link again.`;
    if ((await vscode.window.showWarningMessage(plain(text), button)) === button)
      await vscode.commands.executeCommand('workbench.action.files.openFolder');
  }

  private async sayUnknownRun(runId: string): Promise<void> {
    const { runs, unreadable, project = '' } = this.studio;
    const damaged = unreadable.find(({ id }) => id === runId);
    const { nearestClause } = await import('../trainer/protocol/nearest.ts');
    const ids = runs.map(({ id }) => id);
    const there =
      ids.length === 0
        ? 'there are no runs'
        : `there are ${ids.slice(0, 8).join(', ')}${ids.length > 8 ? ` and ${ids.length - 8} more` : ''}`;
    const text = damaged
      ? `The link leads to the run ${damaged.id}, which can't be read: ${damaged.message}`
      : `The link leads to the run ${shown(runId)}, which is not in ${path.basename(project)}: ${there}${nearestClause(runId, ids)}.`;
    await vscode.window.showWarningMessage(plain(text));
  }
}

/** What a link names, cut where it is long, in one line. */
function shown(name: string): string {
  const line = name.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

async function runsIn(folder: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  return readdir(path.join(folder, '.video-r1', 'runs')).catch(() => []);
}
