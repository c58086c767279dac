/**
 * What the extension's parts share: the project folder, the link to its trainer, and one event that says that what is shown
 * may have changed. Light: whatever talks to a trainer is loaded when it is first needed.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Advisory } from '../trainer/protocol/advisories.ts';
import type { UnreadableRun } from '../trainer/protocol/messages.ts';
import type { RunEvent, StepMetrics } from '../trainer/protocol/records.ts';
import type { RunFault, RunSummary } from '../trainer/protocol/run-state.ts';
import { queueWords, standingWords } from '../trainer/protocol/run-words.ts';
import { type Control, settings } from './contributions.ts';
import { NoProject, NotTrusted } from './preconditions.ts';
import type { ConnectionState, TrainerLink } from './trainer/link.ts';
import type { LogTail } from './trainer/log-tail.ts';

const projectKey = 'project';
/** Where a trainer says that it is there; `trainer/protocol/discovery.ts` is not loaded for this. */
const discoveryPath = '.video-r1/trainer.json';

export type TrainerState = ConnectionState | 'starting';

/** The link to a project's trainer, and what was loaded with it to understand its runs. */
interface Linked {
  readonly link: TrainerLink;
  readonly tail: LogTail;
  readonly rules: Pick<typeof import('./refusals.ts'), 'controlRefusal'> &
    Pick<typeof import('../trainer/protocol/run-state.ts'), 'faultOf' | 'inTheWay' | 'queueOf' | 'remainingMs'> &
    Pick<typeof import('../trainer/protocol/advisories.ts'), 'heard'>;
}

export class Studio implements vscode.Disposable {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly ran = new vscode.EventEmitter<RunEvent>();
  private readonly runFilesChanged = new vscode.EventEmitter<void>();
  private readonly trainerGone = new vscode.EventEmitter<readonly RunSummary[]>();
  readonly onDidChange = this.changed.event;
  readonly onRunEvent = this.ran.event;
  readonly onRunFilesChanged = this.runFilesChanged.event;
  /** The trainer ended without having been told to; with the runs that were computing. */
  readonly onTrainerGone = this.trainerGone.event;
  private linked: Linked | undefined;
  private starting: Promise<TrainerLink> | undefined;
  /** Why the last start came to nothing, for people; empty when it did not. */
  private startFault = '';
  private readonly wrongSettings = new Set<string>();
  private watcher: vscode.Disposable | undefined;
  private readonly trust: vscode.Disposable;

  constructor(context: vscode.ExtensionContext) {
    this.context = context;
    this.log = vscode.window.createOutputChannel('Video-R1', { log: true });
    this.watchProject();
    this.trust = vscode.workspace.onDidGrantWorkspaceTrust(() => {
      this.changed.fire();
      void this.attachQuietly();
    });
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
    this.startFault = '';
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

  /** Runs that are there and can't be opened. */
  get unreadable(): readonly UnreadableRun[] {
    return this.link?.unreadable ?? [];
  }

  lastMetrics(runId: string): StepMetrics | undefined {
    return this.link?.lastMetrics(runId);
  }

  /** Why a control is not offered for a run, as a clause; null where it is. */
  refusal(control: Control, run: RunSummary): string | null {
    if (!this.linked || this.trainerState !== 'connected') return 'there is no connection to its trainer';
    return this.linked.rules.controlRefusal(control, run, this.runs);
  }

  /** Milliseconds that a run has still to go; null when that is not known, or nobody is there who works on it. */
  remainingMs(run: RunSummary): number | null {
    return this.trainerState === 'connected' ? (this.linked?.rules.remainingMs(run) ?? null) : null;
  }

  /** How a run stands, in words; of a queued one its place and what it waits for. */
  standingWords(run: RunSummary): string {
    const { rules } = this.linked ?? {};
    if (run.state !== 'queued' || rules === undefined) return standingWords(run);
    return `queued: ${queueWords(run, rules.queueOf(this.runs), rules.inTheWay(this.runs))}`;
  }

  /** What of a run needs a person and is not muted, the gravest first. */
  advice(run: RunSummary): readonly Advisory[] {
    return this.linked?.rules.heard(run) ?? [];
  }

  faultOf(run: RunSummary): RunFault | null {
    return this.linked?.rules.faultOf(run) ?? null;
  }

  /** True when a trainer left word of itself; whether it lives is found out by attaching. */
  get hasWordOfTrainer(): boolean {
    return this.project !== undefined && existsSync(path.join(this.project, discoveryPath));
  }

  setting<T>(setting: { readonly id: string; readonly default: T }): T {
    const value = vscode.workspace.getConfiguration().get<unknown>(setting.id, setting.default);
    if (typeof value === typeof setting.default) return value as T;
    void this.sayWrongType(setting, value);
    return setting.default;
  }

  /** A settings file may hold anything. Said once for each value. */
  private async sayWrongType(
    setting: { readonly id: string; readonly default: unknown },
    value: unknown,
  ): Promise<void> {
    const type =
      { string: 'a text', boolean: 'true or false' }[String(typeof setting.default)] ?? typeof setting.default;
    const given = JSON.stringify(value)?.slice(0, 60);
    const text = `The setting ${setting.id} must be ${type}, not ${given}; ${JSON.stringify(setting.default)} is taken.`;
    if (this.wrongSettings.has(text)) return;
    this.wrongSettings.add(text);
    this.log.warn(text);
    const open = 'Open Settings';
    if ((await vscode.window.showWarningMessage(text, open)) === open)
      await vscode.commands.executeCommand('workbench.action.openSettings', `@id:${setting.id}`);
  }

  /** Who signs over the link that there is; undefined without one. */
  get signer(): string | undefined {
    return this.linked?.link.author;
  }

  /** Who signs labels and commands: the setting, else git's user, else who is logged in. */
  async author(project: string): Promise<string> {
    const [{ findAuthor }, { authorLine }] = await Promise.all([
      import('../trainer/annotations/author.ts'),
      import('../trainer/protocol/annotations/entries.ts'),
    ]);
    const { author, note } = await findAuthor(project, {
      setting: this.setting<string>(settings.author),
      mayAskGit: vscode.workspace.isTrusted,
      signal: new AbortController().signal,
    });
    if (note !== null) this.log.warn(note);
    return authorLine(author);
  }

  private async linkOf(project: string): Promise<TrainerLink> {
    if (this.linked?.link.project === project) return this.linked.link;
    this.unlink();
    const [
      { TrainerLink: Link },
      { LogTail: Tail },
      { logPath },
      { controlRefusal },
      { faultOf, inTheWay, queueOf, remainingMs },
      { heard },
    ] = await Promise.all([
      import('./trainer/link.ts'),
      import('./trainer/log-tail.ts'),
      import('./trainer/start-trainer.ts'),
      import('./refusals.ts'),
      import('../trainer/protocol/run-state.ts'),
      import('../trainer/protocol/advisories.ts'),
    ]);
    if (this.linked?.link.project === project) return this.linked.link;
    const author = await this.author(project);
    if (this.linked?.link.project === project) return this.linked.link;
    const link = new Link(project, author);
    link.on('change', () => {
      if (link.state === 'connected') this.startFault = '';
      this.changed.fire();
    });
    link.on('runEvent', (event) => this.ran.fire(event));
    link.on('fault', (fault) => this.log.warn(fault.toString()));
    link.on('gone', ({ runs }) => {
      this.log.error('The trainer is gone.');
      this.trainerGone.fire(runs);
    });
    const tail = new Tail(logPath(project), (raw) => {
      // The channel writes its own times; the token is nobody's business but the browser's.
      const line = raw.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '').replace(/token=[^\s&]+/g, 'token=…');
      if (/\b(error|fatal)\b/i.test(line)) this.log.error(line);
      else if (/\bwarn(ing)?\b/i.test(line)) this.log.warn(line);
      else this.log.info(line);
    });
    this.linked = { link, tail, rules: { controlRefusal, faultOf, heard, inTheWay, queueOf, remainingMs } };
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
   * @throws StudioError when it can't be started; CancellationError when the user cancels; NotTrusted; NoProject.
   */
  async trainer(): Promise<TrainerLink> {
    if (this.link?.state === 'connected') return this.link;
    this.demandProject();
    this.starting ??= this.start()
      .catch((failure: unknown) => {
        this.startFault =
          failure instanceof vscode.CancellationError ? 'The start of the trainer was cancelled.' : String(failure);
        throw failure;
      })
      .finally(() => {
        this.starting = undefined;
        this.changed.fire();
      });
    this.startFault = '';
    this.changed.fire();
    return this.starting;
  }

  /** As `trainer`, for a page that was opened: what stands against it is `whyNoTrainer`, which the page shows. */
  async trainerAsked(): Promise<void> {
    try {
      await this.trainer();
    } catch (failure) {
      if (!(failure instanceof vscode.CancellationError)) this.log.warn(String(failure));
    }
  }

  /** Why there is no trainer, and what to do, for people. */
  get whyNoTrainer(): string {
    if (!vscode.workspace.isTrusted)
      return 'This folder is not trusted, so no trainer is started in it. Trust it (Workspaces: Manage Workspace Trust) to see its runs.';
    if (!this.project) return 'No folder is open. Open the one that holds the runs (File: Open Folder).';
    return this.startFault || this.link?.reason || 'No trainer is at work in this folder.';
  }

  private async start(): Promise<TrainerLink> {
    const project = this.demandProject();
    const link = await this.linkOf(project);
    // Word of a trainer that can't be understood, or under whose number another process answers, is what a dead one left.
    const found = await link.attach().catch((failure: unknown) => {
      const { kind } = failure as { kind?: unknown };
      if (kind !== 'connection-lost' && kind !== 'bad-request') throw failure;
      this.log.warn(String(failure));
      return false;
    });
    if (found) return link;
    const { startTrainer } = await import('./trainer/start-trainer.ts');
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Starting the Video-R1 trainer', cancellable: true },
      async (_progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
        const found = await startTrainer(await this.program(), project, abort.signal);
        this.log.info(`Trainer started: process ${found.pid}, folder ${project}`);
        // The first may be a look that began before there was something to find.
        if (!(await link.attach()) && !(await link.attach())) {
          const { StudioError } = await import('../trainer/protocol/errors.ts');
          throw new StudioError('connection-lost', 'The trainer was started, and has ended again.', {
            remedy: 'Its log says why.',
          });
        }
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
      allowedRoots: this.setting<readonly string[]>(settings.allowedRoots),
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

  dispose(): void {
    this.unlink();
    this.watcher?.dispose();
    this.trust.dispose();
    this.trainerGone.dispose();
    this.changed.dispose();
    this.ran.dispose();
    this.runFilesChanged.dispose();
    this.log.dispose();
  }
}
