/** What a person changes of the step under way before its update, and of the questions that are asked from then on. */
import * as vscode from 'vscode';
import type { GivenScores } from '../../trainer/protocol/corrections.ts';
import { correctionWhy } from '../../trainer/protocol/corrections.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RolloutRow } from '../../trainer/protocol/messages.ts';
import { namedNumbers } from '../../trainer/protocol/named-numbers.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, place, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

/** At most so many answers are offered to be picked from. */
const mostOffered = 500;

interface AnswerItem extends vscode.QuickPickItem {
  readonly row: RolloutRow;
}

/** The answers of the step under way that are there. @throws StudioError `conflict` where there are none yet */
async function openAnswers(studio: Studio, run: RunSummary): Promise<AnswerItem[]> {
  const { client } = await studio.trainer();
  const query = `step:${run.step + 1} purpose:train half:ordered`;
  const { rows } = await client.request('rollouts/list', { runId: run.id, query, limit: mostOffered });
  if (rows.length === 0)
    throw new StudioError('conflict', `Step ${run.step + 1} of ${run.id} has no answers yet.`, {
      remedy: 'Pause the run at before-update, and ask again.',
    });
  return rows.map((row) => ({
    label: `$(${row.correct ? 'check' : 'close'}) ${plain(shownLine(row.answer === '' ? 'no answer' : row.answer, 60))}`,
    description: row.id,
    detail: plain(shownLine(row.problem, 160)),
    row,
  }));
}

/** @returns undefined when nobody says */
function askWhy(title: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: plain(title),
    prompt: 'Why? It is kept with what it changes.',
    validateInput: (typed) => (correctionWhy.safeParse(typed).success ? null : 'A few words, 1000 characters at most.'),
  });
}

export const leaveOut: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'mask');
  const step = run.step + 1;
  const picked = await vscode.window.showQuickPick(await openAnswers(studio, run), {
    canPickMany: true,
    placeHolder: `Which answers shall the update of step ${step} be made without?`,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked || picked.length === 0) return;
  const rollouts = picked.map(({ row }) => row.id);
  const why = await askWhy(
    `Leave ${rollouts.length === 1 ? rollouts[0] : `${rollouts.length} answers`} out of the update`,
  );
  if (why === undefined) return;
  const record = await carryOut(studio, run, { kind: 'mask', step, rollouts, masked: true, why }, `Changing ${run.id}`);
  sayDone(studio, `left out of the update${place(record)}: ${record.note ?? ''}`);
};

const scores: readonly (vscode.QuickPickItem & { readonly scores: GivenScores | null })[] = [
  { label: 'Right', description: 'accuracy 1', scores: { accuracy: 1 } },
  { label: 'Wrong', description: 'accuracy 0', scores: { accuracy: 0 } },
  { label: 'Right, in the asked form', description: 'accuracy 1, format 1', scores: { accuracy: 1, format: 1 } },
  { label: 'As scoring found', description: 'takes back what was given', scores: null },
];

export const scoreAnew: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'rescore');
  const step = run.step + 1;
  const picked = await vscode.window.showQuickPick(await openAnswers(studio, run), {
    placeHolder: `Which answer of step ${step} is scored wrongly?`,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return;
  const given = await vscode.window.showQuickPick(scores, { placeHolder: `What is ${picked.row.id}?` });
  if (!given) return;
  const rollout = picked.row.id;
  const why = await askWhy(`Score ${rollout} anew`);
  if (why === undefined) return;
  const request = { kind: 'rescore', step, rollout, scores: given.scores, why } as const;
  const record = await carryOut(studio, run, request, `Changing ${run.id}`);
  sayDone(studio, `${rollout} scored anew${place(record)}: ${record.note ?? ''}`);
};

export const skipQuestion: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'skip');
  const typed = await vscode.window.showInputBox({
    title: plain(`${run.id}: skip a question`),
    prompt:
      'Number of its row among those that are trained on, from 0, as the filter’s row: counts; it is asked no more from the next step on.',
    validateInput: (text) => (/^\d{1,9}$/.test(text.trim()) ? null : 'A whole number from 0.'),
  });
  if (typed === undefined) return;
  const why = await askWhy(`Skip row ${typed.trim()}`);
  if (why === undefined) return;
  const request = { kind: 'skip', row: Number(typed), skipped: true, why } as const;
  const record = await carryOut(studio, run, request, `Changing ${run.id}`);
  sayDone(studio, `${run.id} skips row ${request.row}${place(record)}`);
};

/** `STAR=2 CLEVRER=1` as weights; a sentence where it is not of that form. */
function readWeights(text: string): Record<string, number> | string {
  const read = namedNumbers(text.trim().split(/\s+/));
  return 'wrong' in read ? `SOURCE=WEIGHT, and ${shownLine(read.wrong, 60)} is not of that form.` : read.values;
}

export const changeMix: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'mix');
  const present = Object.entries(run.sourceWeights ?? {}).map(([source, weight]) => `${source}=${weight}`);
  const typed = await vscode.window.showInputBox({
    title: plain(`${run.id}: mix of sources`),
    value: present.join(' '),
    prompt: 'A weight for every source, such as STAR=2 CLEVRER=1; empty takes them as the dataset has them.',
    validateInput: (text) => {
      const weights = text.trim() === '' ? {} : readWeights(text);
      return typeof weights === 'string' ? weights : null;
    },
  });
  if (typed === undefined) return;
  const weights = typed.trim() === '' ? null : readWeights(typed);
  if (typeof weights === 'string') return;
  const record = await carryOut(studio, run, { kind: 'mix', weights }, `Changing ${run.id}`);
  sayDone(studio, `${run.id} has another mix of sources${place(record)}`);
};
