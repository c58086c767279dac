/** Lines of audits for tests, with only what a test is about written out. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AuditHeader } from '../../trainer/audit/audit-file.ts';
import { auditResultsOf } from '../../trainer/audit/results.ts';
import {
  type AuditCue,
  type AuditedLine,
  type AuditLine,
  auditFiles,
  auditsFolder,
} from '../../trainer/protocol/audit.ts';
import { trainerFolder } from '../../trainer/protocol/discovery.ts';

export const auditHeader: AuditHeader = {
  kind: 'video-r1 audit',
  version: 1,
  label: { model: 'tgrpo-1', run: 'tgrpo-1', step: 200 },
  model: { sha256: 'a'.repeat(64) },
  datasets: [{ name: 'eval', sha256: 'd'.repeat(64), rows: 40 }],
  frames: { maxFrames: 8 },
  sampling: { temperature: 0, topP: 1, maxTokens: 64, seed: 1 },
  template: {
    system: null,
    instruction: '',
    answerHint: { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' },
  },
  maxPromptTokens: 0,
  samples: 1,
  shuffles: 4,
  evidence: 1,
};

interface Made {
  readonly right?: boolean;
  /** Right without these, wrong without others. */
  readonly without?: readonly AuditCue[];
  /** Mean worth of order and its error; null for none. */
  readonly order?: readonly [worth: number, error: number] | null;
}

/** A question about a video with four options, which says that it needs the order. */
export function audited(row: number, made: Made = {}, changes: Partial<AuditedLine> = {}): AuditedLine {
  const { right = true, without = [], order = right ? [8, 1] : null } = made;
  const answer = (correct: boolean) => ({ answer: correct ? 'A' : 'B', correct });
  const changed = (cue: AuditCue) => [answer(without.includes(cue))];
  return {
    outcome: 'audited',
    dataset: 'eval',
    row,
    key: `key-${row}`,
    problemId: String(row),
    problem: 'Which way does it move?',
    problemType: 'multiple choice',
    dataType: 'video',
    solution: 'A',
    path: `${row}.mp4`,
    source: 'clips',
    family: 'direction',
    needsOrder: true,
    options: 4,
    seen: [{ text: '<answer>A</answer>', ...answer(right), order: order && { worth: order[0], error: order[1] } }],
    changed: {
      'no video': changed('no video'),
      blind: changed('blind'),
      'one frame': changed('one frame'),
      reversed: changed('reversed'),
      'no question': changed('no question'),
    },
    shuffled: Array.from({ length: 4 }, () => changed('any order')),
    ...changes,
  };
}

/** As many questions as are asked for, each made by its number. */
export const questions = (count: number, make: (row: number) => AuditedLine): AuditedLine[] =>
  Array.from({ length: count }, (_, row) => make(row));

/** The same about an image, which has no order. */
export function imageOf(line: AuditedLine): AuditedLine {
  const { 'one frame': _one, reversed: _reversed, ...changed } = line.changed;
  return {
    ...line,
    dataType: 'image',
    needsOrder: false,
    seen: line.seen.map((answer) => ({ ...answer, order: null })),
    changed,
    shuffled: [],
  };
}

/** Writes an audit into a project as the command does. */
/** @param files of the datasets by name, where questions of them are opened */
export async function writeAudit(
  project: string,
  name: string,
  lines: readonly AuditLine[],
  files: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const folder = path.join(project, trainerFolder, auditsFolder, name);
  await mkdir(folder, { recursive: true });
  const text = [auditHeader, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(path.join(folder, auditFiles.answers), text);
  const results = auditResultsOf(auditHeader, lines, files);
  await writeFile(path.join(folder, auditFiles.results), JSON.stringify(results));
}
