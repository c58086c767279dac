/** The rollout's head: which answer it is, what leads on from it, and what can be done with it. */

import { purposeWords } from '../rollout/group-chips.tsx';
import { PaneHead } from '../ui/heads.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { grouped } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import type { Read } from './reading.ts';
import styles from './rollout-head.module.css';

/** Where the answer stands in the list's result. */
export interface ListPlace {
  /** From 0; null where it is not in what the filter keeps, or not known to be. */
  readonly index: number | null;
  /** Null until it is counted. */
  readonly matching: number | null;
}

interface RolloutHeadProps {
  readonly read: Read;
  /** Null while the list itself says it. */
  readonly listPlace: ListPlace | null;
  /** The list says that the filter leaves it out. */
  readonly filteredOut: boolean;
  readonly exact: boolean;
  readonly onAsk: () => void;
  readonly onAcross: () => void;
  readonly onCompare: () => void;
  readonly onFlag: () => void;
  readonly onCopyLink: () => void;
  readonly onOpenDocument: () => void;
  readonly onExact: () => void;
  readonly more: readonly MenuItem[];
}

export function RolloutHead(props: RolloutHeadProps) {
  const { group, rollout } = props.read;
  const { listPlace } = props;
  const same = group.rollouts.filter(({ order }) => order === rollout.order).length;
  return (
    <PaneHead
      title="Rollout"
      meta={
        <>
          {rollout.order} {rollout.index + 1} of {same}
          {props.filteredOut && <span class={styles.out}>not in the filter</span>}
          <span class="far">
            {props.filteredOut ? ' ' : ', '}
            {purposeWords[group.purpose]} of step {group.step}
          </span>
          {listPlace && listPlace.index !== null && (
            <>
              {' '}
              · row {grouped(listPlace.index + 1)}
              {listPlace.matching !== null && ` of ${grouped(listPlace.matching)}`}
            </>
          )}
        </>
      }
      tools={
        <>
          <Tool text="Ask again" label="Ask again (e)" class="far" onPress={props.onAsk} />
          <Tool text="Across steps" label="Across steps (t)" class="far" onPress={props.onAcross} />
          <Tool text="Compare" label="Compare with another run (r)" class="far" onPress={props.onCompare} />
          <Tool icon="flag" label="Flag (x)" onPress={props.onFlag} />
          <Tool icon="link" label="Copy link (y)" onPress={props.onCopyLink} />
          <Tool
            icon="text"
            label="Exact prompt and completion, with token ids (o)"
            pressed={props.exact}
            onPress={props.onExact}
          />
          <Tool icon="document" label="Open the answer as a document" onPress={props.onOpenDocument} />
          <Menu icon="more" label="More" items={props.more} />
        </>
      }
    />
  );
}
