/** Binds every command of `contributions.ts` to its handler, which is loaded when it is first run. */
import * as vscode from 'vscode';
import { type CommandName, commandNames, commands } from '../contributions.ts';
import { showFailure } from '../notices.ts';
import type { Studio } from '../studio.ts';
import type { Handler } from './handler.ts';

const handlers: Readonly<Record<CommandName, () => Promise<Handler>>> = {
  createSampleProject: async () => (await import('./create-sample.ts')).createSampleProject,
  startSft: async () => (await import('./start-run.ts')).startSft,
  startTgrpo: async () => (await import('./start-run.ts')).startTgrpo,
  startRun: async () => (await import('./start-run.ts')).startAnyRun,
  startCreated: async () => (await import('./control-run.ts')).startCreated,
  queueRun: async () => (await import('./control-run.ts')).queueRun,
  dequeueRun: async () => (await import('./control-run.ts')).dequeueRun,
  pause: async () => (await import('./control-run.ts')).pause,
  pauseAt: async () => (await import('./control-run.ts')).pauseAt,
  resume: async () => (await import('./resume-run.ts')).resume,
  stop: async () => (await import('./control-run.ts')).stop,
  runTo: async () => (await import('./control-run.ts')).runTo,
  stepOnce: async () => (await import('./control-run.ts')).stepOnce,
  saveCheckpoint: async () => (await import('./control-run.ts')).saveCheckpoint,
  evaluate: async () => (await import('./control-run.ts')).evaluate,
  evaluateWith: async () => (await import('./control-run.ts')).evaluateWith,
  readLabels: async () => (await import('./control-run.ts')).readLabels,
  leaveOut: async () => (await import('./correct-answers.ts')).leaveOut,
  scoreAnew: async () => (await import('./correct-answers.ts')).scoreAnew,
  skipQuestion: async () => (await import('./correct-answers.ts')).skipQuestion,
  changeMix: async () => (await import('./correct-answers.ts')).changeMix,
  addBreakpoint: async () => (await import('./breakpoints.ts')).addBreakpoint,
  editBreakpoint: async () => (await import('./breakpoints.ts')).editBreakpoint,
  toggleBreakpoint: async () => (await import('./breakpoints.ts')).toggleBreakpoint,
  removeBreakpoint: async () => (await import('./breakpoints.ts')).removeBreakpoint,
  openBreakpointHit: async () => (await import('./breakpoints.ts')).openBreakpointHit,
  setParameter: async () => (await import('./set-parameter.ts')).setParameter,
  openDashboard: async () => (await import('./pages.ts')).openDashboard,
  openDataset: async () => (await import('./open-dataset.ts')).openDataset,
  openRollouts: async () => (await import('./pages.ts')).openRollouts,
  openReview: async () => (await import('./pages.ts')).openReview,
  auditDataset: async () => (await import('./audit-dataset.ts')).auditDataset,
  openAudits: async () => (await import('./pages.ts')).openAudits,
  compareRuns: async () => (await import('./compare-runs.ts')).compareRuns,
  openInBrowser: async () => (await import('./pages.ts')).openInBrowser,
  copyPageAddress: async () => (await import('./pages.ts')).copyPageAddress,
  attach: async () => (await import('./trainer.ts')).attach,
  shutDownTrainer: async () => (await import('./trainer.ts')).shutDownTrainer,
  openTerminal: async () => (await import('./open-terminal.ts')).openTerminal,
  showLog: async () => (await import('./trainer.ts')).showLog,
  installFfmpeg: async () => (await import('./install-ffmpeg.ts')).installFfmpeg,
  setUpVerl: async () => (await import('./set-up-verl.ts')).setUpVerl,
  chooseProject: async () => (await import('./choose-project.ts')).chooseProject,
  exportRun: async () => (await import('./export-run.ts')).exportRun,
  analyseRun: async () => (await import('./analyse-run.ts')).analyseRun,
  exportAnnotations: async () => (await import('./run-records.ts')).exportAnnotations,
  deleteRun: async () => (await import('./run-records.ts')).deleteRun,
  resumeFrom: async () => (await import('./resume-run.ts')).resumeFrom,
  pinCheckpoint: async () => (await import('./pin-checkpoint.ts')).pinCheckpoint,
  unpinCheckpoint: async () => (await import('./pin-checkpoint.ts')).unpinCheckpoint,
  deleteCheckpoint: async () => (await import('./delete-checkpoint.ts')).deleteCheckpoint,
  forkRun: async () => (await import('./fork-run.ts')).forkRun,
  revealCheckpoint: async () => (await import('./run-records.ts')).revealCheckpoint,
};

export function registerCommands(studio: Studio): vscode.Disposable {
  return vscode.Disposable.from(
    ...commandNames.map((name) => {
      const { id, title } = commands[name];
      return vscode.commands.registerCommand(id, async (argument?: unknown) => {
        const run = async (): Promise<void> => {
          try {
            await (await handlers[name]())(studio, argument);
          } catch (failure) {
            await showFailure(studio, title.replace('…', ''), failure, run);
          }
        };
        await run();
      });
    }),
  );
}
