/** The header line: which run, how it stands, what can be asked of it, how far it is. */

import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { Host, LinkStatus } from '../host.ts';
import { timeLeft } from '../run/progress.ts';
import type { Control, ControlName, PointControl } from '../run/run-controls.ts';
import { RunPicker } from '../run/run-picker.tsx';
import { StateLabel } from '../run/run-state.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import type { IconName } from '../ui/icons.tsx';
import { Menu } from '../ui/menu.tsx';
import { duration, grouped } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { ThemeSwitch } from '../ui/theme-switch.tsx';
import { Tool } from '../ui/tool.tsx';
import styles from './run-header.module.css';

const icons: Readonly<Record<ControlName, IconName>> = {
  start: 'play',
  queue: 'clock',
  dequeue: 'cross',
  resume: 'play',
  pause: 'pause',
  step: 'step',
  stop: 'stop',
  save: 'save',
  evaluate: 'evaluate',
};
const withText: readonly ControlName[] = ['save', 'evaluate'];

interface RunHeaderProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly controls: readonly Control[];
  readonly points: readonly PointControl[];
  readonly host: Host;
  readonly onRollouts: () => void;
  readonly onAcross: () => void;
  readonly onAudits: () => void;
}

export function RunHeader({ session, feed, controls, points, host, onRollouts, onAcross, onAudits }: RunHeaderProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const link = useStore(feed.connection.state, (state) => state.link);
  const debugging = controls.filter(({ name }) => !withText.includes(name));
  const keeping = controls.filter(({ name }) => withText.includes(name));
  const tool = ({ name, label, key, refused, request }: Control) => (
    <Tool
      key={name}
      icon={icons[name]}
      label={`${label} (${key})`}
      {...(withText.includes(name) ? { text: label } : {})}
      class={refused || withText.includes(name) ? undefined : name === 'stop' ? styles.stop : styles.go}
      refused={refused}
      onPress={() => void feed.command(request)}
    />
  );
  return (
    <header class={styles.header}>
      <h1 class="sr-only">Dashboard of {shownLine(run.id)}</h1>
      <RunPicker class={styles.picker} session={session} run={run} />
      <StateLabel run={run} link={link} />
      <div class={styles.controls} role="toolbar" aria-label="Run">
        {debugging.map(tool)}
        <Menu
          icon="more"
          label="Safe points: pause at one, or run to one"
          items={points.map(({ label, refused, request }) => ({
            ...{ label, refused },
            onPress: () => void feed.command(request),
          }))}
        />
        <span class={styles.separator} />
        {keeping.map(tool)}
        <Tool icon="rollouts" text="Rollouts" label="Rollouts of this run (r)" onPress={onRollouts} />
        <Tool icon="steps" text="Questions" label="Questions of this run across steps (t)" onPress={onAcross} />
        <Tool icon="choice" text="Audits" label="Audits of datasets (a)" onPress={onAudits} />
      </div>
      <Progress run={run} link={link} />
      {host.place === 'browser' && <ThemeSwitch class={styles.theme} />}
    </header>
  );
}

function Progress({ run, link }: { run: RunSummary; link: LinkStatus }) {
  const share = run.steps > 0 ? Math.min(1, run.step / run.steps) : 0;
  const left = timeLeft(run, link);
  return (
    <div class={styles.progress} data-part="progress">
      <FormulaLabel name="progress">
        step <b class="strong">{grouped(run.step)}</b> of {grouped(run.steps)}
      </FormulaLabel>
      <FormulaLabel name={left === null || left === 0 ? 'progress' : 'timeLeft'} pointerOnly={!left} class="num dim">
        {left === null ? `${Math.round(share * 100)} % done` : left === 0 ? 'done' : `about ${duration(left)} left`}
      </FormulaLabel>
      <svg role="img" aria-label={`${Math.round(share * 100)} percent`}>
        <rect class={styles.track} width="100%" height="3" />
        <rect class={styles.done} width={`${share * 100}%`} height="3" />
      </svg>
    </div>
  );
}
