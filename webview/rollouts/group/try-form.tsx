/** What an update can be tried with: without the answer that is read, or with another value of a parameter. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { parameters } from '../../../trainer/protocol/parameters.ts';
import type { TriedName, TriedParameters } from '../../../trainer/protocol/receipts.ts';
import type { Rollout } from '../../../trainer/protocol/records.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { plain } from '../../ui/numbers.ts';
import styles from './try-form.module.css';

/** Those with a number that people turn; the others follow from scores, and what-if shows what they do. */
const offered = [
  'learningRate',
  'beta',
  'clipLow',
  'clipHigh',
  'weightDecay',
  'gradClipNorm',
  'updatesPerSampling',
] as const satisfies readonly TriedName[];
type Offered = (typeof offered)[number];

interface TryFormProps {
  readonly run: Pick<RunSummary, 'parameters'>;
  readonly rollout: Rollout | null;
  /** Why nothing can be tried now; null when it can. */
  readonly refused: string | null;
  readonly isUnderWay: boolean;
  /** Whether the reason is written here: not where it stands above already. */
  readonly isSaid: boolean;
  readonly onTry: (words: string, masked: readonly string[], parameters: TriedParameters) => void;
}

export function TryForm({ run, rollout, refused, isUnderWay, isSaid, onTry }: TryFormProps) {
  const [name, setName] = useState<Offered>('learningRate');
  const [draft, setDraft] = useState<string | null>(null);
  const present = run.parameters[name];
  const text = draft ?? String(present);
  const value = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
  const isInvalid = !parameters[name].schema.safeParse(value).success;
  const { label } = parameters[name];
  const blocked = refused ?? (isUnderWay ? 'an update is being tried' : null);
  const noAnswer =
    rollout === null || rollout.order === 'shuffled'
      ? 'Choose one of the ordered answers: they are what is trained on.'
      : null;
  const noValue = isInvalid ? `${shownLine(text, 20)} is no value of ${label}.` : null;
  const tryValue = () => onTry(`with ${label} ${plain(value)}`, [], { [name]: value });
  const button = (words: string, why: string | null, act: () => void) => (
    <button
      type="button"
      class="link"
      aria-disabled={(blocked ?? why) === null ? undefined : 'true'}
      title={blocked ?? why ?? 'The weights are put back afterwards'}
      onClick={() => {
        if ((blocked ?? why) === null) act();
      }}
    >
      {words}
    </button>
  );
  return (
    <div class={styles.form} data-part="try">
      <span>
        Try an update{' '}
        {button(rollout === null ? 'without an answer' : `without answer ${rollout.index + 1}`, noAnswer, () => {
          if (rollout) onTry(`without answer ${rollout.index + 1}`, [rollout.id], {});
        })}
        , or with another value:
      </span>
      <span class={styles.line}>
        <select
          aria-label="Parameter to try"
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value as Offered);
            setDraft(null);
          }}
        >
          {offered.map((one) => (
            <option key={one} value={one}>
              {parameters[one].label}
            </option>
          ))}
        </select>
        <input
          type="text"
          inputMode="decimal"
          class={styles.field}
          aria-label={`${label} to try`}
          aria-invalid={isInvalid}
          title={`${parameters[name].help} The run has ${plain(present)}.`}
          value={text}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && blocked === null && !isInvalid) tryValue();
          }}
        />
        {button('try this value', noValue, tryValue)}
      </span>
      {refused !== null && isSaid && <span class="dim">{shownLine(refused, 300)}</span>}
    </div>
  );
}
