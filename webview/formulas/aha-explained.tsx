/** How aha moments are found, in the page's own words: each tier with its rule, an example, and how well it is found. */
import { useEffect, useRef } from 'preact/hooks';
import { analysisVersion } from '../../trainer/protocol/analysis.ts';
import { proportion } from '../../trainer/protocol/proportion.ts';
import { fixed } from '../ui/numbers.ts';
import { Store, useStore } from '../ui/store.ts';
import styles from './aha-explained.module.css';
import { ahaFigures } from './aha-figures.ts';

const isOpen = new Store(false);

export function explainAha(): void {
  isOpen.set(true);
}

interface Explained {
  readonly kind: keyof typeof ahaFigures;
  readonly name: string;
  readonly what: string;
  /** The part between the two others is what is found. */
  readonly example: readonly [before: string, found: string, after: string];
}

const explained: readonly Explained[] = [
  {
    kind: 'commitment',
    name: 'Commitment',
    what: 'A sentence that says what the answer is. It stands until another one takes its place. A question, a possibility (“might be B”) and a choice of two are none.',
    example: ['The wheel turns on. ', 'This corresponds to option C.', ''],
  },
  {
    kind: '1',
    name: 'T1',
    what: 'A cue while nothing is committed to. The prompt asks for such words, so it is no aha and is never counted as one.',
    example: ['', 'Hmm, let me think.', ' The video begins in a kitchen.'],
  },
  {
    kind: '2',
    name: 'T2',
    what: 'Looks again after a commitment and checks nothing that was not named before, or rejects something without a reason.',
    example: ['So the answer is B. ', 'Wait, let me check.', ' Yes, B.'],
  },
  {
    kind: '3',
    name: 'T3',
    what: 'Looks again, and names a frame, time, quotation or number that was not named before.',
    example: ['So B. ', 'Let me verify with frame 9: it is at the bottom there.', ' So B.'],
  },
  {
    kind: '4',
    name: 'T4',
    what: 'Rejects an option, or the answer so far, with a reason: in the sentence, in its item of a list, or in the next sentence. Also before any commitment.',
    example: ['', 'Option A: he pours tea - this is not correct because the pot stays on the shelf.', ''],
  },
  {
    kind: '5',
    name: 'T5',
    what: 'The answer changes: after looking again, another commitment that excludes the first.',
    example: ['So it moves left. ', 'Wait, at 3 s it is at x 9. So it moves right.', ''],
  },
];

/** Stands once, at the end of the page. */
export function AhaExplained() {
  const open = useStore(isOpen, (held) => held);
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!open) return;
    dialog.current?.showModal();
    /* Read from its beginning, not from the button at its end. */
    heading.current?.focus();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={dialog}
      class={styles.dialog}
      aria-labelledby="aha-explained"
      onClose={() => isOpen.set(false)}
      /* The page's keys are not this dialog's. */
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 ref={heading} id="aha-explained" tabIndex={-1}>
        How aha moments are found
      </h2>
      <p>
        By how sentences are built, not by words: what a sentence names, what it says of it, and what came before.
        Looking again begins where a sentence turns or rejects something, ends with the next commitment, and gives one
        moment, of the highest tier that fits. The same text always gives the same moments.
      </p>
      <dl class={styles.tiers}>
        <div>
          <dt>T0</dt>
          <dd>
            <p>What the list calls an answer in which nothing of this was found.</p>
          </dd>
        </div>
        {explained.map(({ kind, name, what, example: [before, found, after] }) => (
          <div key={kind}>
            <dt>{name}</dt>
            <dd>
              <p>{what}</p>
              <p class={styles.example}>
                {before}
                <mark>{found}</mark>
                {after}
              </p>
              <p class="dim">{figureWords(kind)}</p>
            </dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        The figures are over 34 labelled traces on which no rule was mended; in brackets the 95 % interval. Few labels
        mean wide intervals. Other languages than English are not measured. These are the rules of version{' '}
        {analysisVersion}.
      </p>
      <button type="button" class="link" onClick={() => dialog.current?.close()}>
        Close <kbd>Esc</kbd>
      </button>
    </dialog>
  );
}

function figureWords(kind: keyof typeof ahaFigures): string {
  const { labelled, found, hits } = ahaFigures[kind];
  const share = (whole: number) => {
    const of = proportion(hits, whole);
    return of ? `${fixed(of.share, 2)} (${fixed(of.low, 2)}–${fixed(of.high, 2)}), ${hits} of ${whole}` : '–';
  };
  return `Of those found, right: ${share(found)}. Of those there, found: ${share(labelled)}.`;
}
