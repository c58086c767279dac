/** The keys of the list alone, beside those of the page. */
import type { ActionOf, KeyRow } from '../../ui/key-table.ts';

export const listKeys = [
  { meaning: 'last row', keys: { End: 'last' } },
  { meaning: 'as many rows as are in sight', keys: { PageUp: 'pageUp', PageDown: 'pageDown' } },
  { meaning: 'go to a step or row', keys: { G: 'goTo' } },
  { meaning: 'back to the row that is read', keys: { '.': 'back' } },
  { meaning: 'columns and order of the list', keys: { C: 'columns' } },
  { meaning: 'saved filters', keys: { F: 'filters' } },
  { meaning: 'weigh what the list shows: what did the answers stand on?', keys: { W: 'weighThese' } },
  { meaning: 'export what the list shows', keys: { E: 'export' } },
] as const satisfies readonly KeyRow<string>[];

export type ListAction = ActionOf<typeof listKeys>;
