/** One audit from its settings to its files: answers, results as JSON, the tables, and a page. Taken up again where it stopped. */
import path from 'node:path';
import { askChanged } from '../../audit/ask-changed.ts';
import { type AuditHeader, openAudit } from '../../audit/audit-file.ts';
import { auditPage } from '../../audit/audit-page.ts';
import { exportRows, type RowsWanted } from '../../audit/export-rows.ts';
import { auditReport } from '../../audit/report.ts';
import { auditResultsOf } from '../../audit/results.ts';
import { reportMarkdown } from '../../evaluation/table.ts';
import { usualShuffles } from '../../evidence/interventions/plan.ts';
import { type AuditResults, auditFiles, auditsFolder } from '../../protocol/audit.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { evidenceVersion } from '../../protocol/evidence.ts';
import type { LiveLine } from '../terminal/progress.ts';
import { headerOf, keepWorking, replaceFile, type WorkWanted } from './kept-work.ts';

export interface AuditWanted extends WorkWanted {
  /** Answers of each kind to a question. */
  readonly samples: number;
  /** Rows to be written as files of their own; of one dataset alone. */
  readonly rows: readonly RowsWanted[];
}

/** Orders that a video's frames are shown in besides their own: those that answers are weighed by anywhere. */
export const auditShuffles = usualShuffles;

export function auditsFolderOf(project: string): string {
  return path.join(project, trainerFolder, auditsFolder);
}

export interface AuditDone {
  readonly results: AuditResults;
  readonly written: readonly (RowsWanted & { readonly count: number })[];
}

/**
 * Asks what has no answer yet, then writes what follows from all answers in the file.
 * @throws as `keepWorking` does
 */
export function auditDataset(w: AuditWanted, signal: AbortSignal, line: LiveLine): Promise<AuditDone> {
  return keepWorking(
    w,
    {
      name: 'audit',
      open: async (file, datasets) =>
        openAudit(file, {
          kind: 'video-r1 audit',
          ...(await headerOf(w, datasets)),
          ...(w.samples > 1 && { sampling: samplingOf(w) }),
          samples: w.samples,
          shuffles: auditShuffles,
          evidence: evidenceVersion,
        }),
      ask: askChanged,
      async finish({ header, lines }, datasets) {
        const files = new Map(datasets.map(({ name, dataset }) => [name, dataset.file]));
        const results = auditResultsOf(header, lines, files);
        await replaceFile(path.join(w.out, auditFiles.results), `${JSON.stringify(results, null, 1)}\n`);
        const report = auditReport(results);
        await replaceFile(path.join(w.out, 'results.md'), reportMarkdown(report));
        await replaceFile(path.join(w.out, auditFiles.page), auditPage(report, lines));
        const written: (RowsWanted & { count: number })[] = [];
        for (const { dataset, name } of w.rows.length > 0 ? datasets : []) {
          const own = lines.filter((one) => one.dataset === name);
          for (const rows of w.rows) written.push({ ...rows, count: await exportRows(dataset, own, rows, signal) });
        }
        return { results, written };
      },
    },
    signal,
    line,
  );
}

/** Answers that are to differ are drawn as training draws them. */
const samplingOf = ({ parameters: p, seed }: AuditWanted): AuditHeader['sampling'] => ({
  temperature: p.temperature,
  topP: p.topP,
  maxTokens: p.maxNewTokens,
  seed,
});
