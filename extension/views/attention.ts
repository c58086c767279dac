/** Notifications about runs, only where someone must act: a run failed, or stands still because of a fault. */
import * as vscode from 'vscode';
import type { RunState } from '../../trainer/protocol/run-state.ts';
import { commands } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';

export function registerAttention(studio: Studio): vscode.Disposable {
  const before = new Map<string, RunState>();
  return studio.onRunEvent(({ runId, body }) => {
    if (body.type === 'warning') studio.log.warn(body.message);
    if (body.type !== 'state') return;
    const { run } = body;
    const was = before.get(runId);
    before.set(runId, run.state);
    if (was === run.state || !run.error || (run.state !== 'failed' && run.state !== 'paused')) return;
    const what = run.state === 'failed' ? 'failed' : 'is paused because of a fault';
    const text = [`${run.name} ${what} at step ${run.step}: ${run.error.message}`, run.error.remedy]
      .filter(Boolean)
      .join(' ');
    studio.log.error(text);
    const [dashboard, resume, log] = ['Open Dashboard', 'Resume', 'Show Log'];
    const install = commands.installFfmpeg.title;
    const first = run.error.kind === 'ffmpeg-missing' ? [install] : [];
    void vscode.window.showErrorMessage(plain(text), ...first, dashboard, resume, log).then((choice) => {
      if (choice === install) void vscode.commands.executeCommand(commands.installFfmpeg.id);
      if (choice === dashboard) void vscode.commands.executeCommand(commands.openDashboard.id, { runId });
      if (choice === resume) void vscode.commands.executeCommand(commands.resume.id, { runId });
      if (choice === log) studio.log.show();
    });
  });
}
