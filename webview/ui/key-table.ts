/** The keys of a page in one table, from which its help and its handlers follow; a test walks it. */
import type { KeyMap } from './keys.ts';

/** One line of the help. */
export interface KeyRow<Action extends string> {
  readonly meaning: string;
  /** What each key, named by `keyName`, does. */
  readonly keys: Readonly<Record<string, Action>>;
}

export type ActionOf<Rows extends readonly KeyRow<string>[]> =
  Rows[number] extends KeyRow<infer Action> ? Action : never;

/** A handler that gives false lets the key pass. */
export type Handlers<Action extends string> = Readonly<Record<Action, (event: KeyboardEvent) => unknown>>;

/** Every key of the table has its handler: the compiler names an action that has none. */
export function keyMap<Action extends string>(rows: readonly KeyRow<Action>[], handlers: Handlers<Action>): KeyMap {
  return Object.fromEntries(
    rows.flatMap(({ keys }) => Object.entries(keys).map(([key, action]) => [key, handlers[action]] as const)),
  );
}

const shown: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
};

/** As the help shows them: keys with a space between them, and what they do. */
export function helpRows(rows: readonly KeyRow<string>[]): (readonly [string, string])[] {
  return rows.map(({ keys, meaning }) => [
    Object.keys(keys)
      .map((key) => shown[key] ?? key)
      .join(' '),
    meaning,
  ]);
}
