/** What all pages share: the connection, the choice of run and page, and what is said before a run is there. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { z } from 'zod';
import { asStudioError } from '../trainer/protocol/errors.ts';
import { type WebviewPage, webviewPage } from '../trainer/protocol/webview-messages.ts';
import { Dashboard } from './dashboard/dashboard.tsx';
import { FormulaPopover } from './formulas/formula.tsx';
import type { Host } from './host.ts';
import { Rollouts, type RolloutsPlace } from './rollouts/rollouts.tsx';
import { RunNotice } from './run/run-state.tsx';
import type { Session, SessionState } from './state/session.ts';
import { Blank } from './ui/blank.tsx';
import { useStore } from './ui/store.ts';
import { themeChanged } from './ui/theme.ts';
import { Button } from './ui/toolkit.tsx';

const savedPlace = z.object({
  page: webviewPage,
  runId: z.string().nullable(),
  groupId: z.string().nullable(),
  rolloutId: z.string().nullable(),
  line: z.string(),
});
type SavedPlace = z.infer<typeof savedPlace>;

export function App({ host, session }: { host: Host; session: Session }) {
  const [page, setPage] = useState<WebviewPage>(host.page);
  const [place, setPlace] = useState<RolloutsPlace>({ groupId: null, rolloutId: null, line: '' });
  const runId = useStore(session.state, (state) => state.runId);
  const listening = useRef(false);

  useEffect(() => {
    if (listening.current) return;
    listening.current = true;
    const saved = savedPlace.safeParse(host.loadState());
    const choose = (wanted: string) =>
      session.choose(wanted).catch((thrown: unknown) => session.fail(asStudioError(thrown)));
    if (saved.success) {
      setPlace(saved.data);
      if (saved.data.runId) void choose(saved.data.runId);
    }
    host.listen({
      onOpen: (transport, author) => session.open(transport, author),
      onStatus: (link) => session.setLink(link),
      onShow: (show) => {
        setPage(show.page);
        if (show.runId) void choose(show.runId);
        if (show.groupId && show.rolloutId)
          setPlace((held) => ({ ...held, groupId: show.groupId ?? null, rolloutId: show.rolloutId ?? null }));
      },
      onTheme: themeChanged,
    });
  }, [host, session]);

  /* A place in one run means nothing in another. */
  const shownRun = useRef(runId);
  useEffect(() => {
    if (shownRun.current !== null && shownRun.current !== runId) setPlace({ groupId: null, rolloutId: null, line: '' });
    shownRun.current = runId;
  }, [runId]);

  useEffect(() => {
    const state: SavedPlace = { page, runId, groupId: place.groupId, rolloutId: place.rolloutId, line: place.line };
    host.saveState(state);
    if (runId) {
      host.navigated({
        page,
        runId,
        ...(page === 'rollouts' && place.groupId && place.rolloutId
          ? { groupId: place.groupId, rolloutId: place.rolloutId }
          : {}),
      });
    }
  }, [host, page, runId, place]);

  const go = useCallback(
    (wanted: WebviewPage) => {
      if (host.place === 'vscode')
        host.command(wanted === 'dashboard' ? 'open-dashboard' : 'open-rollouts', runId ? [runId] : []);
      else setPage(wanted);
    },
    [host, runId],
  );
  const hasView = useStore(session.state, (state) => state.view !== null);
  if (!hasView) return <Nothing session={session} host={host} />;
  return (
    <>
      {page === 'dashboard' ? (
        <Dashboard session={session} host={host} onRollouts={() => go('rollouts')} />
      ) : (
        <Rollouts session={session} host={host} place={place} onPlace={setPlace} onDashboard={() => go('dashboard')} />
      )}
      <FormulaPopover />
    </>
  );
}

/** Before there is a run to show. */
function Nothing({ session, host }: { session: Session; host: Host }) {
  const state = useStore(session.state, (held) => held);
  return (
    <>
      {RunNotice({ session, state, host })}
      <main>
        <Blank>
          <h1 class="strong">Video-R1 Studio</h1>
          <p class="dim" role="status">
            {emptyWords(state)}
          </p>
          {state.runs?.length === 0 && host.place === 'vscode' && (
            <p>
              <Button primary onPress={() => host.command('start-run')}>
                Start a run
              </Button>
            </p>
          )}
        </Blank>
      </main>
    </>
  );
}

function emptyWords({ link, runs, trainer }: SessionState): string {
  if (link.state === 'starting') return 'The trainer is starting.';
  if (link.state !== 'open') return 'Connecting to the trainer.';
  if (runs === null) return 'Reading the runs.';
  if (runs.length > 0) return 'Reading the run.';
  return `There is no run in ${trainer?.folder ?? 'this project'} yet. It appears here as soon as one is started.`;
}
