/** A breakpoint as it is typed, a new one or one that is there: condition, safe point, whether it pauses; what is wrong stands under it. */
import { useState } from 'preact/hooks';
import type { Breakpoint } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { conditionRefusal } from '../../trainer/protocol/breakpoints/changed-list.ts';
import type { BreakpointChange } from '../../trainer/protocol/breakpoints/changes.ts';
import { inferredPoint, pointFault } from '../../trainer/protocol/breakpoints/condition.ts';
import { parseCondition } from '../../trainer/protocol/breakpoints/parse-condition.ts';
import { type RunSummary, type SafePoint, safePoint } from '../../trainer/protocol/run-state.ts';
import { Button, Checkbox, Dropdown } from '../ui/toolkit.tsx';
import styles from './breakpoint-form.module.css';
import { ConditionField } from './condition-field.tsx';

interface BreakpointFormProps {
  readonly run: RunSummary;
  /** The one that is changed; null for a new one. */
  readonly held: Breakpoint | null;
  readonly onChange: (change: BreakpointChange) => void;
  readonly onLeave: () => void;
}

/** In the list of safe points: the one that follows from the condition. */
const inferred = 'inferred';

export function BreakpointForm({ run, held, onChange, onLeave }: BreakpointFormProps) {
  const [line, setLine] = useState(held?.condition ?? '');
  const [chosen, setChosen] = useState<SafePoint | null>(held?.at ?? null);
  const [logOnly, setLogOnly] = useState(held?.logOnly ?? false);
  const parsed = parseCondition(line);
  const { expression, faults } = parsed;
  const meant = expression && inferredPoint(expression, run.method);
  const points = safePoint.options.filter((point) => expression && pointFault(expression, point, run.method) === null);
  /* One that was chosen for another condition may not do for this one. */
  const at = chosen !== null && points.includes(chosen) ? chosen : null;
  const change: BreakpointChange = {
    ...(held ? { do: 'edit', number: held.number } : { do: 'add' }),
    ...{ condition: line, logOnly },
    ...((at ?? meant) !== null && { at: at ?? (meant as SafePoint) }),
  };
  const fault = line.trim() === '' ? null : (faults[0]?.message ?? conditionRefusal(change, run));
  const suggestion = faults[0]?.suggestion ?? null;
  const done = () => {
    if (expression === null || fault !== null) return;
    onChange(change);
    onLeave();
  };
  const mend = () => {
    const [first] = faults;
    if (first && suggestion !== null) setLine(line.slice(0, first.start) + suggestion + line.slice(first.end));
  };
  return (
    <div class={styles.form}>
      <ConditionField
        {...{ line, parsed, onLeave }}
        label={held ? `Condition of breakpoint ${held.number}` : 'Condition of the new breakpoint'}
        onLine={setLine}
        onDone={done}
      />
      <p id="condition-fault" class={styles.fault} aria-live="polite">
        {fault}{' '}
        {fault !== null && suggestion !== null && suggestion !== '' && (
          <button type="button" class="link" onClick={mend}>
            Write {suggestion}
          </button>
        )}
      </p>
      <div class={styles.choices}>
        <Dropdown
          class={styles.point}
          label="Safe point at which it is asked"
          value={at ?? inferred}
          choices={[
            { value: inferred, label: meant === null ? 'where it follows' : `${meant}, as follows` },
            ...points.map((point) => ({ value: point, label: point })),
          ]}
          onChoose={(value) => setChosen(value === inferred ? null : (value as SafePoint))}
        />
        <Checkbox checked={logOnly} title="A hit is written down, and the run goes on" onChange={setLogOnly}>
          log only
        </Checkbox>
        <span class="grow" />
        <Button onPress={onLeave}>Cancel</Button>
        <Button primary disabled={expression === null || fault !== null} onPress={done}>
          {held ? 'Change' : 'Add'}
        </Button>
      </div>
    </div>
  );
}
