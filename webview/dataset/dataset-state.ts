/** What the page of a dataset knows: the file's state, the rows that were read, the search, and the text being edited. */
import { z } from 'zod';
import type { AgreementShown } from '../../trainer/protocol/annotations/agreement.ts';
import {
  type DatasetToPage,
  type EditableField,
  editableField,
  type LabelChoice,
  labelChoice,
  type RowHead,
  type RowReading,
} from '../../trainer/protocol/dataset-editor.ts';

export type FileState = Extract<DatasetToPage, { type: 'file' }>;

/** Null while all rows are listed. */
export interface Search {
  readonly text: string;
  readonly isChanged: boolean;
  readonly label: LabelChoice | null;
  /** Rows that changed since the last commit; how many of that are gone, once it is compared. */
  readonly sinceHead: { readonly gone: number } | null;
  readonly rows: readonly number[];
  readonly share: number;
  readonly isDone: boolean;
  readonly fault: string | null;
}

export interface Editing {
  readonly row: number;
  readonly field: EditableField;
  /** As the text area has it. */
  readonly draft: string;
  /** The text as the file's editor knows it, which the draft goes from. */
  readonly base: string;
}

export interface Frames {
  readonly row: number;
  readonly picture: string | null;
  readonly words: string;
}

/** A row as the last commit has it. */
export type Before = Pick<Extract<DatasetToPage, { type: 'before' }>, 'row' | 'fields' | 'words'>;

export interface DatasetState {
  readonly file: FileState | null;
  readonly heads: ReadonlyMap<number, RowHead>;
  readonly row: number;
  /** The last row that was read; another than `row` while that is on its way. */
  readonly reading: RowReading | null;
  readonly frames: Frames | null;
  readonly search: Search | null;
  readonly before: Before | null;
  readonly editing: Editing | null;
  /** Null until it is known, and while only one person said anything. */
  readonly agreement: AgreementShown | null;
  /** The next verdict settles what people differ in on the row; `text` is written to settle it with a fix. */
  readonly settling: { readonly text: string | null } | null;
  /** What could not be done. */
  readonly failed: string | null;
}

export const initial: DatasetState = {
  ...{ file: null, heads: new Map(), row: 0, reading: null, frames: null },
  ...{ search: null, before: null, editing: null, agreement: null, settling: null, failed: null },
};

/** What is found again when the page is shown again. */
export const held = z.object({
  row: z.number().int().min(0),
  text: z.string(),
  isChanged: z.boolean(),
  label: labelChoice.nullable().default(null),
  draft: z.object({ field: editableField, draft: z.string(), base: z.string() }).nullable(),
});
