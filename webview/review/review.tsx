/** The queue of a run's answers, judged one after the other by keyboard alone. */
import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import { AgreementStrip } from '../rollout/agreement-strip.tsx';
import { blindLabels } from '../rollout/blind-labels.ts';
import { selectedSpan } from '../rollout/completion-text.tsx';
import { BackLine } from '../run/back-line.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import { noTrainer } from '../run/run-words.ts';
import { signAs } from '../run/sign-as.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { type ActionOf, helpRows, type KeyRow, keyMap } from '../ui/key-table.ts';
import { useKeys } from '../ui/keys.ts';
import { count, grouped } from '../ui/numbers.ts';
import { type Store, useStore } from '../ui/store.ts';
import { Tabs } from '../ui/tabs.tsx';
import { Button } from '../ui/toolkit.tsx';
import { useNarrow } from '../ui/use-narrow.ts';
import { DealForm } from './deal-form.tsx';
import { ItemView, reviewTextId } from './item-view.tsx';
import type { ReviewPlace } from './place.ts';
import { QueueList } from './queue-list.tsx';
import styles from './review.module.css';
import { Review } from './review-model.ts';
import { VerdictPane } from './verdict-pane.tsx';

interface ReviewPageProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly place: Store<ReviewPlace>;
  readonly back: string;
  readonly onBack: () => void;
  readonly onOpen: (groupId: string, rolloutId: string) => void;
}

/** The widest page, in CSS pixels, that shows one pane at a time. */
const narrowest = 760;

const reviewKeys = [
  { meaning: 'next and previous item', keys: { j: 'next', k: 'previous', ArrowDown: 'next', ArrowUp: 'previous' } },
  { meaning: 'verdict: keep, fix, drop', keys: { K: 'keep', F: 'fix', D: 'drop' } },
  { meaning: 'fix, and write how it should be', keys: { F2: 'write' } },
  { meaning: 'done, and the next item', keys: { Enter: 'done' } },
  { meaning: 'skip the item', keys: { n: 'skip' } },
  { meaning: 'flag the selected passage, or the whole answer', keys: { x: 'flag' } },
  { meaning: 'flag from the first sentence on', keys: { v: 'sentence' } },
  { meaning: 'accept, dismiss what is suggested', keys: { Y: 'accept', X: 'dismiss' } },
  { meaning: 'take back what was said last', keys: { u: 'undo' } },
  { meaning: 'previous and next frame', keys: { ArrowLeft: 'previousFrame', ArrowRight: 'nextFrame' } },
  { meaning: 'open the rollout', keys: { o: 'open' } },
  { meaning: 'filter', keys: { '/': 'filter' } },
  { meaning: 'deal out items to people', keys: { a: 'deal' } },
  { meaning: 'what is to be settled, and back', keys: { S: 'settle' } },
] as const satisfies readonly KeyRow<string>[];

const panes = [
  ['queue', 'queue'],
  ['item', 'item'],
  ['verdict', 'verdict'],
] as const;

export function ReviewPage({ session, feed, host, place, back, onBack, onOpen }: ReviewPageProps) {
  const [review] = useState(() => new Review(feed, place));
  const { items, matching, group, fault, at, history, agreement } = useStore(review.state, (state) => state);
  const view = useStore(feed.state, (state) => state.view);
  const author = useStore(feed.connection.state, (state) => state.author);
  const missing = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const isThere = missing === null;
  const narrow = useNarrow(narrowest);
  const [pane, setPane] = useState<(typeof panes)[number][0]>('item');
  const [frame, setFrame] = useState(0);
  const [writing, setWriting] = useState(false);
  const [dealing, setDealing] = useState(false);
  const { categories } = useStore(review.flagging.state, (state) => state);
  const named = useMemo(() => categoryNamedIn(categories), [categories]);
  const { order } = useStore(place, (held) => held);
  useEffect(() => feed.need('annotations'), [feed]);
  useEffect(() => {
    if (isThere && review.state.get().items === null) void review.draw();
  }, [isThere]);
  // At once: a key that follows may be for the item that is shown now.
  useLayoutEffect(() => {
    setFrame(0);
    setWriting(false);
  }, [at, items]);
  useEffect(() => {
    if (items !== null && isThere) void review.readSaid();
  }, [view.annotations]);
  const item = items?.[at] ?? null;
  const rollout = group?.rollouts.find(({ id }) => id === item?.rolloutId) ?? null;
  const said = view.annotations.filter(({ rolloutId }) => rolloutId === item?.rolloutId);
  const given = said.findLast((label) => label.author === author && label.verdict !== null)?.verdict ?? null;
  // Until it is known, nothing of others is shown.
  const { labels, hidden } = blindLabels(said, author, history === null || history.hidden !== null);
  const frames = group?.media.times.length ?? 0;
  const turn = (by: number) => frames > 0 && setFrame((frame + by + frames) % frames);
  const done = () => {
    setWriting(false);
    if (review.isThrough && group === null) return review.drawMore();
    void review.done(review.settles ? null : given);
  };
  const openDeal = (open: boolean) => {
    if (open && !review.isSigned) return setPane('verdict');
    setDealing(open);
    if (open) setPane('queue');
  };
  const flag = () => {
    const text = document.getElementById(reviewTextId);
    review.flagging.begin(text ? selectedSpan(text) : null);
    window.getSelection()?.removeAllRanges();
  };
  useKeys(
    keyMap<ActionOf<typeof reviewKeys>>(reviewKeys, {
      next: () => review.move(1),
      previous: () => review.move(-1),
      keep: () => review.judge('keep'),
      fix: () => review.judge('fix'),
      drop: () => review.judge('drop'),
      done: (event) => {
        if (event.target instanceof Element && event.target.closest('button, a, [role=button]')) return false;
        done();
      },
      skip: () => review.skip(),
      write: () => {
        if (review.state.get().verdict !== 'fix') review.judge('fix');
        setWriting(true);
      },
      deal: () => openDeal(true),
      filter: () => document.querySelector<HTMLInputElement>('input[data-filter]')?.focus(),
      settle: () => review.choose(review.settles ? 'informative' : 'settle'),
      flag,
      sentence: () => {
        flag();
        review.flagging.move('next', 'sentence');
      },
      accept: () => void review.answer(true),
      dismiss: () => void review.answer(false),
      undo: () => void review.undo(),
      previousFrame: () => turn(-1),
      nextFrame: () => turn(1),
      open: () => item && onOpen(item.groupId, item.rolloutId),
    }),
  );
  const leave = () => (review.flagging.state.get().draft ? review.flagging.leave() : onBack());
  return (
    <>
      <BackLine {...{ session, feed, host, back }} keyRows={helpRows(reviewKeys)} title="Review of" onBack={leave}>
        <span class="far">review</span>
      </BackLine>
      <RunNotice {...{ session, feed, host }} />
      {narrow && <Tabs panes={panes} shown={pane} onShow={setPane} />}
      <main class={styles.panes} data-shown={narrow ? pane : 'all'}>
        <QueueList
          {...{ review, place, author }}
          deal={
            dealing && (
              <DealForm
                {...{ review, order }}
                known={agreement?.authors ?? []}
                refused={missing}
                onLeave={() => setDealing(false)}
              />
            )
          }
          onDeal={() => openDeal(!dealing)}
          onOpen={() => setPane('item')}
        />
        {fault !== null ? (
          <Blank status>
            <p class="strong">{shownLine(fault.message)}</p>
            <p class="dim">
              {fault.remedy ? shownLine(fault.remedy) : 'Choose another item, or draw the queue again.'}
            </p>
          </Blank>
        ) : items?.length === 0 ? (
          <Blank status>
            <p class="strong">{order === 'assigned' ? 'Nothing waits for you.' : 'Nothing is left to judge here.'}</p>
            <p class="dim">
              {order === 'assigned' && author !== null
                ? `Nothing that was given to ${shownLine(author)} is left. Another spelling, or another e-mail address, is another person.`
                : 'Choose another kind of items above the queue, or another filter.'}
            </p>
          </Blank>
        ) : review.isThrough && group === null ? (
          <Blank status>
            <p class="strong">{allDone(items?.length ?? 0)}</p>
            <p class="dim">
              {agreement && agreement.toSettle > 0
                ? `${count(agreement.toSettle, 'item')} ${agreement.toSettle === 1 ? 'is' : 'are'} to be settled (S). `
                : ''}
              {grouped(Math.max(0, matching - (items?.length ?? 0)))} more match.
            </p>
            <Button primary onPress={() => review.drawMore()}>
              Draw more&nbsp;<kbd>Enter</kbd>
            </Button>
          </Blank>
        ) : !group || !rollout ? (
          <Blank status>The item is being read.</Blank>
        ) : (
          <>
            <ItemView
              {...{ review, feed, group, rollout, labels, frame }}
              run={view.run}
              refused={missing}
              asksName={author === null}
              onFrame={setFrame}
              onSign={(name) => signAs(feed, host, name)}
              onOpen={() => onOpen(group.id, rollout.id)}
              writing={writing}
              onWrite={setWriting}
              onDone={done}
              onRow={() => host.openFile(group.question.dataset, group.question.fileRow ?? group.question.row + 1)}
            />
            <VerdictPane
              {...{ review, author, given, labels, hidden }}
              run={view.run}
              refused={missing}
              onSign={author === null ? (name) => signAs(feed, host, name) : null}
              onDone={done}
            />
          </>
        )}
      </main>
      {agreement && (
        <AgreementStrip {...{ agreement, named }} onSettle={review.settles ? null : () => review.choose('settle')} />
      )}
    </>
  );
}

const allDone = (items: number) => (items === 1 ? 'The one item is done.' : `All ${grouped(items)} items are done.`);
