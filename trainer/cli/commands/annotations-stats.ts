/** `video-r1 annotations stats`: what the labels of a project amount to. */
import path from 'node:path';
import { dealtItems, waitingItems } from '../../annotations/dealing/deal.ts';
import { labelReport } from '../../annotations/report/label-report.ts';
import { writeReportPage } from '../../annotations/report/report-page.ts';
import { reportSections } from '../../annotations/report/report-sections.ts';
import { reportText } from '../../annotations/report/report-text.ts';
import type { Dealt } from '../../protocol/review-queue.ts';
import { exitCodes, readOptions, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noLabels, openLabels, projectOf } from './annotations-labels.ts';
import { requireRoom } from './require-room.ts';

/** Disagreements on a page, which one can scroll. */
const mostOnPage = 1000;

export async function reportLabels(args: readonly string[]): Promise<number> {
  const { values } = readOptions(
    args,
    {
      folder: { type: 'string', default: '.' },
      html: { type: 'string' },
      limit: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
    0,
  );
  const limit = wholeNumber('limit', values.limit, 0);
  if (values.html !== undefined) requireRoom(values.html, false, 'report.html');
  const project = projectOf(values.folder);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'Stopped; nothing was written.', left: 'nothing was written' };
  return interruptible(words, async (signal) => {
    const labels = await openLabels(project, signal, line).finally(() => line.clear());
    const { categories } = labels;
    const report = labelReport(labels.book, categories);
    if (values.html !== undefined) {
      const sections = reportSections(report, categories, mostOnPage);
      await writeReportPage(values.html, report, sections, { project: path.basename(project), at: new Date() });
    }
    const waiting = waitingItems(dealtItems(labels.book, () => true));
    if (values.json)
      process.stdout.write(`${JSON.stringify({ ...report, waiting, troubles: labels.troubles }, null, 1)}\n`);
    else if (report.items + report.detectors.length === 0)
      process.stdout.write(`${project}: ${waiting.length > 0 ? nothingJudged(waiting) : noLabels}\n`);
    else {
      const { items, flags, verdicts, settlements } = report;
      process.stdout.write(`${reportText(reportSections(report, categories, limit))}\n\n`);
      process.stdout.write(
        `${count(items, 'labelled item')}: ${count(flags, 'flag')}, ${count(verdicts, 'verdict')}, ${count(settlements, 'settlement')}.\n`,
      );
    }
    if (values.html !== undefined && !values.json) process.stdout.write(`The page: ${values.html}\n`);
    return exitCodes.done;
  });
}

/** Of a project in which items were dealt out, and no more. */
const nothingJudged = (waiting: Dealt['waiting']): string =>
  [
    'Nothing was judged yet.',
    ...waiting.map(({ annotator, items }) => `  ${annotator}: ${count(items, 'item')} to judge`),
  ].join('\n');
