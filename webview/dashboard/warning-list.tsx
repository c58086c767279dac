/** What needs a person, with every way on; below it what a run warned of besides: the newest in sight, the rest on request. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { Section } from '../ui/heads.tsx';
import { clock, count } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import { AdvisoryList, type AdvisoryListProps } from './advisory-list.tsx';
import styles from './warning-list.module.css';

/** Of the section, for who leads there. */
export const warningsId = 'warnings';

const inSight = 3;
const mostShown = 200;

export function WarningList(props: Omit<AdvisoryListProps, 'withOver'>) {
  const [open, setOpen] = useState(false);
  const { warnings, told, run } = props.view;
  const standing = run.advisories?.length ?? 0;
  const over = told.filter(({ ended }) => ended !== null).length;
  if (warnings.length + standing + over === 0) return null;
  const shown = warnings.slice(open ? -mostShown : -inSight).toReversed();
  const hidden = Math.min(mostShown, warnings.length) + over;
  const isCut = warnings.length > inSight || over > 0;
  return (
    <section id={warningsId} aria-label="Warnings">
      <Section
        title="Warnings"
        meta={[
          standing > 0 && (standing === 1 ? '1 advisory' : `${standing} advisories`),
          warnings.length > 0 &&
            (shown.length < warnings.length
              ? `the newest ${shown.length} of ${count(warnings.length, 'warning')}`
              : count(warnings.length, 'warning')),
        ]
          .filter(Boolean)
          .join(', ')}
        tools={
          isCut && (
            <Tool
              text={open ? 'Hide' : 'Show'}
              icon={open ? 'up' : 'down'}
              label={open ? 'Hide earlier warnings' : `Show ${count(hidden, 'warning')}`}
              onPress={() => setOpen(!open)}
            />
          )
        }
      />
      <AdvisoryList {...props} withOver={open} />
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
