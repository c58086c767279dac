/** The field in which a live parameter is changed. The value in force stays until the change was applied. */
import { useEffect } from 'preact/hooks';
import type { ParameterName, ParameterValue } from '../../trainer/protocol/parameters.ts';
import { plain } from '../ui/numbers.ts';
import { Checkbox, Dropdown, TextField } from '../ui/toolkit.tsx';
import styles from './parameter-field.module.css';
import { formOf, type ReadParameter } from './parameter-input.ts';

/** What is typed and not sent, and what it would be. */
export interface TypedParameter {
  readonly text: string;
  readonly read: ReadParameter;
}

interface ParameterFieldProps {
  readonly name: ParameterName;
  readonly label: string;
  readonly help: string;
  readonly value: ParameterValue;
  /** Of the newest command that sets it: what was chosen and waits does not stand in the field. */
  readonly commandId: string | null;
  readonly refused: string | null;
  readonly typed: TypedParameter | null;
  readonly read: (text: string) => ReadParameter;
  readonly onType: (typed: TypedParameter | null) => void;
  readonly onSet: (value: ParameterValue) => Promise<unknown>;
}

export function ParameterField(props: ParameterFieldProps) {
  const { name, label, help, value, commandId, refused, typed, read, onType, onSet } = props;
  const form = formOf(name);
  useEffect(() => onType(null), [value]);
  const disabled = refused !== null;
  if (form.kind === 'switch') {
    return (
      <Checkbox
        key={commandId}
        class={styles.switch}
        label={label}
        title={help}
        disabled={disabled}
        checked={value === true}
        onChange={(checked) => void onSet(checked)}
      />
    );
  }
  if (form.kind === 'choice') {
    return (
      <Dropdown
        key={commandId}
        class={styles.choice}
        label={label}
        title={help}
        disabled={disabled}
        value={String(value)}
        choices={form.choices.map((choice) => ({ value: choice, label: choice }))}
        onChoose={(choice) => void onSet(choice as ParameterValue)}
      />
    );
  }
  const fault = typed && 'fault' in typed.read ? typed.read.fault : null;
  const put = () => {
    if (typed === null || 'fault' in typed.read) return;
    onType(null);
    if (typed.read.value !== value) void onSet(typed.read.value);
  };
  return (
    <TextField
      class={`${styles.number} ${fault ? styles.invalid : ''}`}
      label={label}
      title={fault ?? `${help} Enter applies it at the next safe point.`}
      invalid={fault !== null}
      disabled={disabled}
      value={typed?.text ?? plain(value)}
      onInput={(text) => onType({ text, read: read(text) })}
      onKey={(event) => {
        if (event.key === 'Enter') put();
        if (event.key === 'Escape') onType(null);
      }}
      onBlur={() => {
        if (!fault) onType(null);
      }}
    />
  );
}
