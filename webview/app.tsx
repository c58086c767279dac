/** What all pages share: the connection, the choice of run and page, and what is said before a run is there. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { z } from 'zod';
import type { TrainerInfo } from '../trainer/protocol/messages.ts';
import { type Place, type WebviewPage, webviewPage } from '../trainer/protocol/place.ts';
import { Across } from './across/across.tsx';
import { type AcrossPlace, noQuestion } from './across/place.ts';
import { Compare } from './compare/compare.tsx';
import { type ComparePlace, noComparison } from './compare/place.ts';
import { Dashboard } from './dashboard/dashboard.tsx';
import { FormulaPopover } from './formulas/formula.tsx';
import type { Host, LinkStatus } from './host.ts';
import { nowhere } from './rollouts/reading.ts';
import { Rollouts } from './rollouts/rollouts.tsx';
import { ConnectionNotice } from './run/run-notice.tsx';
import { noTrainer, sentence } from './run/run-words.ts';
import { UnreadableRuns } from './run/unreadable-runs.tsx';
import type { Session, SessionState } from './state/session.ts';
import { Blank } from './ui/blank.tsx';
import { Store, useStore } from './ui/store.ts';
import { themeChanged } from './ui/theme.ts';
import { Button } from './ui/toolkit.tsx';

const savedPlace = z.object({
  page: webviewPage,
  runId: z.string().nullable(),
  groupId: z.string().nullable(),
  rolloutId: z.string().nullable(),
  line: z.string(),
  across: z
    .object({
      question: z.string().nullable(),
      groupId: z.string().nullable(),
      first: z.string().nullable(),
      second: z.string().nullable(),
    })
    .optional(),
  compare: z
    .object({
      againstRunId: z.string().nullable(),
      question: z.string().nullable(),
      groupId: z.string().nullable(),
      evaluationId: z.string().nullable(),
      againstEvaluationId: z.string().nullable(),
    })
    .optional(),
});
type SavedPlace = z.infer<typeof savedPlace>;

export function App({ host, session }: { host: Host; session: Session }) {
  const { connection } = session;
  const [page, setPage] = useState<WebviewPage>(host.page);
  const [place] = useState(() => new Store(nowhere));
  const [across] = useState(() => new Store<AcrossPlace>(noQuestion));
  const [compare] = useState(() => new Store<ComparePlace>(noComparison));
  const questionShown = useStore(across, (held) => held);
  const comparisonShown = useStore(compare, (held) => held);
  /* The page that leads to one of a question or of a comparison, to which that leads back. */
  const [behind, setBehind] = useState<WebviewPage>('rollouts');
  const runId = useStore(session.state, (state) => state.runId);
  const feed = useStore(session.state, (state) => state.feed);
  const shown = useStore(place, (held) => held);
  const listening = useRef(false);

  useEffect(() => {
    if (listening.current) return;
    listening.current = true;
    const saved = savedPlace.safeParse(host.loadState());
    if (saved.success) {
      const { groupId, rolloutId, line } = saved.data;
      place.set({ groupId, rolloutId, line });
      if (saved.data.across) across.set(saved.data.across);
      if (saved.data.compare) compare.set(saved.data.compare);
      if (host.place === 'vscode' && isBeyond(saved.data.page)) setPage(saved.data.page);
      if (saved.data.runId) session.choose(saved.data.runId);
    }
    /* A place in one run means nothing in another. */
    let shownRun = session.state.get().runId;
    session.state.watch(() => {
      const { runId: chosen } = session.state.get();
      if (shownRun !== null && chosen !== shownRun) {
        place.set(nowhere);
        across.update(({ question }) => ({ ...noQuestion, question }));
        compare.update((held) => ({ ...held, evaluationId: null, againstEvaluationId: null }));
      }
      shownRun = chosen;
    });
    host.listen({
      onOpen: (transport, author) => connection.open(transport, author),
      onStatus: (link) => connection.setLink(link),
      onShow: (show) => {
        setPage(show.page);
        if (show.runId) session.choose(show.runId);
        const { groupId, rolloutId } = show;
        if (show.page === 'across') across.set(acrossPlaceOf(show));
        else if (show.page === 'compare') compare.set(comparePlaceOf(show));
        else if (groupId && rolloutId) place.update((held) => ({ ...held, groupId, rolloutId }));
      },
      onTheme: themeChanged,
      onFault: (fault) => connection.fail(fault),
    });
  }, [host, session]);

  useEffect(() => {
    const { groupId, rolloutId, line } = shown;
    const state: SavedPlace = {
      ...{ page, runId, groupId, rolloutId, line },
      across: questionShown,
      compare: comparisonShown,
    };
    host.saveState(state);
    if (runId) {
      host.navigated({
        page,
        runId,
        ...(page === 'rollouts' && groupId && rolloutId ? { groupId, rolloutId } : {}),
        ...(page === 'across' && placeOfAcross(questionShown)),
        ...(page === 'compare' && placeOfCompare(comparisonShown)),
      });
    }
  }, [host, page, runId, shown, questionShown, comparisonShown]);

  const go = useCallback(
    (wanted: 'dashboard' | 'rollouts') => {
      if (host.place === 'browser') setPage(wanted);
      else host.command({ command: `open-${wanted}`, ...(runId && { runId }) });
    },
    [host, runId],
  );
  /* From the rollouts, whose panel also shows what they lead to; from the dashboard that is another panel in the editor. */
  const goBeyond = (to: Place) => {
    if (host.place === 'vscode' && page === 'dashboard') {
      host.command({ command: 'show-place', place: to });
      return;
    }
    if (to.page === 'across') across.set(acrossPlaceOf(to));
    else compare.set(comparePlaceOf(to));
    setBehind(page);
    setPage(to.page);
  };
  const openAnswer = (of: string | null, groupId: string, rolloutId: string) => {
    if (of !== null && of !== runId) session.choose(of);
    place.update((held) => ({ ...held, groupId, rolloutId }));
    setPage('rollouts');
  };
  if (!feed) return <Nothing session={session} host={host} />;
  const pages: Readonly<Record<WebviewPage, () => JSX.Element>> = {
    dashboard: () => (
      <Dashboard
        key={feed.id}
        {...{ session, feed, host }}
        onRollouts={() => go('rollouts')}
        onAcross={() => goBeyond({ page: 'across' })}
        onCompare={(evaluationId, againstEvaluationId) =>
          goBeyond({
            ...{ page: 'compare', evaluationId },
            ...(againstEvaluationId !== null && { againstRunId: feed.id, againstEvaluationId }),
          })
        }
      />
    ),
    rollouts: () => (
      <Rollouts
        key={feed.id}
        {...{ session, feed, host, place }}
        onDashboard={() => go('dashboard')}
        onAcross={({ group, rollout }) => goBeyond({ page: 'across', groupId: group.id, rolloutId: rollout.id })}
        onCompare={({ group }) => goBeyond({ page: 'compare', groupId: group.id })}
      />
    ),
    across: () => (
      <Across
        key={feed.id}
        {...{ session, feed, host }}
        place={across}
        back={behind === page ? 'rollouts' : behind}
        onBack={() => setPage(behind === page ? 'rollouts' : behind)}
        onOpen={(groupId, rolloutId) => openAnswer(null, groupId, rolloutId)}
        onCompare={(question) => goBeyond({ page: 'compare', question })}
      />
    ),
    compare: () => (
      <Compare
        key={feed.id}
        {...{ session, feed, host }}
        place={compare}
        back={behind === page ? 'rollouts' : behind}
        onBack={() => setPage(behind === page ? 'rollouts' : behind)}
        onOpen={openAnswer}
        onAcross={(question) => goBeyond({ page: 'across', question })}
      />
    ),
  };
  return (
    <>
      {pages[page]()}
      <FormulaPopover />
    </>
  );
}

/** Pages that others lead to, which lead back; the editor shows them in the panel of the rollouts. */
const isBeyond = (page: WebviewPage) => page === 'across' || page === 'compare';

const acrossPlaceOf = ({ question, groupId, rolloutId }: Place): AcrossPlace => ({
  question: question ?? null,
  groupId: groupId ?? null,
  first: null,
  second: rolloutId ?? null,
});

const placeOfAcross = ({ question, groupId, second }: AcrossPlace): Omit<Place, 'page'> => ({
  ...(question !== null && { question }),
  ...(question === null && groupId !== null && { groupId }),
  ...(second !== null && { rolloutId: second }),
});

const comparePlaceOf = (place: Place): ComparePlace => ({
  againstRunId: place.againstRunId ?? null,
  question: place.question ?? null,
  groupId: place.groupId ?? null,
  evaluationId: place.evaluationId ?? null,
  againstEvaluationId: place.againstEvaluationId ?? null,
});

const placeOfCompare = (held: ComparePlace): Omit<Place, 'page'> => ({
  ...(held.againstRunId !== null && { againstRunId: held.againstRunId }),
  ...(held.question !== null && { question: held.question }),
  ...(held.evaluationId !== null && { evaluationId: held.evaluationId }),
  ...(held.againstEvaluationId !== null && { againstEvaluationId: held.againstEvaluationId }),
});

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
