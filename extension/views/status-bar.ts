/** The status bar item: the run that matters most, its state and progress; a click opens the dashboard. */
import * as vscode from 'vscode';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { dateWords, duration, standingWords } from '../../trainer/protocol/run-words.ts';
import { type Control, commands, controls } from '../contributions.ts';
import { foremost } from '../foremost-run.ts';
import { offered, refusedLines } from '../offered.ts';
import { adviceCount, methodNames, runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

/** Controls that the item offers as links, with their icon and words. */
const linked = [
  ['start', 'play', 'Start'],
  ['pause', 'debug-pause', 'Pause'],
  ['resume', 'debug-continue', 'Resume'],
  ['stop', 'debug-stop', 'Stop'],
] as const satisfies readonly (readonly [Control, string, string])[];

function details(studio: Studio, run: RunSummary): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  text.isTrusted = {
    enabledCommands: [
      ...linked.map(([control]) => commands[controls[control]].id),
      commands.openDashboard.id,
      commands.openRollouts.id,
    ],
  };
  const metrics = studio.lastMetrics(run.id);
  text
    .appendMarkdown('**')
    .appendText(`${run.id}`)
    .appendMarkdown('** ')
    .appendText(`${methodNames[run.method]}, ${standingWords(run)}, made ${dateWords(run.createdAt)}\n\n`);
  const rows: [string, string][] = [['step', `${run.step} of ${run.steps}`]];
  const left = studio.remainingMs(run);
  if (left !== null && run.state !== 'completed') rows.push(['time left', `about ${duration(left)}`]);
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
  const command = (id: string, icon: string, title: string) => {
    const argument = encodeURIComponent(JSON.stringify([{ runId: run.id }]));
    return `[$(${icon}) ${title}](command:${id}?${argument})`;
  };
  const taken = offered(studio, run);
  const links = [
    ...linked
      .filter(([control]) => taken.includes(control))
      .map(([control, icon, title]) => command(commands[controls[control]].id, icon, title)),
    command(commands.openDashboard.id, 'dashboard', 'Dashboard'),
    command(commands.openRollouts.id, 'list-tree', 'Rollouts'),
  ];
  text.appendMarkdown(`\n${links.join(' &nbsp; ')}`);
  for (const { message } of studio.advice(run)) text.appendMarkdown('\n\n$(warning) ').appendText(message);
  for (const refused of refusedLines(studio, run)) text.appendMarkdown('\n\nNot now: ').appendText(refused);
  return text;
}

export function registerStatusBar(studio: Studio): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('videoR1.status', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Video-R1';
  /* One object a run: VS Code forgets the command of an object that another takes the place of, and a click finds nothing. */
  const opened = new Map<string, vscode.Command>();
  const openDashboard = (runId: string): vscode.Command => {
    const { id, title } = commands.openDashboard;
    const known = opened.get(runId) ?? { command: id, title, arguments: [{ runId }] };
    opened.set(runId, known);
    return known;
  };
  const show = () => {
    const run = foremost(studio.runs);
    item.backgroundColor = undefined;
    const showsRun = run !== undefined && studio.trainerState !== 'starting' && studio.trainerState !== 'lost';
    item.command = showsRun ? openDashboard(run.id) : commands.openDashboard.id;
    if (studio.trainerState === 'starting') {
      item.text = '$(loading~spin) Video-R1: starting';
      item.tooltip = 'The trainer is starting';
    } else if (studio.trainerState === 'lost') {
      item.text = '$(debug-disconnect) Video-R1: connecting again';
      item.tooltip = studio.link?.reason ?? '';
      item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
    } else if (run) {
      const remaining = run.state === 'running' ? studio.remainingMs(run) : null;
      const left = remaining === null ? '' : ` · ${duration(remaining)} left`;
      const doing = 'doing' in run && run.doing ? ` · ${run.doing}` : '';
      item.text = `$(${runIcon(run.state).id}) ${run.id} ${run.state} ${run.step}/${run.steps}${doing || left}${adviceCount(studio.advice(run))}`;
      item.tooltip = details(studio, run);
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
