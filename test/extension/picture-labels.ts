/** What two people say of the sample, for the pictures of annotation: of rows of its dataset and of answers of its T-GRPO run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { authorOfSetting } from '../../trainer/annotations/author.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { entriesOf } from '../../trainer/annotations/say.ts';
import type { Saying, Span, Verdict } from '../../trainer/protocol/records.ts';
import { RunLabels } from '../../trainer/runs/run-labels.ts';
import { RunStore } from '../../trainer/store/run-store.ts';

export const labelledDataset = 'data/sft.json';
const runId = 'tgrpo-1';

/** Verdicts on one item after the other: they agree in ten of twelve. */
const verdicts = {
  'Ann Example <ann@example.org>': 'drop keep keep drop keep fix drop keep keep drop keep drop',
  'Ben Reviewer <ben@example.org>': 'drop keep drop drop keep drop drop keep keep drop keep drop',
} as const;
/** Who looks at the pages. */
export const annotator: keyof typeof verdicts = 'Ann Example <ann@example.org>';

/** Writes them into a project's folder, whose run no trainer has open. @throws Error where the run has too few answers to label */
export async function labelForPictures(project: string): Promise<void> {
  const { signal } = new AbortController();
  const rows = JSON.parse(readFileSync(path.join(project, labelledDataset), 'utf8')) as unknown[];
  const labels = await LabelFolder.open(project, { signal });
  for (const [author, given] of said())
    for (const [at, verdict] of given.entries()) {
      const known = itemOfRow(labelledDataset, rows[at]);
      if (known === null) throw new Error(`Row ${at + 1} has no chain of thought.`);
      const { entries } = entriesOf(sayingOf(known.content.text, verdict, at), known, authorOfSetting(author), labels);
      await appendEntries(project, entries, signal);
    }
  await labelAnswers(project);
}

async function labelAnswers(project: string): Promise<void> {
  const store = RunStore.open(path.join(project, '.video-r1', 'runs', runId));
  const run = { id: runId, store, record: (body: Parameters<RunStore['append']>[0]) => store.append(body) };
  const labels = new RunLabels({ projectFolder: project, runs: () => [run], run: () => run, log: () => {} });
  try {
    const answers = [...store.groups()].flatMap(({ rollouts }) =>
      rollouts.filter(({ patterns, parsed }) => patterns?.includes('wrong way') && parsed.think !== null),
    );
    for (const [author, given] of said())
      for (const [at, verdict] of given.entries()) {
        const answer = answers[at];
        if (answer === undefined) throw new Error('The run has too few answers that their reasoning contradicts.');
        await labels.add(runId, { rolloutId: answer.id, ...sayingOf(answer.text, verdict, at) }, author);
      }
  } finally {
    labels.dispose();
    store.dispose();
  }
}

const said = () => Object.entries(verdicts).map(([author, given]) => [author, given.split(' ') as Verdict[]] as const);

/** Whoever does not keep it flags its first sentence. */
function sayingOf(text: string, verdict: Verdict, at: number): Saying {
  const category = at % 2 === 0 ? 'not-in-frames' : 'wrong-order';
  const flag = { span: firstSentence(text), category, severity: 'major', note: '' } as const;
  return { flag: verdict === 'keep' ? null : flag, verdict, fixed: null };
}

function firstSentence(text: string): Span {
  const start = text.indexOf('<think>') + '<think>'.length;
  return { start, end: text.indexOf('.', start) + 1 };
}
