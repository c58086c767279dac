/** Every parameter of the run: live ones are fields, the rest plain. A change waits for its safe point and says so. */
import { useEffect, useState } from 'preact/hooks';
import { type CommandRecord, refusal } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import {
  type ParameterName,
  type ParameterValue,
  parameters,
  parametersOf,
} from '../../trainer/protocol/parameters.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { changeWords, placeWords } from '../run/command-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { plain } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import { Checkbox, Dropdown, TextField } from '../ui/toolkit.tsx';
import { formOf, readParameter, withoutEffect } from './parameter-input.ts';
import styles from './parameter-list.module.css';

interface ParameterListProps {
  readonly feed: RunFeed;
  readonly view: RunView;
  /** All runs of the trainer. */
  readonly runs: readonly RunSummary[];
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
}

export function ParameterList({ feed, view, runs, noTrainer }: ParameterListProps) {
  const [changedOnly, setChangedOnly] = useState(false);
  const { run, commands } = view;
  const names = parametersOf(run.method);
  const differs = (name: ParameterName) => run.parameters[name] !== run.presetParameters[name];
  const changed = names.filter(differs).length;
  const shown = names.filter((name) => !changedOnly || differs(name));
  const order = [
    ...shown.filter((name) => parameters[name].changes === 'live'),
    ...shown.filter((name) => parameters[name].changes !== 'live'),
  ];
  return (
    <section class={styles.list} aria-label="Parameters">
      <Section
        title="Parameters"
        meta={`preset ${run.preset}, ${changed} changed`}
        tools={
          <Tool
            icon="changed"
            label="Show only what differs from the preset"
            pressed={changedOnly}
            onPress={() => setChangedOnly(!changedOnly)}
          />
        }
      />
      <table class={styles.table}>
        <colgroup>
          <col class={styles.name} />
          <col class={styles.value} />
          <col class={styles.preset} />
          <col class={styles.changes} />
          <col class="far" />
        </colgroup>
        <thead>
          <tr>
            <th>name</th>
            <th class="num">value</th>
            <th class="num">preset</th>
            <th>changes</th>
            <th class="far">last change</th>
          </tr>
        </thead>
        <tbody>
          {order.map((name) => (
            <ParameterRow
              key={name}
              name={name}
              value={run.parameters[name]}
              preset={run.presetParameters[name]}
              command={commands.find(({ request }) => request.kind === 'set' && request.parameter === name) ?? null}
              refused={
                noTrainer ??
                withoutEffect(name, run.engine) ??
                refusal({ kind: 'set', parameter: name, value: run.parameters[name] }, run, runs)
              }
              onSet={(value) => feed.command({ kind: 'set', parameter: name, value })}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface ParameterRowProps {
  readonly name: ParameterName;
  readonly value: ParameterValue;
  readonly preset: ParameterValue;
  /** The newest command that sets it. */
  readonly command: CommandRecord | null;
  readonly refused: string | null;
  readonly onSet: (value: ParameterValue) => Promise<unknown>;
}

function ParameterRow({ name, value, preset, command, refused, onSet }: ParameterRowProps) {
  const info = parameters[name];
  const live = info.changes === 'live';
  const label =
    'symbol' in info && info.symbol && !info.label.includes(info.symbol) ? `${info.label} ${info.symbol}` : info.label;
  const help = `${info.help}${'unit' in info && info.unit ? ` In ${info.unit}.` : ''}`;
  return (
    <tr class={value === preset ? undefined : styles.changed}>
      <td title={help}>
        {label}
        {value !== preset && <span class="sr-only"> differs from the preset</span>}
      </td>
      <td class={`num ${styles.field}`}>
        {live ? (
          <ParameterField
            name={name}
            label={label}
            help={refused ? `${help} Can't be changed now: ${refused}.` : help}
            value={value}
            refused={refused}
            onSet={onSet}
          />
        ) : (
          plain(value)
        )}
      </td>
      <td class="num dim">{plain(preset)}</td>
      <td class={live ? '' : 'dim'}>{info.changes}</td>
      <td class="dim far" title={lastChange(command)}>
        {lastChange(command)}
      </td>
    </tr>
  );
}

function lastChange(command: CommandRecord | null): string {
  if (command?.request.kind !== 'set') return '–';
  const wanted = changeWords(command);
  switch (command.state) {
    case 'requested':
      return `${wanted} asked for`;
    case 'scheduled':
      return `${wanted} ${placeWords(command)}`;
    case 'applied':
      return `${command.at?.step ?? '–'}: ${wanted}`;
    case 'rejected':
    case 'failed':
      return `${command.state}: ${shownLine(command.why)}`;
  }
}

interface ParameterFieldProps {
  readonly name: ParameterName;
  readonly label: string;
  readonly help: string;
  readonly value: ParameterValue;
  readonly refused: string | null;
  readonly onSet: (value: ParameterValue) => Promise<unknown>;
}

function ParameterField({ name, label, help, value, refused, onSet }: ParameterFieldProps) {
  const form = formOf(name);
  const [typed, setTyped] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    setTyped(null);
    setFault(null);
  }, [value]);
  const disabled = refused !== null;
  if (form.kind === 'switch') {
    return (
      <Checkbox
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
  const put = () => {
    if (typed === null) return;
    const read = readParameter(name, typed);
    if ('fault' in read) {
      setFault(read.fault);
      return;
    }
    setTyped(null);
    setFault(null);
    if (read.value !== value) void onSet(read.value);
  };
  return (
    <TextField
      class={`${styles.number} ${fault ? styles.invalid : ''}`}
      label={label}
      title={fault ?? `${help} Enter applies it at the next safe point.`}
      invalid={fault !== null}
      disabled={disabled}
      value={typed ?? plain(value)}
      onInput={(text) => {
        setTyped(text);
        setFault(null);
      }}
      onKey={(event) => {
        if (event.key === 'Enter') put();
        if (event.key === 'Escape') {
          setTyped(null);
          setFault(null);
        }
      }}
      onBlur={() => {
        if (fault) return;
        setTyped(null);
      }}
    />
  );
}
