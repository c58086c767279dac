/** Under the strip: what each frame pair is worth, to the answer or to the word that is picked. Each picture has its own scale. */
import { nats } from '../../../trainer/evidence/verdict.ts';
import { framesPerPair } from '../../../trainer/protocol/evidence.ts';
import styles from './pair-bars.module.css';
import { framesOf } from './word-marks.ts';

interface PairBarsProps {
  /** Δ in nats; null for a pair that was not weighed. */
  readonly pairs: readonly (number | null)[];
  /** Frames of the video. */
  readonly frames: number;
  /** Pairs that what is picked stands on, or the one that is picked. */
  readonly lit: readonly number[];
  readonly picked: number | null;
  /** What the bars are of: "the answer", or a word in quotation marks. */
  readonly of: string;
  readonly onPick: (pair: number) => void;
}

/** Height of the highest bar, in CSS pixels. */
const tallest = 20;
/** What is printed as 0.0 is drawn as nothing. */
const leastDrawn = 0.05;

export function PairBars({ pairs, frames, lit, picked, of, onPick }: PairBarsProps) {
  const most = Math.max(...pairs.map((delta) => Math.abs(delta ?? 0)), 0.1);
  return (
    <fieldset
      class={styles.bars}
      style={{ gridTemplateColumns: `repeat(${frames}, minmax(0, 1fr))` }}
      aria-label={`Frame pairs: nats that ${of} loses when a pair is replaced by its neighbour`}
      data-part="pair-bars"
    >
      {pairs.map((delta, pair) => {
        const first = pair * framesPerPair;
        const said = `frames ${framesOf(pair, frames)}: ${delta === null ? 'not weighed' : `${nats(delta)} nats`}`;
        return (
          <button
            key={pair}
            type="button"
            class={lit.includes(pair) ? styles.lit : undefined}
            style={{ gridColumn: `${first + 1} / span ${Math.min(framesPerPair, frames - first)}` }}
            aria-pressed={picked === pair}
            aria-label={said}
            title={`${said}, what ${of} loses when its neighbour stands there`}
            onClick={() => onPick(pair)}
          >
            <span>{delta === null ? '–' : nats(delta)}</span>
            <i
              class={(delta ?? 0) <= -leastDrawn ? styles.against : undefined}
              style={{ height: `${(Math.abs(delta ?? 0) / most) * tallest}px` }}
            />
          </button>
        );
      })}
    </fieldset>
  );
}
