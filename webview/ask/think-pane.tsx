/** The text from which the model goes on: what is given, with what was typed underlined, the cut, and the original's rest. */
import { useEffect, useRef } from 'preact/hooks';
import { shownPieces } from '../../trainer/protocol/hostile-text.ts';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { count } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { say } from '../ui/said.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import type { Asking } from './asking.ts';
import { changedBlocks, cutOf, restFrom } from './draft.ts';
import styles from './think-pane.module.css';
import { restWords } from './word-cut.ts';

/** Goes on from where the cursor is: in the text what stands behind it goes, in the rest what stands before it is kept. */
export function cutAt(asking: Asking, page: HTMLElement | null): void {
  const text = page?.querySelector('textarea[data-part=given]');
  if (text instanceof HTMLTextAreaElement && document.activeElement === text) {
    asking.edit({ given: text.value.slice(0, text.selectionStart) });
    return;
  }
  const selected = window.getSelection()?.anchorNode ?? null;
  const element = selected instanceof Element ? selected : selected?.parentElement;
  const word = element?.closest<HTMLElement>('[data-from]');
  if (word) keepTo(asking, Number(word.dataset.from));
  else
    say('There is no cursor in the text: click the word from which it should go on, or type into the field above it.');
}

function keepTo(asking: Asking, place: number): void {
  asking.edit({ given: asking.state.get().original.rollout.text.slice(0, place) });
}

/** At once, before the page shows the cut: the field holds what is kept already when the first letter comes. */
function typeBehindCut(field: HTMLTextAreaElement | null, asking: Asking): void {
  if (!field) return;
  const { given } = asking.state.get().draft;
  field.value = given;
  field.focus({ preventScroll: true });
  field.setSelectionRange(given.length, given.length);
}

export function ThinkPane({ asking }: { asking: Asking }) {
  const { draft, original, cost } = useStore(asking.state, (held) => held);
  const { rollout, tokens } = original;
  const { given } = draft;
  const cut = cutOf(given, original);
  const rest = restFrom(given, original);
  const words = restWords(rollout.text, rest);
  const total = tokens?.ids ? tokens.ids.length - Number(rollout.stopReason === 'stop') : rollout.tokenCount;
  const cannot =
    cost?.prefix === false ? 'This engine takes no prefix: it can ask anew, not go on from a token.' : null;
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (cannot !== null) field.current?.blur();
  }, [cannot]);
  const changed = changedBlocks(asking.ask).has('text');
  return (
    <Pane name="think" label="Text">
      <PaneHead
        title="Text"
        meta={cannot ?? 'click where it should go on, or type'}
        tools={
          <>
            <Tool
              text="From the start"
              label="From the start, without any text"
              refused={given === '' ? 'it starts there' : null}
              onPress={() => asking.edit({ given: '' })}
            />
            <Tool
              text="To the end"
              label="All of the answer is kept"
              refused={cannot}
              onPress={() => keepTo(asking, rollout.text.length)}
            />
          </>
        }
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.body} aria-label="Text from which it goes on" tabIndex={0}>
        <div class={`${styles.given} model-text`} data-changed={changed}>
          <div class={styles.mirror} aria-hidden="true">
            {given.slice(0, cut.end)}
            <span class={styles.typed}>{cut.typed}</span>
            {'\u200b'}
          </div>
          <textarea
            ref={field}
            data-part="given"
            aria-label="Text that is given to the model: what is kept of the answer, and what is typed"
            placeholder={cannot === null ? 'Type what it begins with, or click into the answer below.' : ''}
            spellcheck={false}
            disabled={cannot !== null}
            value={given}
            onInput={({ currentTarget: { value } }) => asking.edit({ given: value }, 'given')}
          />
        </div>
        <div class={styles.cut}>
          <span class={styles.here}>
            <Icon name="changed" />
            <b class="strong">{given === '' ? 'begins here' : 'goes on from here'}</b>
          </span>
          <span class="dim" data-part="cut">
            {cutWords(cut, total)}
          </span>
          <span class="grow" />
          <kbd>h</kbd>
        </div>
        {cost?.cut && given !== '' && <p class="dim">{cost.cut}</p>}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys [ and ] move the cut */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: as above */}
        <div
          class={`${styles.rest} model-text`}
          data-part="rest"
          onClick={(event) => {
            const word = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-from]') : null;
            const isSelecting = !(window.getSelection()?.isCollapsed ?? true);
            if (!word || isSelecting || cannot !== null) return;
            keepTo(asking, Number(word.dataset.from));
            /* What is typed next belongs behind the cut: no letter of it may act as a key of the page. */
            typeBehindCut(field.current, asking);
          }}
        >
          {words.map(({ start, end }) => (
            <span key={start} data-from={start}>
              {shownPieces(rollout.text, start, end).map(({ shown }) => shown)}
            </span>
          ))}
        </div>
      </section>
      <p class={styles.foot}>
        <kbd>h</kbd> go on from the cursor <kbd>[</kbd> <kbd>]</kbd> a word <kbd>u</kbd> undo a change
        <span class="grow" />
        <kbd>Ctrl+Enter</kbd> ask
      </p>
    </Pane>
  );
}

function cutWords({ keep, typed }: { keep: number; typed: string }, total: number): string {
  if (keep === 0 && typed === '') return 'nothing is kept: the whole answer is written anew';
  const kept = `${count(keep, 'token')} kept`;
  const words = typed.split(/\s+/).filter((word) => word !== '').length;
  const written = typed === '' ? '' : `, ${count(words, 'word')} typed`;
  return `${kept}${written}; ${count(Math.max(0, total - keep), 'token')} of the original are written anew`;
}
