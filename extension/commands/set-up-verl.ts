/** Makes the Python environment of the engine verl with the trainer's own program, after it was said what that is. */
import * as vscode from 'vscode';
import { type EnvironmentKind, verlEnvironmentInfo } from '../../trainer/protocol/verl-environments.ts';
import { runTask } from '../trainer/task.ts';
import { sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';

const choices: readonly (vscode.QuickPickItem & { readonly environment: EnvironmentKind })[] = [
  { environment: 'cuda', label: 'For NVIDIA GPUs', detail: 'PyTorch with CUDA, and vLLM; on Linux' },
  { environment: 'cpu', label: 'For the CPU', detail: 'To try the engine with a small model; on Linux and macOS' },
];

export const setUpVerl: Handler = async (studio) => {
  studio.demandTrust();
  const chosen = await vscode.window.showQuickPick(choices, { placeHolder: 'What the verl engine is to compute on' });
  if (!chosen) throw new vscode.CancellationError();
  const yes = 'Set Up';
  const agreed = await vscode.window.showInformationMessage(
    'Make a Python environment with verl in your cache folder?',
    { modal: true, detail: verlEnvironmentInfo[chosen.environment].note },
    yes,
  );
  if (agreed !== yes) throw new vscode.CancellationError();
  const program = await studio.program();
  const args = ['setup', 'verl', ...(chosen.environment === 'cpu' ? ['--cpu'] : []), '--yes'];
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Setting up the verl engine', cancellable: true },
    (progress, token) => runTask(program, args, progress, token, { bar: false }),
  );
  sayDone(studio, 'The verl engine is set up');
};
