/** What all pages share: the connection, the choice of run and page, and what is said before a run is there. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { z } from 'zod';
import type { TrainerInfo } from '../trainer/protocol/messages.ts';
import { projectName, type WebviewPage, webviewPage } from '../trainer/protocol/place.ts';
import { listSort } from '../trainer/protocol/query/sort.ts';
import { Dashboard } from './dashboard/dashboard.tsx';
import { AhaExplained } from './formulas/aha-explained.tsx';
import { FormulaPopover } from './formulas/formula.tsx';
import type { Host, LinkStatus } from './host.ts';
import { VisitNotice } from './places/visit-notice.tsx';
import { Visitor } from './places/visitor.ts';
import { nowhere } from './rollouts/reading.ts';
import { Rollouts } from './rollouts/rollouts.tsx';
import { ConnectionNotice } from './run/run-notice.tsx';
import { noTrainer, sentence } from './run/run-words.ts';
import { UnreadableRuns } from './run/unreadable-runs.tsx';
import type { Session, SessionState } from './state/session.ts';
import { Blank } from './ui/blank.tsx';
import { FollowLink } from './ui/follow-link.ts';
import { Said, say } from './ui/said.tsx';
import { Store, useStore } from './ui/store.ts';
import { themeChanged } from './ui/theme.ts';
import { Button } from './ui/toolkit.tsx';

const savedPlace = z.object({
  page: webviewPage,
  runId: z.string().nullable(),
  groupId: z.string().nullable(),
  rolloutId: z.string().nullable(),
  line: z.string(),
  sort: listSort.nullable().default(null),
});
type SavedPlace = z.infer<typeof savedPlace>;

export function App({ host, session }: { host: Host; session: Session }) {
  const { connection } = session;
  const [page, setPage] = useState<WebviewPage>(host.page);
  const pageNow = useRef(page);
  pageNow.current = page;
  const [place] = useState(() => new Store(nowhere));
  const runId = useStore(session.state, (state) => state.runId);
  const feed = useStore(session.state, (state) => state.feed);
  const shown = useStore(place, (held) => held);
  const listening = useRef(false);
  const project = useStore(connection.state, ({ trainer }) => (trainer === null ? null : projectName(trainer.folder)));
  const [visitor] = useState(
    () =>
      new Visitor(session, {
        go: (found, by) => {
          const { page: wanted, runId: run, groupId, rolloutId, span, query, sort, step } = found;
          if (host.place === 'vscode' && wanted !== pageNow.current) {
            const named = {
              ...found,
              runId: run ?? undefined,
              groupId: groupId ?? undefined,
              rolloutId: rolloutId ?? undefined,
            };
            host.command({ command: 'open-place', place: named, ...(by !== null && { by }) });
            return false;
          }
          setPage(wanted);
          if (run !== null) session.choose(run);
          if (groupId !== null || query !== undefined || sort || step !== undefined) {
            const selection = span && rolloutId ? { rolloutId, span } : null;
            place.set({ groupId, rolloutId, line: query ?? '', sort: sort ?? null, selection });
          }
          return true;
        },
        here: () => {
          const { runId: run, feed: shownFeed } = session.state.get();
          const [from, held] = [pageNow.current, place.get()];
          if (run === null || shownFeed === null) return null;
          return () => {
            setPage(from);
            session.choose(run);
            place.set(held);
          };
        },
      }),
  );

  useEffect(() => {
    if (listening.current) return;
    listening.current = true;
    const saved = savedPlace.safeParse(host.loadState());
    if (saved.success) {
      const { groupId, rolloutId, line, sort } = saved.data;
      place.set({ groupId, rolloutId, line, sort, selection: null });
      if (saved.data.runId) session.choose(saved.data.runId);
    }
    /* A place in one run means nothing in another. */
    let shownRun = session.state.get().runId;
    session.state.watch(() => {
      const { runId: chosen } = session.state.get();
      if (shownRun !== null && chosen !== shownRun) place.set(nowhere);
      shownRun = chosen;
    });
    host.listen({
      onOpen: (transport, author) => connection.open(transport, author),
      onStatus: (link) => connection.setLink(link),
      onShow: (link, by) => void visitor.visit(link, { by }),
      onSaid: say,
      onTheme: themeChanged,
      onFault: (fault) => connection.fail(fault),
    });
  }, [host, session]);

  useEffect(() => {
    const { groupId, rolloutId, line, sort = null } = shown;
    const state: SavedPlace = { page, runId, groupId, rolloutId, line, sort };
    host.saveState(state);
    if (runId && project !== null) {
      const rollouts = {
        ...(rolloutId && { rolloutId }),
        ...(line.trim() !== '' && { query: line }),
        ...(sort && { sort }),
      };
      host.navigated({ project, place: { page, runId, ...(page === 'rollouts' && rollouts) } });
    }
  }, [host, page, project, runId, shown]);

  const go = useCallback(
    (wanted: WebviewPage) => {
      if (host.place === 'browser') setPage(wanted);
      else host.command({ command: `open-${wanted}`, ...(runId && { runId }) });
    },
    [host, runId],
  );
  if (!feed)
    return (
      <>
        <VisitNotice visitor={visitor} />
        <Nothing session={session} host={host} />
        <Said />
      </>
    );
  const pages: Readonly<Record<WebviewPage, () => JSX.Element>> = {
    dashboard: () => <Dashboard key={feed.id} {...{ session, feed, host }} onRollouts={() => go('rollouts')} />,
    rollouts: () => (
      <Rollouts
        key={feed.id}
        {...{ session, feed, host, place }}
        onDashboard={() => go('dashboard')}
        onOpenDocument={({ name, text }) => host.openDocument(name, text)}
      />
    ),
  };
  return (
    <FollowLink.Provider value={(link) => void visitor.follow(link)}>
      <VisitNotice visitor={visitor} />
      {pages[page]()}
      <FormulaPopover />
      <AhaExplained />
      <Said />
    </FollowLink.Provider>
  );
}

/** Before there is a run to show. */
function Nothing({ session, host }: { session: Session; host: Host }) {
  const { connection } = session;
  const runs = useStore(session.state, (state) => state.runs);
  const { link, trainer } = useStore(connection.state, (state) => state);
  return (
    <>
      <ConnectionNotice {...{ connection, host }} step={null} />
      <UnreadableRuns session={session} />
      <main>
        <Blank>
          <h1 class="strong">Video-R1 Studio</h1>
          <p class="dim" role="status">
            {emptyWords(link, runs, trainer)}
          </p>
          {runs?.length === 0 && host.place === 'vscode' && (
            <p>
              <Button primary onPress={() => host.command({ command: 'start-run' })}>
                Start a run
              </Button>
            </p>
          )}
        </Blank>
      </main>
    </>
  );
}

function emptyWords(link: LinkStatus, runs: SessionState['runs'], trainer: TrainerInfo | null): string {
  const missing = noTrainer(link);
  if (missing !== null) return sentence(missing);
  if (runs === null) return 'Reading the runs.';
  if (runs.length > 0) return 'Reading the run.';
  return `There is no run in ${trainer?.folder ?? 'this project'} yet. It appears here as soon as one is started.`;
}
