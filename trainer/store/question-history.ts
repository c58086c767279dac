/**
 * What a run says about one question over its steps, and about all that came up in it. Groups carry the key of their question's
 * content and the means of their ordered answers in columns of their own, so that a million rollouts need not be looked at.
 * Runs in slices, as the lists of rollouts do; nothing here writes.
 */

import { StudioError } from '../protocol/errors.ts';
import { foldedText } from '../protocol/query/fields.ts';
import type { AskedQuestion, HistoryAnswer, HistoryGroup, QuestionHistory } from '../protocol/questions.ts';
import type { Group, GroupPurpose } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { filledShare } from './filling.ts';
import { groupOf } from './group-body.ts';

// ---- which questions came up ----------------------------------------------------------------------------------------

export interface QuestionsAsked {
  /** Words that the question has to hold, in any order; empty for all. */
  readonly search: string;
  /** What an earlier page gave as `next`; null for the first. */
  readonly after: string | null;
  readonly limit: number;
}

export interface QuestionsPage {
  readonly questions: AskedQuestion[];
  readonly next: string | null;
  readonly total: number;
  readonly filled: number;
}

interface AskedRow {
  asked: string;
  times: number;
  train: number;
  probe: number;
  evaluation: number;
  first: number;
  last: number;
  place: number;
  /** Of all pages. */
  total: number;
}

/** A page's end: how often, which row, which key. */
type Cursor = readonly [times: number, place: number, asked: string];

function cursorOf(text: string): Cursor {
  const [times, place, asked] = text.split(' ');
  if (!/^\d+ -?\d+ \w+$/.test(text))
    throw new StudioError('bad-request', 'This is no page of the questions.', { place: text });
  return [Number(times), Number(place), asked as string];
}

/** Those that came up most often first, then as the dataset has them. */
export function* listQuestions(
  database: Database,
  { search, after, limit }: QuestionsAsked,
): Generator<null, QuestionsPage> {
  const words = foldedText(search).split(/\s+/).filter(Boolean);
  const where = `superseded = 0 AND asked IS NOT NULL${words.map(() => ' AND instr(lower(problem), ?) > 0').join('')}`;
  const [times, place, asked] = after === null ? [Number.MAX_SAFE_INTEGER, 0, ''] : cursorOf(after);
  yield null;
  const rows = database.all<AskedRow>(
    `SELECT * FROM (
       SELECT asked, count(*) AS times, sum(purpose = 'train') AS train, sum(purpose = 'probe') AS probe,
         sum(purpose = 'evaluation') AS evaluation, min(step) AS first, max(step) AS last, coalesce(min(row), 0) AS place,
         count(*) OVER () AS total
       FROM groups WHERE ${where} GROUP BY asked)
     WHERE times < ? OR (times = ? AND (place, asked) > (?, ?))
     ORDER BY times DESC, place, asked LIMIT ?`,
    ...words,
    times,
    times,
    place,
    asked,
    limit + 1,
  );
  yield null;
  const page = rows.slice(0, limit);
  const end = rows.length > limit ? page.at(-1) : undefined;
  return {
    questions: page.map((row) => askedQuestionOf(database, row)),
    next: end ? `${end.times} ${end.place} ${end.asked}` : null,
    total: rows[0]?.total ?? 0,
    filled: filledShare(database),
  };
}

function askedQuestionOf(database: Database, row: AskedRow): AskedQuestion {
  const standing = 'FROM groups WHERE asked = ? AND superseded = 0';
  const at = (step: number) =>
    database.get<{ accuracy: number | null }>(
      `SELECT accuracy ${standing} AND step = ? ORDER BY key LIMIT 1`,
      row.asked,
      step,
    )?.accuracy ?? null;
  const { question } = groupBody(
    database,
    database.get<{ key: number }>(`SELECT key ${standing} LIMIT 1`, row.asked)?.key,
  );
  const { dataset, fileRow, problem, problemType, dataType, family } = question;
  return {
    ...{ key: row.asked, dataset, row: question.row, problem, problemType, dataType, family },
    ...(fileRow !== undefined && { fileRow }),
    times: { train: row.train, probe: row.probe, evaluation: row.evaluation },
    firstStep: row.first,
    lastStep: row.last,
    firstAccuracy: at(row.first),
    lastAccuracy: at(row.last),
  };
}

/** @throws StudioError `bad-store` where it is not there */
export function groupBody(database: Database, key: number | undefined): Group {
  const row =
    key === undefined ? undefined : database.get<{ body: string }>('SELECT body FROM group_bodies WHERE key = ?', key);
  if (!row) throw new StudioError('bad-store', 'A group has no record.', { place: database.path });
  return groupOf(row.body);
}

// ---- one question ---------------------------------------------------------------------------------------------------

/** A question by its key, or by a group that asks it. */
export type WhichQuestion = { readonly question: string } | { readonly groupId: string };

interface GroupRow {
  key: number;
  id: string;
  step: number;
  purpose: GroupPurpose;
  at: number;
  superseded: number;
  temporal: string | null;
}

interface AnswerRow {
  group_key: number;
  id: string;
  nth: number;
  frame_order: 'ordered' | 'shuffled';
  correct: number;
  aha: number;
  accuracy: number;
  reward: number;
  advantage: number | null;
  length: number;
  answer: string;
}

function keyOf(database: Database, which: WhichQuestion): string {
  if ('question' in which) return which.question;
  const group = database.get<{ asked: string | null }>('SELECT asked FROM groups WHERE id = ?', which.groupId);
  if (!group)
    throw new StudioError('not-found', `There is no group ${which.groupId} in this run.`, { place: which.groupId });
  if (group.asked !== null) return group.asked;
  const percent = Math.floor(filledShare(database) * 100);
  throw new StudioError(
    'conflict',
    `This run is being indexed anew (${percent} %), and this question is not reached yet.`,
    {
      remedy: 'Ask again in a moment.',
    },
  );
}

/** @throws StudioError `not-found` for a question that did not come up */
export function* questionHistory(database: Database, which: WhichQuestion): Generator<null, QuestionHistory> {
  const key = keyOf(database, which);
  const groups = database.all<GroupRow>(
    `SELECT g.key, g.id, g.step, g.purpose, g.at, g.superseded, json_extract(b.body, '$.temporal') AS temporal
     FROM groups g JOIN group_bodies b ON b.key = g.key WHERE g.asked = ? ORDER BY g.step, g.key`,
    key,
  );
  const newest = groups.at(-1);
  if (!newest)
    throw new StudioError('not-found', 'This question did not come up in this run.', {
      place: key,
      remedy: 'Choose another question.',
    });
  yield null;
  const answers = Map.groupBy(
    database.all<AnswerRow>(
      `SELECT r.group_key, r.id, r.nth, f.frame_order, f.correct, f.aha, r.accuracy, r.reward, r.advantage, r.length,
         json_extract(b.body, '$.answer') AS answer
       FROM groups g JOIN rollouts r ON r.group_key = g.key JOIN rollout_bodies b ON b.key = r.key
         JOIN facets f ON f.id = r.facet
       WHERE g.asked = ? ORDER BY r.group_key, r.place`,
      key,
    ),
    (answer) => answer.group_key,
  );
  return {
    key,
    question: groupBody(database, newest.key).question,
    groups: groups.map((group) => historyGroupOf(group, answers.get(group.key) ?? [])),
    filled: filledShare(database),
  };
}

function historyGroupOf(group: GroupRow, answers: readonly AnswerRow[]): HistoryGroup {
  const { id: groupId, step, purpose, at, superseded, temporal } = group;
  return {
    ...{ groupId, step, purpose, at },
    superseded: superseded === 0 ? null : superseded,
    temporal: temporal === null ? null : (JSON.parse(temporal) as HistoryGroup['temporal']),
    answers: answers.map(historyAnswerOf),
  };
}

function historyAnswerOf(row: AnswerRow): HistoryAnswer {
  const { id: rolloutId, frame_order: order, nth, answer, accuracy, correct, reward, advantage, length, aha } = row;
  return {
    ...{ rolloutId, order, index: nth - 1, answer, accuracy },
    correct: correct === 1,
    ...{ reward, advantage, tokenCount: length, tier: aha },
  };
}
