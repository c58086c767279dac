/** The status bar item: the run that matters most, its state and progress; a click opens the dashboard. */
import * as vscode from 'vscode';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { commands } from '../contributions.ts';
import { takes } from '../controls.ts';
import { foremost } from '../foremost-run.ts';
import { duration, methodNames, runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

function details(studio: Studio, run: RunSummary): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  text.isTrusted = {
    enabledCommands: [
      commands.pause.id,
      commands.resume.id,
      commands.stop.id,
      commands.openDashboard.id,
      commands.openRollouts.id,
    ],
  };
  const metrics = studio.lastMetrics(run.id);
  text
    .appendMarkdown('**')
    .appendText(`${run.name}`)
    .appendMarkdown('** ')
    .appendText(`${methodNames[run.method]}, ${run.state}${run.detail ? ` (${run.detail})` : ''}\n\n`);
  const rows: [string, string][] = [['step', `${run.step} of ${run.steps}`]];
  if (run.remainingMs !== null) rows.push(['time left', `about ${duration(run.remainingMs)}`]);
  const number = (label: string, value: number | null | undefined, digits: number) => {
    if (value !== null && value !== undefined) rows.push([label, value.toFixed(digits)]);
  };
  number('loss', metrics?.loss, 3);
  number('accuracy, ordered', metrics?.accuracy, 2);
  number('accuracy, shuffled', metrics?.accuracyShuffled, 2);
  number('temporal reward', metrics?.temporal, 2);
  number('response length', metrics?.length, 0);
  text.appendMarkdown('| | |\n|:--|--:|\n');
  for (const [label, value] of rows) text.appendMarkdown(`| ${label} | ${value} |\n`);
  const command = (
    name: 'pause' | 'resume' | 'stop' | 'openDashboard' | 'openRollouts',
    icon: string,
    title: string,
  ) => {
    const argument = encodeURIComponent(JSON.stringify([{ runId: run.id }]));
    return `[$(${icon}) ${title}](command:${commands[name].id}?${argument})`;
  };
  const links = [
    ...(takes(run.state, 'pause') ? [command('pause', 'debug-pause', 'Pause')] : []),
    ...(takes(run.state, 'resume') ? [command('resume', 'debug-continue', 'Resume')] : []),
    ...(takes(run.state, 'stop') ? [command('stop', 'debug-stop', 'Stop')] : []),
    command('openDashboard', 'dashboard', 'Dashboard'),
    command('openRollouts', 'list-tree', 'Rollouts'),
  ];
  return text.appendMarkdown(`\n${links.join(' &nbsp; ')}`);
}

export function registerStatusBar(studio: Studio): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('videoR1.status', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Video-R1';
  const show = () => {
    const run = foremost(studio.runs);
    item.backgroundColor = undefined;
    item.command = commands.openDashboard.id;
    if (studio.trainerState === 'starting') {
      item.text = '$(loading~spin) Video-R1: starting';
      item.tooltip = 'The trainer is starting';
    } else if (studio.trainerState === 'lost') {
      item.text = '$(debug-disconnect) Video-R1: connecting again';
      item.tooltip = studio.link?.reason ?? '';
      item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
    } else if (run) {
      const left = run.state === 'running' && run.remainingMs !== null ? ` · ${duration(run.remainingMs)} left` : '';
      item.text = `$(${runIcon(run.state).id}) ${run.name} ${run.state} ${run.step}/${run.steps}${left}`;
      item.tooltip = details(studio, run);
      item.command = {
        command: commands.openDashboard.id,
        title: commands.openDashboard.title,
        arguments: [{ runId: run.id }],
      };
      if (run.state === 'failed') item.backgroundColor = new vscode.ThemeColor('statusBarItem.errorBackground');
    } else if (studio.trainerState === 'connected') {
      item.text = '$(circle-outline) Video-R1: no run yet';
      item.tooltip = 'A trainer is attached. Start a run from the Video-R1 view.';
    } else return item.hide();
    item.accessibilityInformation = { label: item.text.replace(/\$\([^)]*\)\s*/g, ''), role: 'button' };
    item.show();
  };
  show();
  return vscode.Disposable.from(item, studio.onDidChange(show));
}
