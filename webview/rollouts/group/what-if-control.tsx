/** One parameter that can be tried: a slider with a field for its number, or the values of a choice; the run's value beside it. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { parameters } from '../../../trainer/protocol/parameters.ts';
import { plain } from '../../ui/numbers.ts';
import { Segments } from '../../ui/segments.tsx';
import type { Flip } from './flips.ts';
import type { WhatIfName } from './what-if.ts';
import styles from './what-if-control.module.css';

type Value = number | boolean | string;

interface WhatIfControlProps {
  readonly name: WhatIfName;
  readonly label: string;
  readonly help: string;
  readonly id?: string | undefined;
  readonly value: Value;
  readonly run: Value;
  /** Why it changes nothing of this group, whatever its value. */
  readonly refused: string | null;
  /** Why one of the values of a choice can't be tried on this group; null where it can. */
  readonly refusedValue: (value: Value) => string | null;
  readonly flip: Flip;
  /** Right end of a slider for lengths, in tokens. */
  readonly mostTokens: number;
  readonly onChange: (value: Value) => void;
  /** Out of its field. */
  readonly onLeave: () => void;
}

interface Scale {
  /** Right end of the slider, unless the run's value or the flip lies beyond it. */
  readonly most: number | 'tokens';
  readonly step: number;
}

/** Sliders begin at 0. */
const scales: Readonly<Partial<Record<WhatIfName, Scale>>> = {
  alpha: { most: 1, step: 0.01 },
  mu: { most: 2, step: 0.01 },
  omega: { most: 1, step: 0.01 },
  correctThreshold: { most: 1, step: 0.01 },
  lengthMin: { most: 'tokens', step: 1 },
  lengthMax: { most: 'tokens', step: 1 },
  formatWeight: { most: 2, step: 0.01 },
  creditWeight: { most: 2, step: 0.01 },
  creditLow: { most: 10, step: 0.1 },
  creditHigh: { most: 10, step: 0.1 },
};

const choices: Readonly<Partial<Record<WhatIfName, readonly (readonly [value: Value, label: string])[]>>> = {
  temporalTest: [
    ['>', '>'],
    ['>=', '≥'],
  ],
  temporalShare: [
    ['correct', 'right'],
    ['accuracy', 'accuracy'],
  ],
  advantageScale: [
    ['none', 'none'],
    ['group', 'group'],
    ['batch', 'batch'],
  ],
  stdDegrees: [
    ['n', 'n'],
    ['n-1', 'n − 1'],
  ],
};

/** A flip this many times beyond the slider's end is written and not drawn. */
const farthest = 4;

export function WhatIfControl(props: WhatIfControlProps) {
  const { name, label, help, value, run, refused, refusedValue, flip } = props;
  const scale = scales[name];
  const values = choices[name];
  const runWords = values?.find(([one]) => one === run)?.[1] ?? plain(run);
  return (
    <div class={`${styles.control} ${value === run ? '' : styles.tried}`} data-what-if={name}>
      <span class={styles.label} title={help}>
        {label}
      </span>
      {scale && typeof value === 'number' && typeof run === 'number' ? (
        <NumberControl {...props} scale={scale} value={value} run={run} />
      ) : (
        <Segments label={label}>
          {values?.map(([one, words]) => (
            <button
              key={words}
              type="button"
              aria-pressed={one === value}
              disabled={refused !== null || refusedValue(one) !== null}
              title={refusedValue(one) ?? undefined}
              onClick={() => props.onChange(one)}
            >
              {words}
            </button>
          ))}
        </Segments>
      )}
      <span class={`${styles.words} dim`}>
        run {runWords}
        <span data-part="flip">; {refused ?? flip.words}</span>
      </span>
    </div>
  );
}

function NumberControl({
  name,
  label,
  help,
  id,
  value,
  run,
  refused,
  flip,
  mostTokens,
  scale,
  onChange,
  onLeave,
}: WhatIfControlProps & { value: number; run: number; scale: Scale }) {
  /** What is typed and is no value yet; null while the field shows the value. */
  const [draft, setDraft] = useState<string | null>(null);
  /** What was no value when the field was left. */
  const [undone, setUndone] = useState<string | null>(null);
  const end = scale.most === 'tokens' ? mostTokens : scale.most;
  const drawn = flip.at !== null && flip.at <= end * farthest ? flip.at : null;
  const most = Math.max(end, run, value, drawn ?? 0);
  const schema = parameters[name].schema;
  const type = (text: string) => {
    const typed = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
    const checked = schema.safeParse(typed);
    setDraft(text);
    setUndone(null);
    if (checked.success) onChange(typed);
  };
  const isInvalid =
    draft !== null && (draft.trim() === '' || !schema.safeParse(Number(draft.trim().replace(',', '.'))).success);
  const refusedText = isInvalid ? draft : undone;
  const place = (at: number) => ({ '--at': most === 0 ? 0 : at / most });
  return (
    <>
      <span class={styles.slider}>
        <input
          type="range"
          aria-label={label}
          title={help}
          min={0}
          max={most}
          step={scale.step}
          value={value}
          disabled={refused !== null}
          onInput={(event) => {
            setDraft(null);
            setUndone(null);
            onChange(Number(event.currentTarget.value));
          }}
        />
        <span class={styles.run} style={place(run)} />
        {drawn !== null && <span class={styles.flip} style={place(drawn)} />}
      </span>
      <input
        class={styles.field}
        id={id}
        type="text"
        inputMode="decimal"
        aria-label={`${label}, a number`}
        aria-invalid={isInvalid}
        title={help}
        value={draft ?? String(value)}
        disabled={refused !== null}
        onInput={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (isInvalid) setUndone(draft);
          setDraft(null);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' && event.key !== 'Enter') return;
          event.preventDefault();
          event.stopPropagation();
          event.currentTarget.blur();
          onLeave();
        }}
      />
      {refusedText !== null && (
        <span class={styles.words} role="alert">
          {refusedText.trim() === '' ? 'Nothing' : shownLine(refusedText, 40)} is no value that a run takes;{' '}
          {plain(value)} stays.
        </span>
      )}
    </>
  );
}
