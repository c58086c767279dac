/**
 * What the extension's parts share: the project folder, the link to its trainer, and one event that says that what is shown
 * may have changed. Light: whatever talks to a trainer is loaded when it is first needed.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { RunEvent, StepMetrics } from '../trainer/protocol/records.ts';
import type { RunSummary } from '../trainer/protocol/run-state.ts';
import { commands, settings } from './contributions.ts';
import { plain } from './plain-text.ts';
import { NoProject, NotTrusted } from './preconditions.ts';
import type { TrainerLink } from './trainer/link.ts';
import type { LogTail } from './trainer/log-tail.ts';

const projectKey = 'project';
/** Where a trainer says that it is there; `trainer/protocol/discovery.ts` is not loaded for this. */
const discoveryPath = '.video-r1/trainer.json';

export type TrainerState = 'none' | 'starting' | 'connected' | 'lost';

export class Studio implements vscode.Disposable {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly ran = new vscode.EventEmitter<RunEvent>();
  private readonly runFilesChanged = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  readonly onRunEvent = this.ran.event;
  readonly onRunFilesChanged = this.runFilesChanged.event;
  private linked: { readonly link: TrainerLink; readonly tail: LogTail } | undefined;
  private starting: Promise<TrainerLink> | undefined;
  private watcher: vscode.Disposable | undefined;

  constructor(context: vscode.ExtensionContext) {
    this.context = context;
    this.log = vscode.window.createOutputChannel('Video-R1', { log: true });
    this.watchProject();
  }

  // ---- the project folder -----------------------------------------------------------------------------------------------

  /** Folder that holds run files and the trainer's own folder: the chosen one, else the first of the workspace. */
  get project(): string | undefined {
    const chosen = this.context.workspaceState.get<string>(projectKey);
    if (chosen && existsSync(chosen)) return chosen;
    return vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
  }

  async chooseProject(folder: string): Promise<void> {
    if (folder === this.project) return this.runFilesChanged.fire();
    await this.context.workspaceState.update(projectKey, folder);
    this.unlink();
    this.watchProject();
    this.changed.fire();
    this.runFilesChanged.fire();
    await this.attachQuietly();
  }

  /** Attaches when a trainer appears, as when another window or a terminal starts one; says so when run files change. */
  private watchProject(): void {
    this.watcher?.dispose();
    const { project } = this;
    if (!project) return;
    const trainers = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(project), discoveryPath),
    );
    const runFiles = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(project), '**/*.run.json'),
    );
    const changed = () => this.runFilesChanged.fire();
    this.watcher = vscode.Disposable.from(
      trainers,
      runFiles,
      trainers.onDidCreate(() => this.attachQuietly()),
      trainers.onDidChange(() => this.attachQuietly()),
      runFiles.onDidCreate(changed),
      runFiles.onDidChange(changed),
      runFiles.onDidDelete(changed),
    );
  }

  // ---- the trainer ------------------------------------------------------------------------------------------------------

  get link(): TrainerLink | undefined {
    return this.linked?.link;
  }

  get trainerState(): TrainerState {
    if (this.starting) return 'starting';
    return this.link?.state ?? 'none';
  }

  get runs(): readonly RunSummary[] {
    return this.link?.runs ?? [];
  }

  lastMetrics(runId: string): StepMetrics | undefined {
    return this.link?.lastMetrics(runId);
  }

  /** True when a trainer left word of itself; whether it lives is found out by attaching. */
  get hasWordOfTrainer(): boolean {
    return this.project !== undefined && existsSync(path.join(this.project, discoveryPath));
  }

  setting<T>(setting: { readonly id: string; readonly default: T }): T {
    return vscode.workspace.getConfiguration().get<T>(setting.id, setting.default);
  }

  get author(): string {
    const name = this.setting<string>(settings.author);
    return name || userInfo().username;
  }

  private async linkOf(project: string): Promise<TrainerLink> {
    if (this.linked?.link.project === project) return this.linked.link;
    this.unlink();
    const [{ TrainerLink: Link }, { LogTail: Tail }, { logPath }] = await Promise.all([
      import('./trainer/link.ts'),
      import('./trainer/log-tail.ts'),
      import('./trainer/start-trainer.ts'),
    ]);
    if (this.linked?.link.project === project) return this.linked.link;
    const link = new Link(project, this.author);
    link.on('change', () => this.changed.fire());
    link.on('runEvent', (event) => this.ran.fire(event));
    link.on('fault', (fault) => this.log.warn(fault.toString()));
    link.on('gone', ({ reason, runs }) => this.sayGone(reason, runs));
    const tail = new Tail(logPath(project), (raw) => {
      // The channel writes its own times; the token is nobody's business but the browser's.
      const line = raw.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '').replace(/token=[^\s&]+/g, 'token=…');
      if (/\b(error|fatal)\b/i.test(line)) this.log.error(line);
      else if (/\bwarn(ing)?\b/i.test(line)) this.log.warn(line);
      else this.log.info(line);
    });
    this.linked = { link, tail };
    return link;
  }

  private unlink(): void {
    this.linked?.link.dispose();
    this.linked?.tail.dispose();
    this.linked = undefined;
  }

  /** Attaches to a living trainer of the project; false when there is none. Never starts one. */
  async attach(): Promise<boolean> {
    const { project } = this;
    if (!project || !vscode.workspace.isTrusted) return false;
    const link = await this.linkOf(project);
    const found = await link.attach();
    this.changed.fire();
    return found;
  }

  /** As `attach`, where nobody asked for it: what goes wrong is logged. */
  async attachQuietly(): Promise<void> {
    if (!this.setting<boolean>(settings.autoAttach) || !this.hasWordOfTrainer || this.starting) return;
    try {
      await this.attach();
    } catch (failure) {
      this.log.warn(String(failure));
    }
  }

  /**
   * The link to a trainer that answers; starts one when there is none, with progress that can be cancelled.
   * @throws StudioError when it can't be started; CancellationError when the user cancels.
   */
  trainer(): Promise<TrainerLink> {
    if (this.link?.state === 'connected') return Promise.resolve(this.link);
    this.starting ??= this.start().finally(() => {
      this.starting = undefined;
      this.changed.fire();
    });
    this.changed.fire();
    return this.starting;
  }

  private async start(): Promise<TrainerLink> {
    const project = this.demandProject();
    const link = await this.linkOf(project);
    if (await link.attach()) return link;
    const { startTrainer } = await import('./trainer/start-trainer.ts');
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Starting the Video-R1 trainer', cancellable: true },
      async (_progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
        const found = await startTrainer(await this.program(), project, abort.signal);
        this.log.info(`Trainer started: process ${found.pid}, folder ${project}`);
        await link.attach();
      },
    );
    return link;
  }

  /** The trainer's program as the settings have it. */
  async program() {
    const { trainerProgram } = await import('./trainer/program.ts');
    return trainerProgram({
      extensionFolder: this.context.extensionPath,
      nodePath: this.setting<string>(settings.nodePath),
      ffmpegPath: this.setting<string>(settings.ffmpegPath),
    });
  }

  /** @throws Error for people when nothing may be started here, or there is no folder to start it in. */
  demandProject(): string {
    this.demandTrust();
    const { project } = this;
    if (!project) throw new NoProject();
    return project;
  }

  demandTrust(): void {
    if (!vscode.workspace.isTrusted) throw new NotTrusted();
  }

  private sayGone(reason: string, runs: readonly RunSummary[]): void {
    this.log.error(`The trainer is gone: ${reason}`);
    const active = runs.filter((run) => run.state === 'running' || run.state === 'starting' || run.state === 'pausing');
    if (active.length === 0) return;
    const which = active.map((run) => `${run.name} (step ${run.step})`).join(', ');
    const again = 'Start Trainer';
    void vscode.window
      .showErrorMessage(
        plain(
          `The trainer ended while training ${which}. Start it again, then resume the run from its last checkpoint.`,
        ),
        again,
        'Show Log',
      )
      .then((choice) => {
        if (choice === again) void vscode.commands.executeCommand(commands.attach.id);
        else if (choice) this.log.show();
      });
  }

  dispose(): void {
    this.unlink();
    this.watcher?.dispose();
    this.changed.dispose();
    this.ran.dispose();
    this.runFilesChanged.dispose();
    this.log.dispose();
  }
}
