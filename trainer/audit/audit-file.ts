/** What an audit keeps of each question, and what all its answers have in common. */
import { z } from 'zod';
import { commonHeader } from '../evaluation/answers-file.ts';
import { KeptLines, type LineForm, readLines } from '../evaluation/kept-lines.ts';
import { type AuditLine, auditLine } from '../protocol/audit.ts';
import { evidenceVersion } from '../protocol/evidence.ts';

const auditHeader = z.strictObject({
  kind: z.literal('video-r1 audit'),
  ...commonHeader,
  maxPromptTokens: z.number().int(),
  /** Answers of each kind to a question. */
  samples: z.number().int().positive(),
  /** Orders that a video's frames are shown in besides their own. */
  shuffles: z.number().int().positive(),
  /** Of how the worth of order is measured. */
  evidence: z.literal(evidenceVersion),
});
export type AuditHeader = z.infer<typeof auditHeader>;

const auditForm: LineForm<AuditHeader, AuditLine> = {
  header: auditHeader,
  line: auditLine,
  pinned: ({ label: _label, datasets, ...settings }) => ({
    ...settings,
    datasets,
  }),
  words: { work: 'an audit', command: 'video-r1 audit' },
};

export type AuditFile = KeptLines<AuditHeader, AuditLine>;

/** @throws StudioError as `KeptLines.open` does */
export const openAudit = (file: string, header: AuditHeader): AuditFile => KeptLines.open(auditForm, file, header);

/** @throws StudioError as `readLines` does */
export const readAudit = (file: string) => readLines(auditForm, file);
