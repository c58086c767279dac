/** What is kept of the other arms of an evaluation, each in a file of its own beside the answers: one that is asked later asks no answer again. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { settingsThatDiffer } from '../journal/json-lines.ts';
import { directBy, type EvaluationArm } from '../protocol/evaluation-arms.ts';
import { keptQuestion, skippedQuestion } from '../protocol/kept-question.ts';
import { type AnswersHeader, commonHeader, given } from './answers-file.ts';
import { KeptLines, type LineForm, readLines } from './kept-lines.ts';

/** Names of the files, beside `answers.jsonl`. */
export const armFiles = { direct: 'direct.jsonl', reversed: 'reversed.jsonl' } as const satisfies Record<
  EvaluationArm,
  string
>;

const common = {
  ...commonHeader,
  nanRegressionPays: z.boolean(),
  maxPromptTokens: z.number().int(),
} as const;

const directHeader = z.strictObject({ kind: z.literal('video-r1 direct answers'), ...common });
const directLine = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('answered'), ...keptQuestion, by: directBy, direct: given }),
  skippedQuestion,
]);
export type DirectHeader = z.infer<typeof directHeader>;
export type DirectLine = z.infer<typeof directLine>;
export type DirectFile = KeptLines<DirectHeader, DirectLine>;

const reversedHeader = z.strictObject({ kind: z.literal('video-r1 reversed videos'), ...common });
const reversedLine = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('answered'),
    ...keptQuestion,
    /** What is right of the video backwards, without tags. */
    reversedSolution: z.string(),
    reversed: given,
  }),
  skippedQuestion,
]);
export type ReversedHeader = z.infer<typeof reversedHeader>;
export type ReversedLine = z.infer<typeof reversedLine>;
export type ReversedFile = KeptLines<ReversedHeader, ReversedLine>;

/** All that both arms' headers pin but what the files are. */
const pinned = ({ label: _label, kind: _kind, ...settings }: DirectHeader | ReversedHeader) => settings;

const directForm: LineForm<DirectHeader, DirectLine> = {
  header: directHeader,
  line: directLine,
  pinned,
  words: { work: 'an evaluation without reasoning', command: 'video-r1 eval --direct' },
};

const reversedForm: LineForm<ReversedHeader, ReversedLine> = {
  header: reversedHeader,
  line: reversedLine,
  pinned,
  words: { work: 'an evaluation on reversed videos', command: 'video-r1 eval --reversed' },
};

/** @throws StudioError as `KeptLines.open` does */
export const openDirect = (folder: string, header: DirectHeader): DirectFile =>
  KeptLines.open(directForm, path.join(folder, armFiles.direct), header);

/** @throws StudioError as `KeptLines.open` does */
export const openReversed = (folder: string, header: ReversedHeader): ReversedFile =>
  KeptLines.open(reversedForm, path.join(folder, armFiles.reversed), header);

export interface ArmLines {
  readonly direct?: readonly DirectLine[];
  readonly reversed?: readonly ReversedLine[];
}

/**
 * The other arms that lie beside some answers; those that were asked with other settings are another evaluation's, and left out.
 * @throws StudioError `conflict` for a damaged file
 */
export function readArms(folder: string, answers: AnswersHeader): ArmLines {
  const { label: _label, kind: _kind, shuffled: _shuffled, maxPromptTokens = null, ...settings } = answers;
  const read = <H extends DirectHeader | ReversedHeader, L extends DirectLine | ReversedLine>(
    form: LineForm<H, L>,
    name: string,
  ): readonly L[] | null => {
    const file = path.join(folder, name);
    if (!existsSync(file)) return null;
    const { header, lines } = readLines(form, file);
    return settingsThatDiffer(pinned(header), { ...settings, maxPromptTokens }).length > 0 ? null : lines;
  };
  const direct = read(directForm, armFiles.direct);
  const reversed = read(reversedForm, armFiles.reversed);
  return { ...(direct && { direct }), ...(reversed && { reversed }) };
}
