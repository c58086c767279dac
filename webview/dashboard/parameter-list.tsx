/** Every parameter of the run, live ones first, with the learning rate drawn ahead where its schedule is set. */
import { useState } from 'preact/hooks';
import { refusal } from '../../trainer/protocol/commands.ts';
import { scheduleParameters } from '../../trainer/protocol/learning-rate.ts';
import { type ParameterName, parameters, parametersOf } from '../../trainer/protocol/parameters.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { Tool } from '../ui/tool.tsx';
import type { TypedParameter } from './parameter-field.tsx';
import { parameterHistory, valuesToCome } from './parameter-history.ts';
import { readForRun, withoutEffect } from './parameter-input.ts';
import styles from './parameter-list.module.css';
import { ParameterRow } from './parameter-row.tsx';
import { ScheduleChart } from './schedule-chart.tsx';

interface ParameterListProps {
  readonly feed: RunFeed;
  readonly view: RunView;
  /** All runs of the trainer. */
  readonly runs: readonly RunSummary[];
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
}

const isOfSchedule = (name: ParameterName) => (scheduleParameters as readonly ParameterName[]).includes(name);

export function ParameterList({ feed, view, runs, noTrainer }: ParameterListProps) {
  const [changedOnly, setChangedOnly] = useState(false);
  const [typed, setTyped] = useState<Readonly<Partial<Record<ParameterName, TypedParameter>>>>({});
  const { run, commands } = view;
  const names = parametersOf(run.method);
  const differs = (name: ParameterName) => run.parameters[name] !== run.presetParameters[name];
  const changed = names.filter(differs).length;
  const shown = names.filter((name) => !changedOnly || differs(name));
  const order = [
    ...shown.filter((name) => parameters[name].changes === 'live'),
    ...shown.filter((name) => parameters[name].changes !== 'live'),
  ];
  const toCome = valuesToCome(run, commands);
  const tried = Object.fromEntries(
    scheduleParameters.flatMap((name) => {
      const read = typed[name]?.read;
      return read && 'value' in read ? [[name, read.value]] : [];
    }),
  );
  /* Under the first parameters of the schedule, which stand together. */
  const chartAfter = order.filter((name) => isOfSchedule(name) && name !== 'steps').at(-1);
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
          {order.map((name) => [
            <ParameterRow
              key={name}
              name={name}
              value={run.parameters[name]}
              preset={run.presetParameters[name]}
              command={commands.find(({ request }) => request.kind === 'set' && request.parameter === name) ?? null}
              history={parameterHistory(name, run, commands)}
              refused={
                noTrainer ??
                withoutEffect(name, run.engine) ??
                refusal({ kind: 'set', parameter: name, value: run.parameters[name] }, run, runs)
              }
              typed={typed[name] ?? null}
              read={(text) => readForRun(name, text, run, toCome)}
              onType={(now) =>
                setTyped((all) => {
                  const { [name]: before, ...others } = all;
                  if (now === null) return before ? others : all;
                  return { ...others, [name]: now };
                })
              }
              onSet={(value) => feed.command({ kind: 'set', parameter: name, value })}
            />,
            name === chartAfter && (
              <tr key="schedule">
                <td colSpan={5}>
                  <ScheduleChart
                    metrics={view.metrics}
                    step={run.step}
                    present={toCome}
                    typed={Object.keys(tried).length > 0 ? { ...toCome, ...tried } : null}
                  />
                </td>
              </tr>
            ),
          ])}
        </tbody>
      </table>
    </section>
  );
}
