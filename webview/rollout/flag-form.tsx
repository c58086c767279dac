/**
 * Flags a rollout or a span of its text, and gives a verdict, all by key: what is flagged by sentence and word, what is wrong, how
 * grave, a note, a verdict. Enter saves, Esc leaves.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { categoryAtKeys } from '../../trainer/protocol/annotations/categories.ts';
import type { SelectionUnit } from '../../trainer/protocol/annotations/selection.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { type Verdict, verdict as verdicts } from '../../trainer/protocol/records.ts';
import { lengthInCodePoints } from '../../trainer/protocol/text-spans.ts';
import { count } from '../ui/numbers.ts';
import { Segments } from '../ui/segments.tsx';
import { useStore } from '../ui/store.ts';
import { Button, TextField } from '../ui/toolkit.tsx';
import { FixedText } from './fixed-text.tsx';
import styles from './flag-form.module.css';
import type { FlagDraft, Flagging, SpanMove } from './flagging.ts';

interface FlagFormProps {
  /** What is being said; there is no form while nothing is. */
  readonly flagging: Flagging;
  /** In which passages are. */
  readonly text: string;
  /** What is flagged where no passage is. */
  readonly whole: string;
  /** What becomes of a fixed text, in words. */
  readonly fixedUse: string;
  /** Why nothing can be saved now; null when it can. */
  readonly refused: string | null;
  /** Nobody signs here yet: a name is asked for, and given to this first; false where it is none, which is shown. */
  readonly onSign: ((name: string) => Promise<boolean>) | null;
}

const verdictKeys: Readonly<Record<string, Verdict>> = { k: 'keep', f: 'fix', d: 'drop' };

/** By key, with the shift key in capitals or as `Shift+`. */
const spanKeys: Readonly<Record<string, readonly [SpanMove, SelectionUnit]>> = {
  v: ['next', 'sentence'],
  V: ['previous', 'sentence'],
  w: ['next', 'word'],
  W: ['previous', 'word'],
  'Shift+ArrowRight': ['widen', 'word'],
  'Shift+ArrowLeft': ['narrow', 'word'],
  'Shift+ArrowDown': ['widen', 'sentence'],
  'Shift+ArrowUp': ['narrow', 'sentence'],
  ArrowLeft: ['widen start', 'word'],
  ArrowRight: ['narrow start', 'word'],
};

export function FlagForm(props: FlagFormProps) {
  const draft = useStore(props.flagging.state, (state) => state.draft);
  return draft && <Form {...props} draft={draft} />;
}

function Form({
  flagging,
  draft,
  text,
  whole,
  fixedUse,
  refused,
  onSign,
}: FlagFormProps & { readonly draft: FlagDraft }) {
  const all = useStore(flagging.state, (state) => state.categories);
  const categories = all.filter(({ key }) => key !== null);
  const quote = draft.span ? text.slice(draft.span.start, draft.span.end) : '';
  const asksName = onSign !== null;
  const onChange = (change: Partial<FlagDraft>) => flagging.change(change);
  const form = useRef<HTMLDivElement>(null);
  const note = useRef<HTMLElement>(null);
  const signed = useRef<HTMLElement>(null);
  const [saving, setSaving] = useState(false);
  const [name, setName] = useState('');
  /** `0` was pressed, and a letter is to follow. */
  const [begun, setBegun] = useState('');
  const [inText, setInText] = useState(false);
  /** It was to be saved: what is in the way is said. */
  const [wanted, setWanted] = useState(false);
  const missing =
    refused ?? flagging.missing ?? (asksName && name.trim() === '' ? 'write who signs this, in "Sign as"' : null);
  const chosen = categories.find(({ id }) => id === draft.category);
  const severity = draft.severity ?? chosen?.severity ?? 'major';
  // At once: it is drawn anew where the passage moves, and a key that follows is meant for it.
  useLayoutEffect(() => {
    form.current?.focus({ preventScroll: true });
    form.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const save = async () => {
    setWanted(true);
    if (saving || missing !== null) {
      if (flagging.missing === null && refused === null) signed.current?.focus();
      return;
    }
    setSaving(true);
    const saved = (onSign === null || (await onSign(name.trim()))) && (await flagging.save());
    if (!saved) setSaving(false);
  };
  const onKey = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      flagging.leave();
      return;
    }
    const path = event.composedPath();
    const inField = [note, signed].some(({ current }) => current !== null && path.includes(current));
    if (event.key === 'Enter' && (inField || event.target === form.current)) {
      event.preventDefault();
      void save();
      return;
    }
    if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = spanKeys[event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key];
    const inRadios = event.target !== form.current && event.key.startsWith('Arrow');
    const picked = categoryAtKeys(categories, begun + event.key);
    const said = verdictKeys[event.key.toLowerCase()];
    setBegun(picked === 'more' ? event.key : '');
    if (picked !== null) {
      if (picked !== 'more') onChange({ category: picked.id, severity: null });
    } else if (move && !inRadios) flagging.move(...move);
    else if (said) onChange({ verdict: draft.verdict === said ? null : said });
    else if (event.key === 's') onChange({ severity: severity === 'major' ? 'minor' : 'major' });
    else if (event.key === 't') note.current?.focus();
    else if (event.key === 'F2') {
      onChange({ verdict: 'fix' });
      setInText(true);
    } else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted; it takes the keys of its parts
    <div ref={form} class={styles.form} role="form" aria-label="Flag" tabIndex={-1} onKeyDown={onKey}>
      <p class={styles.quoting}>
        Flag {draft.span ? <span class={`${styles.quote} model-text`}>{shownLine(quote, 160)}</span> : whole}
        {draft.span && <span class={styles.length}> {count(lengthInCodePoints(quote), 'character')}</span>}
        <span class={`${styles.moves} dim`}>
          <kbd>v</kbd> sentence <kbd>w</kbd> word <kbd>Shift+arrows</kbd> wider
          {draft.span && (
            <button type="button" class="link" onClick={() => onChange({ span: null })}>
              {whole}
            </button>
          )}
        </span>
      </p>
      <div class={styles.categories} role="radiogroup" aria-label="What is wrong">
        {categories.map((category) => (
          // biome-ignore lint/a11y/useSemanticElements: radio buttons drawn as rows with their keys
          <button
            key={category.id}
            type="button"
            role="radio"
            aria-checked={category.id === draft.category}
            title={category.description}
            onClick={() => onChange({ category: category.id, severity: null })}
          >
            <kbd>{category.key}</kbd> <span class="cut">{category.name}</span>
          </button>
        ))}
      </div>
      <div class={styles.verdict}>
        <Segments label="Severity">
          {(['minor', 'major'] as const).map((grade) => (
            <button
              key={grade}
              type="button"
              aria-pressed={draft.category !== null && severity === grade}
              onClick={() => onChange({ severity: grade })}
            >
              {grade}
            </button>
          ))}
        </Segments>
        <kbd>s</kbd>
        <Segments label={`Verdict on ${whole}`}>
          {verdicts.options.map((option) => (
            <button
              key={option}
              type="button"
              aria-pressed={draft.verdict === option}
              onClick={() => onChange({ verdict: draft.verdict === option ? null : option })}
            >
              {option} <kbd>{option.charAt(0)}</kbd>
            </button>
          ))}
        </Segments>
        <TextField
          class={styles.note}
          fieldRef={note}
          label="Note"
          placeholder="note (t)"
          value={draft.note}
          onInput={(text) => onChange({ note: text })}
        />
        {asksName && (
          <TextField
            class={styles.note}
            fieldRef={signed}
            label="Sign as"
            placeholder="sign as: Ann Example <ann@example.org>"
            value={name}
            onInput={setName}
          />
        )}
        <Button primary disabled={saving || missing !== null} title={missing ?? 'Enter'} onPress={() => void save()}>
          Save
        </Button>
        <Button onPress={() => flagging.leave()}>Leave it</Button>
        {wanted && missing !== null && <span role="alert">Not saved: {missing}.</span>}
      </div>
      {draft.verdict === 'fix' && (
        <FixedText
          value={draft.fixed ?? flagging.textToFix}
          use={fixedUse}
          isEntered={inText}
          onEnter={setInText}
          onType={(fixed) => onChange({ fixed })}
          onSave={() => void save()}
          onLeave={() => form.current?.focus({ preventScroll: true })}
        />
      )}
    </div>
  );
}
