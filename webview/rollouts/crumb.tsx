/** Where one is among the rollouts: the way to the dashboard, the step and the answer that is read. */
import { Icon } from '../ui/icons.tsx';
import { Tool } from '../ui/tool.tsx';
import styles from './crumb.module.css';
import type { Read } from './reading.ts';

interface CrumbProps {
  /** Null until there is an answer. */
  readonly read: Read | null;
  readonly onDashboard: () => void;
}

export function Crumb({ read, onDashboard }: CrumbProps) {
  return (
    <>
      <Tool
        icon="dashboard"
        text={<span class="far">Dashboard</span>}
        label="Dashboard of this run (d)"
        onPress={onDashboard}
      />
      {read && (
        <>
          <span class="far">
            step <b class={styles.here}>{read.group.step}</b>
          </span>
          <Icon name="chevron" class={`${styles.chevron} far`} />
          <span>
            <b class={styles.here}>
              {read.rollout.order} {read.rollout.index + 1}
            </b>
          </span>
        </>
      )}
    </>
  );
}
