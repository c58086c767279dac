/** Flags a rollout or a span of its text, by key: 1 to 9 category, k f d verdict, n note, Enter saves, Esc leaves. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import {
  type AnnotationInput,
  type FlagCategory,
  flagCategories,
  type Verdict,
  verdict as verdicts,
} from '../../trainer/protocol/records.ts';
import { lengthInCodePoints } from '../../trainer/protocol/text-spans.ts';
import { count } from '../ui/numbers.ts';
import { Segments } from '../ui/segments.tsx';
import { Button, TextField } from '../ui/toolkit.tsx';
import styles from './flag-form.module.css';

interface FlagFormProps {
  readonly rolloutId: string;
  readonly span: AnnotationInput['span'];
  readonly quote: string;
  /** Why nothing can be saved now; null when it can. */
  readonly refused: string | null;
  readonly onSave: (annotation: AnnotationInput) => Promise<boolean>;
  readonly onLeave: () => void;
}

const verdictKeys: Readonly<Record<string, Verdict>> = { k: 'keep', f: 'fix', d: 'drop' };

export function FlagForm({ rolloutId, span, quote, refused, onSave, onLeave }: FlagFormProps) {
  const form = useRef<HTMLDivElement>(null);
  const note = useRef<HTMLElement>(null);
  const [category, setCategory] = useState<FlagCategory | null>(null);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [text, setText] = useState('');
  const [saving, setSaving] = useState(false);
  /** It was to be saved: what is in the way is said. */
  const [wanted, setWanted] = useState(false);
  const missing = refused ?? (category === null ? `choose what is wrong first (1 to ${flagCategories.length})` : null);
  useEffect(() => {
    form.current?.focus({ preventScroll: true });
    form.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const save = async () => {
    setWanted(true);
    if (!category || saving || refused) return;
    setSaving(true);
    if (!(await onSave({ rolloutId, span, category, verdict, note: text.trim() }))) setSaving(false);
  };
  const onKey = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      onLeave();
      return;
    }
    const inNote = event.composedPath().includes(note.current as EventTarget);
    if (event.key === 'Enter' && (inNote || event.target === form.current)) {
      event.preventDefault();
      void save();
      return;
    }
    if (inNote || event.ctrlKey || event.metaKey || event.altKey) return;
    const picked = flagCategories[Number(event.key) - 1];
    const said = verdictKeys[event.key.toLowerCase()];
    if (picked) setCategory(picked);
    else if (said) setVerdict(verdict === said ? null : said);
    else if (event.key === 'n') note.current?.focus();
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted; it takes the keys of its parts
    <div ref={form} class={styles.form} role="form" aria-label="Flag" tabIndex={-1} onKeyDown={onKey}>
      <p class={styles.quoting}>
        Flag {span ? <span class={`${styles.quote} model-text`}>{shownLine(quote, 160)}</span> : 'the whole answer'}
      </p>
      <div class={styles.categories} role="radiogroup" aria-label="What is wrong">
        {flagCategories.map((name, index) => (
          // biome-ignore lint/a11y/useSemanticElements: radio buttons drawn as rows with their keys
          <button
            key={name}
            type="button"
            role="radio"
            aria-checked={category === name}
            onClick={() => setCategory(name)}
          >
            <kbd>{index + 1}</kbd> {name}
          </button>
        ))}
      </div>
      <div class={styles.verdict}>
        <Segments label="Verdict on the whole answer">
          {verdicts.options.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={verdict === name}
              onClick={() => setVerdict(verdict === name ? null : name)}
            >
              {name} <kbd>{name.charAt(0)}</kbd>
            </button>
          ))}
        </Segments>
        <TextField
          class={styles.note}
          fieldRef={note}
          label="Note"
          placeholder="note (n)"
          value={text}
          onInput={setText}
        />
        <Button primary disabled={saving || missing !== null} title={missing ?? 'Enter'} onPress={() => void save()}>
          Save
        </Button>
        <Button onPress={onLeave}>Leave it</Button>
        {wanted && missing !== null && <span role="alert">Not saved: {missing}.</span>}
        <span class="dim far">{span ? count(lengthInCodePoints(quote), 'character') : ''}</span>
      </div>
    </div>
  );
}
