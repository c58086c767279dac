/** What can be wrong with a dataset: the kinds, how grave each is, and what training does about it. */

export interface FindingKindInfo {
  readonly severity: 'error' | 'warning';
  /** What it is, for a heading. */
  readonly title: string;
  readonly training: string;
}

const refused = 'training refuses the file';
const leftOut = 'training leaves the row out';
const passedOver = 'training passes the question over and counts it';
const asItIs = 'training takes the row as it is';

const error = (title: string, training: string) => ({ severity: 'error', title, training }) as const;
const warning = (title: string, training: string) => ({ severity: 'warning', title, training }) as const;

/** In the order in which they are shown. An error keeps rows out of training, or breaks what was asked to be checked. */
export const findingKinds = {
  'cut-off': error('the file stops being a dataset', refused),
  'not-json': error('a row is not JSON', refused),
  'not-utf8': error('a row is not UTF-8 text', leftOut),
  shape: error('a key is missing, empty or of the wrong type', leftOut),
  'unknown-type': error('problem_type or data_type is not known', leftOut),
  'no-answer': error('the solution has no answer', leftOut),
  'not-an-option': error('the solution is not among the options', leftOut),
  'not-a-number': error('the solution is not a number', leftOut),
  'not-reversed': error('the reversed_solution is the solution’s answer, or that of an image', leftOut),
  'path-climbs': error('the path leads out of the dataset’s folder', leftOut),
  'media-outside': error('the path leads out of the dataset’s folder through a symbolic link', passedOver),
  'media-missing': error('the video or image is not there', passedOver),
  'media-folder': error('the path names a folder, or something else that is not a file', passedOver),
  'media-empty': error('the video or image has 0 bytes', passedOver),
  'media-wrong-type': error('data_type does not fit the file', passedOver),
  'media-unusable': error('the video or image can’t be used', passedOver),
  leak: error(
    'a video or image is also in the other dataset',
    'training takes it, and what was trained on is evaluated',
  ),
  'media-odd-size': warning('a picture is tiny, or far longer than wide', 'training scales it, which changes it much'),
  'repeated-key': warning('a key stands twice in a row', 'training takes the last one'),
  'repeated-id': warning('a problem_id stands twice', asItIs),
  'repeated-question': warning(
    'a question stands twice: same problem, options and path',
    'training asks it twice a round',
  ),
  'same-medium': warning('one video or image stands under two paths', asItIs),
  'no-options': warning('a multiple choice question has no options', asItIs),
  'no-letters': warning('options without letters', 'training takes letters by place: A, B, C, …'),
  'option-letters': warning('option letters are missing for some, or repeated', asItIs),
  'no-think': warning(
    'a chain of thought is not one <think>…</think>',
    'SFT learns it as it is, which earns no format reward',
  ),
  'never-paid': warning('no answer can earn an accuracy reward', 'training asks it, and every answer gets 0'),
  'empty-text': warning('a text is empty', asItIs),
  surrogate: warning('a text holds half a surrogate pair', 'the half is read as U+FFFD when it is encoded'),
} as const satisfies Record<string, FindingKindInfo>;

export type FindingKind = keyof typeof findingKinds;

export interface Finding {
  readonly kind: FindingKind;
  /** Line at which the row begins, from 1; null in a table, which has none. */
  readonly line: number | null;
  /** Number of the row in the dataset, from 1; null for the dataset as a whole. */
  readonly row: number | null;
  /** File and line, or of a table file and row. */
  readonly place: string;
  readonly message: string;
}
