/** The rollouts of a run: which (list), against what (group), why (rollout). */
import type { ComponentProps } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Ask } from '../ask/ask.tsx';
import { OlderRules } from '../rollout/aha-tier.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import { TopLine } from '../run/top-line.tsx';
import type { Session } from '../state/session.ts';
import { KeyHelp } from '../ui/key-help.tsx';
import { helpRows } from '../ui/key-table.ts';
import { type Store, useStore } from '../ui/store.ts';
import { Crumb } from './crumb.tsx';
import { keepLeft, takeLeft } from './left-page.ts';
import { ChoiceStore } from './list/list-choices.ts';
import { listKeys } from './list/list-keys.ts';
import { RolloutFeed } from './list/rollout-feed.ts';
import { Panes } from './panes.tsx';
import { Reading, type RolloutsPlace } from './reading.ts';
import { rolloutsKeys } from './rollouts-keys.ts';
import { useRead } from './use-reading.ts';

type PassedOn = 'feed' | 'host' | 'onDashboard' | 'onAcross' | 'onCompare' | 'onReview' | 'onOpenDocument';

interface RolloutsProps extends Pick<ComponentProps<typeof Panes>, PassedOn> {
  readonly session: Session;
  readonly place: Store<RolloutsPlace>;
}

export function Rollouts(props: RolloutsProps) {
  const { session, feed, host, place, onDashboard } = props;
  const { list, choices, reading } = useMemo(() => {
    const chosen = new ChoiceStore(localStorage);
    const { line, sort = chosen.state.get().sort } = place.get();
    const left = takeLeft(feed, place);
    if (left) return { ...left, choices: chosen };
    const rows = new RolloutFeed(feed, line, sort);
    return { list: rows, choices: chosen, reading: new Reading(feed, rows, place) };
  }, [feed, place]);
  useEffect(() => feed.need('annotations', 'commands', 'counted'), [feed]);
  useEffect(
    () =>
      feed.watchEvents((events) => {
        if (events.some(({ body }) => body.type === 'analysed')) reading.readAgain();
      }),
    [feed, reading],
  );
  const outdated = useStore(feed.state, ({ view }) => view.counted.outdated);
  useEffect(() => () => keepLeft({ feed, place, list, reading }), [list, reading]);
  const [help, setHelp] = useState(false);
  const read = useRead(reading);
  const ask = useStore(place, (held) => held.ask ?? null);
  const goAsking = (to: number | null) => place.update((held) => ({ ...held, ask: to }));
  if (ask !== null && read)
    return (
      <OlderRules.Provider value={outdated}>
        <Ask key={read.rollout.id} {...{ session, feed, host, ...read }} shown={ask} onBack={() => goAsking(null)} />
      </OlderRules.Provider>
    );
  return (
    <OlderRules.Provider value={outdated}>
      <TopLine
        {...{ session, feed, host }}
        title="Rollouts of"
        help={help && <KeyHelp rows={helpRows([...rolloutsKeys, ...listKeys])} onClose={() => setHelp(false)} />}
        onHelp={() => setHelp(!help)}
      >
        <Crumb {...{ read, onDashboard }} />
      </TopLine>
      <RunNotice {...{ session, feed, host }} />
      <Panes {...props} {...{ list, choices, reading, read, help }} onHelp={setHelp} onAsk={() => goAsking(0)} />
    </OlderRules.Provider>
  );
}
