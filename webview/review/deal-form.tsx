/** Gives items of the queue to people, a share of them to two. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { type DealtOut, mostDrawn, type QueueOrder } from '../../trainer/protocol/review-queue.ts';
import { count } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import styles from './deal-form.module.css';
import { isDealt, type Review } from './review-model.ts';

interface DealFormProps {
  readonly review: Review;
  readonly order: QueueOrder;
  /** Those who have labelled already, to begin with. */
  readonly known: readonly string[];
  readonly refused: string | null;
  readonly onLeave: () => void;
}

export function DealForm({ review, order, known, refused, onLeave }: DealFormProps) {
  const [names, setNames] = useState(known.join('\n'));
  const [items, setItems] = useState('40');
  const [percent, setPercent] = useState('30');
  const [fault, setFault] = useState<string | null>(null);
  const [out, setOut] = useState<DealtOut | null>(null);
  const first = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  useEffect(() => {
    void review.dealt().then(setOut);
  }, [review]);
  const annotators = names.split('\n').flatMap((line) => line.trim() || []);
  const missing =
    refused ??
    (isDealt(order) ? null : 'Choose another kind of items above: these differ from person to person.') ??
    (annotators.length === 0 ? 'Name one person or more.' : null) ??
    wholeFault('Items', items, 1, mostDrawn) ??
    wholeFault('The share', percent, 0, 100);
  const deal = async () => {
    if (missing !== null || !isDealt(order)) return setFault(missing);
    const asked = { order, annotators, limit: Number(items), overlap: Number(percent) / 100 };
    if (await review.deal(asked)) onLeave();
  };
  return (
    <form
      class={styles.form}
      aria-label="Deal out"
      onSubmit={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') onLeave();
        const inLine = event.target instanceof HTMLInputElement;
        if (event.key === 'Enter' && (inLine || event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          void deal();
        }
      }}
    >
      <label>
        To whom, one a line: name, or name &lt;e-mail&gt;
        <textarea
          ref={first}
          rows={3}
          spellcheck={false}
          value={names}
          onInput={({ currentTarget }) => setNames(currentTarget.value)}
        />
      </label>
      <label>
        <span>Items, those first that nobody has</span>
        <input inputMode="numeric" value={items} onInput={({ currentTarget }) => setItems(currentTarget.value)} />
      </label>
      <label>
        <span>Of 100, judged by two</span>
        <input inputMode="numeric" value={percent} onInput={({ currentTarget }) => setPercent(currentTarget.value)} />
      </label>
      {fault !== null && missing !== null && <p role="alert">{missing}</p>}
      {out !== null && out.waiting.length > 0 && (
        <p class="dim">
          Waiting now: {out.waiting.map(({ annotator, items: many }) => `${shownLine(annotator)} ${many}`).join(', ')}
        </p>
      )}
      <p class={styles.acts}>
        <Button primary onPress={() => void deal()}>
          Deal out
        </Button>
        <Button onPress={onLeave}>Cancel</Button>
        {out !== null && out.own > 0 && (
          <Button
            onPress={() => {
              void review.takeBackDealt();
              onLeave();
            }}
          >
            Take back {count(out.own, 'item')}
          </Button>
        )}
      </p>
    </form>
  );
}

function wholeFault(what: string, typed: string, least: number, most: number): string | null {
  const value = Number(typed);
  return typed.trim() !== '' && Number.isInteger(value) && value >= least && value <= most
    ? null
    : `${what} must be a whole number from ${least} to ${most}.`;
}
