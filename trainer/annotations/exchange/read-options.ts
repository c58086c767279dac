/** What has to be known of a foreign file before it is read. */
import type { Vocabulary } from './vocabulary.ts';

export interface ReadOptions {
  readonly vocabulary: Vocabulary;
  /** The field that holds the judged text; null finds it out. */
  readonly textField: string | null;
}
