/** What a run warned of beside its learning, which has a notice of its own: the newest in sight, the rest on request. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { clock, count } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './warning-list.module.css';

const inSight = 3;
const mostShown = 200;

export function WarningList({ warnings }: Pick<RunView, 'warnings'>) {
  const [open, setOpen] = useState(false);
  if (warnings.length === 0) return null;
  const shown = warnings.slice(open ? -mostShown : -inSight).toReversed();
  const isCut = warnings.length > inSight;
  return (
    <section aria-label="Warnings">
      <Section
        title="Warnings"
        meta={
          shown.length < warnings.length ? `the newest ${shown.length} of ${warnings.length}` : String(warnings.length)
        }
        tools={
          isCut && (
            <Tool
              text={open ? 'Hide' : 'Show'}
              icon={open ? 'up' : 'down'}
              label={open ? 'Hide earlier warnings' : `Show ${count(Math.min(mostShown, warnings.length), 'warning')}`}
              onPress={() => setOpen(!open)}
            />
          )
        }
      />
      <ul class={styles.list}>
        {shown.map(({ seq, at, message }) => (
          <li key={seq}>
            <span class="dim">{clock(at)}</span> <span class="model-text">{shownLine(message)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
