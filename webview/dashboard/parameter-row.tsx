/** One parameter: its value and its preset's, what is wrong with what is typed, and, unfolded, its meaning, range and history. */
import { useState } from 'preact/hooks';
import type { CommandRecord } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { describeRange } from '../../trainer/protocol/parameter-range.ts';
import { type ParameterName, type ParameterValue, parameters } from '../../trainer/protocol/parameters.ts';
import { dateWords } from '../../trainer/protocol/run-words.ts';
import { changeWords, placeWords } from '../run/command-words.ts';
import { clock, plain } from '../ui/numbers.ts';
import { ParameterField, type TypedParameter } from './parameter-field.tsx';
import type { ParameterHistory } from './parameter-history.ts';
import type { ReadParameter } from './parameter-input.ts';
import styles from './parameter-row.module.css';

export interface ParameterRowProps {
  readonly name: ParameterName;
  readonly value: ParameterValue;
  readonly preset: ParameterValue;
  /** The newest command that sets it. */
  readonly command: CommandRecord | null;
  readonly history: ParameterHistory;
  readonly refused: string | null;
  readonly typed: TypedParameter | null;
  readonly read: (text: string) => ReadParameter;
  readonly onType: (typed: TypedParameter | null) => void;
  readonly onSet: (value: ParameterValue) => Promise<unknown>;
}

export function ParameterRow(props: ParameterRowProps) {
  const { name, value, preset, command, history, refused, typed } = props;
  const [open, setOpen] = useState(false);
  const info = parameters[name];
  const live = info.changes === 'live';
  const label =
    'symbol' in info && info.symbol && !info.label.includes(info.symbol) ? `${info.label} ${info.symbol}` : info.label;
  const unit = 'unit' in info && info.unit && !info.label.includes(info.unit) ? info.unit : null;
  const help = `${info.help}${'unit' in info && info.unit ? ` In ${info.unit}.` : ''}`;
  const fault = typed && 'fault' in typed.read ? typed.read.fault : null;
  const last = lastChange(command, history, preset);
  return (
    <>
      <tr class={value === preset ? undefined : styles.changed} data-parameter={name}>
        <td title={help}>
          <button type="button" class={`${styles.name} cut`} aria-expanded={open} onClick={() => setOpen(!open)}>
            {label}
            {unit && <span class="dim"> {unit}</span>}
            {value !== preset && <span class="sr-only"> differs from the preset</span>}
          </button>
        </td>
        <td class={`num ${styles.field}`}>
          {live ? (
            <ParameterField
              {...{ name, label, value, refused, typed }}
              help={refused ? `${help} Can't be changed now: ${refused}.` : help}
              commandId={command?.id ?? null}
              read={props.read}
              onType={props.onType}
              onSet={props.onSet}
            />
          ) : (
            plain(value)
          )}
        </td>
        <td class="num dim">{plain(preset)}</td>
        <td class={live ? '' : 'dim'}>{info.changes}</td>
        <td class="dim far" title={last}>
          {last}
        </td>
      </tr>
      {fault && (
        <tr>
          <td colSpan={5} class={styles.fault} role="alert">
            {shownLine(fault)}
          </td>
        </tr>
      )}
      {open && (
        <tr>
          <td colSpan={5} class={styles.details}>
            <p>{info.help}</p>
            <p class="dim">
              Takes a {describeRange(name)}
              {'unit' in info && info.unit ? `, in ${info.unit}` : ''}.{' '}
              {live ? 'Live: a change is taken before the next step.' : 'Restart-only: fixed when the run is created.'}{' '}
              In a run file: <span class="mono">{name}</span>.
            </p>
            <table aria-label={`History of ${info.label}`}>
              <tbody>
                {history.changes.map(({ id, at, step, from, to, by }) => (
                  <tr key={id}>
                    <td class="dim">{dateWords(at)}</td>
                    <td>{step === null ? 'at rest' : `from step ${step}`}</td>
                    <td>
                      {plain(from)} → {plain(to)}
                    </td>
                    <td class="dim">{shownLine(by)}</td>
                  </tr>
                ))}
                <tr>
                  <td class="dim">{dateWords(history.start.at)}</td>
                  <td>at start</td>
                  <td>
                    {plain(history.start.value)}
                    {history.start.value === preset ? ', as the preset' : ''}
                  </td>
                  <td class="dim">{shownLine(history.start.by)}</td>
                </tr>
              </tbody>
            </table>
          </td>
        </tr>
      )}
    </>
  );
}

function lastChange(command: CommandRecord | null, { start }: ParameterHistory, preset: ParameterValue): string {
  if (command?.request.kind !== 'set') return start.value === preset ? '–' : 'at start';
  const wanted = changeWords(command);
  const value = shownLine(plain(command.request.value ?? null));
  switch (command.state) {
    case 'requested':
      return `${value} asked for`;
    case 'scheduled':
      return `${value} ${placeWords(command)}`;
    case 'applied':
      return `${command.at?.step ?? clock(command.endedAt)}: ${wanted}`;
    case 'rejected':
    case 'failed':
      return `${value} ${command.state}: ${shownLine(command.why)}`;
  }
}
