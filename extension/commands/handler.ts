/** What every command of the extension is made of. */
import type { Studio } from '../studio.ts';

/** `argument` is what a menu, tree item, CodeLens or page passed along. */
export type Handler = (studio: Studio, argument?: unknown) => Promise<void>;
