/** List, group and rollout beside each other, or as many of them as the page's width has room for, and the keys that act on them. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ChangedScore } from '../../trainer/protocol/evidence.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { selectedSpan, selectSpan } from '../rollout/completion-text.tsx';
import { WeighMany } from '../rollout/evidence/weigh-many.tsx';
import { GroupChips } from '../rollout/group-chips.tsx';
import { entropyRefusal } from '../rollout/shades.ts';
import { noTrainer } from '../run/run-words.ts';
import { signAs } from '../run/sign-as.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { keyMap } from '../ui/key-table.ts';
import { actsByItself, useKeys } from '../ui/keys.ts';
import { Pane } from '../ui/pane.tsx';
import { say } from '../ui/said.tsx';
import { Sash } from '../ui/sash.tsx';
import { Store, useStore } from '../ui/store.ts';
import { useLow, useNarrow } from '../ui/use-narrow.ts';
import { usePageWidth } from '../ui/use-page-width.ts';
import { ExportMenu } from './export-menu.tsx';
import { useFocus } from './focus.ts';
import { GroupView } from './group/group-view.tsx';
import { type AskedOfUpdate, isAhead, OpenGroup } from './group/open-group.tsx';
import { UpdateView } from './group/update-view.tsx';
import type { WhatIfChanges } from './group/what-if.ts';
import { listHiddenTo, lowPage, PaneWidths } from './layout.ts';
import type { ChoiceStore } from './list/list-choices.ts';
import type { RolloutFeed } from './list/rollout-feed.ts';
import { RolloutList } from './list/rollout-list.tsx';
import { stopReading } from './list/stop-reading.ts';
import { paneMoves } from './pane-moves.ts';
import { PaneTabs } from './pane-tabs.tsx';
import styles from './panes.module.css';
import { linkOfRollout } from './place-link.ts';
import type { Read, Reading, Pane as ReadingPane, TextDocument } from './reading.ts';
import { RolloutView, rolloutTextId } from './rollout-view.tsx';
import { type RolloutsAction, rolloutsKeys } from './rollouts-keys.ts';
import { Unread } from './unread.tsx';
import { useLayout } from './use-reading.ts';

interface PanesProps {
  readonly feed: RunFeed;
  readonly host: Host;
  readonly onDashboard: () => void;
  /** To the question asked again. */
  readonly onAsk: () => void;
  /** To the question through training. */
  readonly onAcross: (read: Read) => void;
  /** To the same question in another run. */
  readonly onCompare: (read: Read) => void;
  /** To judge what the filter keeps, one after the other. */
  readonly onReview: (line: string) => void;
  readonly onOpenDocument: (document: TextDocument) => void;
  readonly list: RolloutFeed;
  readonly choices: ChoiceStore;
  readonly reading: Reading;
  readonly read: Read | null;
  readonly help: boolean;
  readonly onHelp: (help: boolean) => void;
}

const widths = new PaneWidths(localStorage);

const isOfPair = ({ intervention }: ChangedScore): boolean => intervention.kind === 'pair';

export function Panes(props: PanesProps) {
  const { feed, host, list, choices, reading, read, onDashboard, onAcross, onCompare } = props;
  const view = useStore(feed.state, (state) => state.view);
  const refused = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const pane = useStore(reading.state, (state) => state.pane);
  const listShown = useStore(reading.state, (state) => state.listShown);
  const bothStrips = useStore(reading.state, (state) => state.bothStrips);
  const rolloutId = useStore(reading.place, (place) => place.rolloutId);
  const rows = useStore(list.state, (state) => state);
  const matching = useStore(list.counts.state, (counts) => counts.matching);
  const outside = useStore(reading.state, (state) => state.outside);
  const unread = useStore(reading.state, (state) => state.unread);
  useEffect(() => {
    if (refused === null && reading.state.get().unread !== null) reading.readAgain();
  }, [refused, reading]);
  useStore(widths.state, (held) => held);
  const layout = useLayout();
  const pageWidth = usePageWidth();
  const overlaid = useNarrow(listHiddenTo) && layout === 'editor';
  const low = useLow(lowPage);
  const isListShown = layout === 'narrow' ? pane === 'list' : (listShown ?? !overlaid);
  const isGroupInPlace = layout === 'editor' && pane === 'group';
  const hasBars = useStore(reading.evidence.state, ({ weighing }) => weighing?.changes.some(isOfPair) ?? false);
  const both = bothStrips ?? (layout === 'wide' && !hasBars);
  const focusOn = useFocus();
  /** Where one was when what-if was asked for. */
  const beforeWhatIf = useRef<{ readonly pane: ReadingPane; readonly element: Element | null } | null>(null);
  const whatIf = useMemo(() => new Store<WhatIfChanges>({}), [feed]);
  const askedOfUpdate = useMemo(() => new Store<AskedOfUpdate | null>(null), [feed]);
  const askOfUpdate = (asked: AskedOfUpdate) => {
    if (!read || !isAhead(view.run, read.group))
      return say(
        `Its update is not open: it can’t be ${asked === 'mask' ? 'left out of it' : 'scored anew'} any more.`,
      );
    if (layout !== 'wide') reading.show('group');
    askedOfUpdate.set(asked);
  };
  /* On a page with one pane, whoever was led to an open update finds it there. */
  const isOpen = read !== null && isAhead(view.run, read.group);
  useEffect(() => {
    if (layout === 'narrow' && isOpen && reading.wasPut) reading.show('group');
  }, [reading, read?.group.id, isOpen]);

  const flag = () => {
    const text = document.getElementById(rolloutTextId);
    reading.flag(text ? selectedSpan(text) : null);
    window.getSelection()?.removeAllRanges();
  };
  const copyLink = () => {
    if (!read) return;
    const link = linkOfRollout(feed, read.rollout, reading.place.get(), document.getElementById(rolloutTextId));
    copyLinkOf(host, link).catch((thrown: unknown) => feed.fail(thrown));
  };
  const exportFlags = () => {
    feed.request('annotations/export', {}).then(
      ({ jsonl }) => host.saveFile(`${view.run.id}-flags.jsonl`, jsonl),
      (thrown: unknown) => feed.fail(thrown),
    );
  };
  const { show, toggleList, choose, leave } = paneMoves({
    ...{ reading, layout, overlaid, isListShown, isGroupInPlace, focusOn },
    closeHelp: props.help ? () => props.onHelp(false) : null,
    stopList: () => stopReading(list, choices),
  });
  const leaveWhatIf = () => {
    const before = beforeWhatIf.current;
    beforeWhatIf.current = null;
    if (before && layout !== 'wide' && before.pane !== 'group') return show(before.pane);
    const element = before?.element;
    if (element instanceof HTMLElement && element !== document.body && element.isConnected) element.focus();
    else focusOn('group');
  };
  const openList = () => (layout === 'narrow' ? reading.show('list') : reading.showList(true));
  const handlers: Readonly<Record<RolloutsAction, (event: KeyboardEvent) => unknown>> = {
    nextRow: () => reading.move(1),
    previousRow: () => reading.move(-1),
    nextQuestion: () => reading.moveQuestion(1),
    previousQuestion: () => reading.moveQuestion(-1),
    group: () => show('group'),
    whatIf: () => {
      const element = document.activeElement;
      /* Beside the list stands what is read: the list is where one was only with the focus in it. */
      const isReading = layout !== 'narrow' && pane === 'list' && !element?.closest('[data-pane=list]');
      beforeWhatIf.current = { pane: isReading ? 'rollout' : pane, element };
      show('group');
      focusOn('whatIf');
    },
    rollout: (event) => (actsByItself(event) ? false : show('rollout')),
    list: toggleList,
    newest: () => reading.moveToNewest(),
    filter: () => {
      openList();
      focusOn('filter');
    },
    previousFrame: () => reading.moveFrame(-1),
    nextFrame: () => reading.moveFrame(1),
    strips: () => reading.showStrips(!both),
    flip: () => reading.toggleFlip(),
    nextAha: () => reading.moveAha(1),
    lastAha: () => reading.moveAha(-1),
    nextHit: () => reading.moveHit(1),
    lastHit: () => reading.moveHit(-1),
    nextShade: () => reading.moveShade(1, entropyRefusal(view.run)),
    lastShade: () => reading.moveShade(-1, entropyRefusal(view.run)),
    weigh: () => void reading.evidence.weigh(),
    nextWord: () => reading.moveWord(1),
    lastWord: () => reading.moveWord(-1),
    nextToken: () => reading.moveToken(1),
    previousToken: () => reading.moveToken(-1),
    exact: () => reading.showExact(!reading.state.get().exact),
    ask: () => read && props.onAsk(),
    across: () => read && onAcross(read),
    compare: () => read && onCompare(read),
    flag,
    review: () => props.onReview(list.state.get().line),
    mask: () => askOfUpdate('mask'),
    rescore: () => askOfUpdate('score'),
    accept: () => void reading.suggesting.answer(true),
    dismiss: () => void reading.suggesting.answer(false),
    undoFlag: () => void reading.undoFlag(),
    copyLink,
    dashboard: onDashboard,
    help: () => props.onHelp(!props.help),
    leave,
  };
  useKeys(keyMap<RolloutsAction>(rolloutsKeys, handlers));

  const selection = useStore(reading.place, (place) => place.selection ?? null);
  useEffect(() => {
    const text = document.getElementById(rolloutTextId);
    if (text && selection !== null && selection.rolloutId === read?.rollout.id) selectSpan(text, selection.span);
  }, [selection, read?.rollout.id]);

  const index = rolloutId === null ? -1 : rows.rows.indexOf(rolloutId);
  const { annotations } = view;
  const { lengthMin, lengthMax, correctThreshold } = view.run.parameters;
  const group = read && (
    <GroupView
      group={read.group}
      parameters={view.run.parameters}
      commands={view.commands}
      whatIf={whatIf}
      selectedId={rolloutId}
      flaggedIds={new Set(annotations.filter(({ category }) => category !== null).map((flagged) => flagged.rolloutId))}
      lengthWindow={view.run.method === 'sft' ? null : [lengthMin, lengthMax]}
      onLeaveWhatIf={leaveWhatIf}
      onSelect={(chosen) => choose(read.group.id, chosen)}
      onMove={(by) => reading.moveQuestion(by)}
      open={
        <OpenGroup
          key={read.group.id}
          {...{ feed, refused }}
          asked={askedOfUpdate}
          run={view.run}
          group={read.group}
          rollout={read.group.rollouts.find(({ id }) => id === rolloutId) ?? null}
        />
      }
      update={
        <UpdateView
          {...{ feed, refused }}
          run={view.run}
          group={read.group}
          rollout={read.group.rollouts.find(({ id }) => id === rolloutId) ?? null}
        />
      }
      weighing={
        read.group.rollouts.some(({ order, orderWorth }) => order === 'ordered' && !orderWorth) && (
          <p class={styles.weighing}>
            <WeighMany
              feed={feed}
              of={{ groupId: read.group.id }}
              refused={refused}
              label="Weigh the ordered answers"
            />
          </p>
        )
      }
    />
  );
  const sash = (name: 'list' | 'group') => (
    <Sash
      label={`Width of the ${name}`}
      {...widths.of(layout, name, pageWidth)}
      onMove={(width) => widths.set(layout, name, width)}
    />
  );
  return (
    <>
      <nav aria-label="Panes of this page">
        <PaneTabs pane={pane} onShow={(wanted) => reading.show(wanted)} />
      </nav>
      <main
        class={styles.panes}
        data-shown={pane}
        data-list={layout === 'narrow' || (isListShown && !overlaid) ? 'shown' : isListShown ? 'over' : 'hidden'}
        style={{
          '--list-width': `${widths.of(layout, 'list', pageWidth).value}px`,
          '--group-width': `${widths.of(layout, 'group', pageWidth).value}px`,
        }}
      >
        <RolloutList
          run={feed}
          feed={list}
          moves={reading.moves}
          choices={choices}
          threshold={correctThreshold}
          selectedId={rolloutId}
          onSelect={(row) => choose(row.groupId, row.id)}
          onReview={() => props.onReview(list.state.get().line)}
          onShow={openList}
          onRows={() => focusOn('list')}
          exports={(menu) => (
            <ExportMenu
              {...{ ...menu, feed, host }}
              line={rows.goodLine}
              sort={rows.sort}
              matching={matching}
              onFlags={exportFlags}
            />
          )}
        />
        {layout !== 'narrow' && isListShown && <div class={styles.edge}>{sash('list')}</div>}
        {layout === 'wide' && (group ?? <Pane name="group" label="Group" />)}
        {layout === 'wide' && sash('group')}
        <div class={styles.reading} data-shown={layout !== 'wide' && pane === 'group' ? 'group' : 'rollout'}>
          {layout === 'editor' && read && (
            <GroupChips
              label="Answers of the group"
              group={read.group}
              threshold={correctThreshold}
              selectedId={rolloutId}
              open={isGroupInPlace}
              wanted={isAhead(view.run, read.group) ? 'Open update' : undefined}
              onSelect={(chosen) => reading.select(read.group.id, chosen)}
              onOpen={() => show(isGroupInPlace ? 'rollout' : 'group')}
            />
          )}
          {layout !== 'wide' && pane === 'group' && group}
          {read ? (
            <RolloutView
              {...{ feed, host, reading, read, refused, onAcross, onCompare }}
              onAsk={props.onAsk}
              onOpenDocument={props.onOpenDocument}
              run={view.run}
              annotations={annotations.filter((said) => said.rolloutId === read.rollout.id)}
              listPlace={isListShown ? null : { index: index === -1 ? null : index, matching }}
              filteredOut={outside}
              compact={layout !== 'wide' || low}
              bothStrips={both}
              onFlag={flag}
              onSign={(name) => signAs(feed, host, name)}
              onCopyLink={copyLink}
            />
          ) : (
            <Pane name="rollout" label="Rollout">
              {unread && <Unread {...{ unread, refused }} />}
            </Pane>
          )}
        </div>
      </main>
    </>
  );
}
