/**
 * Asking again: left what is changed, in the middle the text from which the model goes on, right what was answered. All of it are
 * experiments, which training never sees; they are dashed wherever they show.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { projectName } from '../../trainer/protocol/place.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { BackLine } from '../run/back-line.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import { noTrainer } from '../run/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Icon } from '../ui/icons.tsx';
import { helpRows, keyMap } from '../ui/key-table.ts';
import { actsByItself, useKeys } from '../ui/keys.ts';
import { useStore } from '../ui/store.ts';
import { Tabs } from '../ui/tabs.tsx';
import { takesTyping } from '../ui/toolkit.tsx';
import { useNarrow } from '../ui/use-narrow.ts';
import type { CardLook } from './answer-card.tsx';
import { AnswersPane } from './answers-pane.tsx';
import styles from './ask.module.css';
import { type AskAction, askKeys, fieldKeys } from './ask-keys.ts';
import { Asking } from './asking.ts';
import { ChangePane } from './change-pane.tsx';
import { cutAt, ThinkPane } from './think-pane.tsx';
import { wordCut } from './word-cut.ts';

interface AskProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  /** Number of the ask that a link names; 0 for none. */
  readonly shown: number;
  readonly onBack: () => void;
}

const narrowest = 760;
type AskPane = 'change' | 'think' | 'answers';

export function Ask({ session, feed, host, group, rollout, shown, onBack }: AskProps) {
  const asking = useMemo(() => new Asking(feed, { group, rollout, tokens: null }), [feed, rollout.id]);
  useEffect(() => () => asking.dispose(), [asking]);
  useEffect(() => feed.need('checkpoints'), [feed]);
  const refused = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const narrow = useNarrow(narrowest);
  /* A link that names an ask leads to its answers. */
  const [pane, setPane] = useState<AskPane>(shown > 0 ? 'answers' : 'change');
  const [look, setLook] = useState<CardLook>('text');
  const page = useRef<HTMLElement>(null);
  const go = () => {
    if (refused === null) void asking.start();
    setPane('answers');
  };
  const leave = () => {
    if (asking.stop()) return;
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && takesTyping(activeElement)) activeElement.blur();
    else onBack();
  };
  const copyLink = () => {
    const { trainer } = feed.connection.state.get();
    const newest = asking.state.get().experiments?.at(-1)?.number ?? 0;
    const place = { page: 'rollouts' as const, runId: feed.id, step: rollout.step, rolloutId: rollout.id };
    const link = { project: trainer && projectName(trainer.folder), place: { ...place, ask: shown || newest } };
    copyLinkOf(host, link).catch((thrown: unknown) => feed.fail(thrown));
  };
  const moveCut = (by: 1 | -1) => {
    const { draft, original } = asking.state.get();
    asking.edit({ given: wordCut(draft.given, original, by) }, 'given');
  };
  const handlers: Readonly<Record<AskAction, (event: KeyboardEvent) => unknown>> = {
    goOnHere: () => cutAt(asking, page.current),
    cutBack: () => moveCut(-1),
    cutOn: () => moveCut(1),
    undo: () => asking.undo(),
    diff: () => setLook(look === 'diff' ? 'text' : 'diff'),
    order: () => setLook(look === 'order' ? 'text' : 'order'),
    ask: (event) => (actsByItself(event) ? false : event.repeat || go()),
    copyLink,
  };
  useKeys(keyMap<AskAction>(askKeys, handlers));
  const onFieldKey = (event: KeyboardEvent) => {
    const isAsk = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
    const isCut = event.altKey && event.key.toLowerCase() === 'h';
    const isEscape = event.key === 'Escape' && event.target instanceof Element && takesTyping(event.target);
    if (!isAsk && !isCut && !isEscape) return;
    event.preventDefault();
    event.stopPropagation();
    /* Held down, it asks once. */
    if (isAsk && !event.repeat) go();
    else if (isAsk) return;
    else if (isCut) cutAt(asking, page.current);
    else leave();
  };
  const name = `${rollout.order} ${rollout.index + 1}`;
  const panes = [
    ['change', 'Change'],
    ['think', 'Text'],
    ['answers', 'Answers'],
  ] as const;
  return (
    <>
      <BackLine
        {...{ session, feed, host }}
        title="Ask again beside an answer of"
        back={name}
        keyRows={[...helpRows(askKeys), ...fieldKeys]}
        onBack={leave}
      >
        <span class="far">step {group.step}</span>
        <Icon name="chevron" class={`${styles.chevron} far`} />
        <span class="far">{name}</span>
        <Icon name="chevron" class={`${styles.chevron} far`} />
        <span>ask again</span>
      </BackLine>
      <RunNotice {...{ session, feed, host }} />
      <aside class={styles.experiments} aria-label="What these answers are">
        <Icon name="evaluate" />
        <span>
          <b class="strong">Experiments.</b> Training never sees them: they are in no group, no curve and no export
          unless you ask for them there.<span class="far"> They stay beside this answer.</span>
        </span>
      </aside>
      {narrow && (
        <nav aria-label="Panes of this page">
          <Tabs panes={panes} shown={pane} onShow={setPane} />
        </nav>
      )}
      <main ref={page} class={styles.page} data-shown={pane} onKeyDownCapture={onFieldKey}>
        <ChangePane {...{ session, feed, asking, refused }} onAsk={go} />
        <ThinkPane asking={asking} />
        <AnswersPane {...{ feed, host, asking, look, shown }} onLook={setLook} />
      </main>
    </>
  );
}
