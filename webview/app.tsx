/** What all pages share: the connection, the choice of run and page, and what is said before a run is there. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { z } from 'zod';
import type { TrainerInfo } from '../trainer/protocol/messages.ts';
import { panelOf, type WebviewPage } from '../trainer/protocol/pages.ts';
import { type Place, projectName, webviewPage } from '../trainer/protocol/place.ts';
import { listSort } from '../trainer/protocol/query/sort.ts';
import { groupPurpose } from '../trainer/protocol/records.ts';
import { queueOrder } from '../trainer/protocol/review-queue.ts';
import { Across } from './across/across.tsx';
import { type AcrossPlace, acrossPlaceOf, noQuestion, placeOfAcross } from './across/place.ts';
import { Audits } from './audit/audits.tsx';
import { type AuditPlace, auditPlaceOf, noAudit, placeOfAudit } from './audit/place.ts';
import { Compare } from './compare/compare.tsx';
import { type ComparePlace, comparePlaceOf, noComparison, placeOfCompare } from './compare/place.ts';
import { Dashboard } from './dashboard/dashboard.tsx';
import { AhaExplained } from './formulas/aha-explained.tsx';
import { FormulaPopover } from './formulas/formula.tsx';
import type { Host, LinkStatus } from './host.ts';
import { VisitNotice } from './places/visit-notice.tsx';
import { Visitor } from './places/visitor.ts';
import { noReview, placeOfReview, type ReviewPlace, reviewPlaceOf } from './review/place.ts';
import { ReviewPage } from './review/review.tsx';
import { nowhere, type RolloutsPlace } from './rollouts/reading.ts';
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
  following: z.boolean().default(false),
  ask: z.number().nullable().default(null),
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
      purpose: groupPurpose.nullable().default(null),
      evaluationId: z.string().nullable(),
      againstEvaluationId: z.string().nullable(),
    })
    .optional(),
  review: z.object({ order: queueOrder, line: z.string(), rolloutId: z.string().nullable() }).optional(),
  audit: z.object({ name: z.string().nullable(), family: z.string().nullable() }).optional(),
  beside: z.array(z.string()).optional(),
});
type SavedPlace = z.infer<typeof savedPlace>;

export function App({ host, session }: { host: Host; session: Session }) {
  const { connection } = session;
  const [page, setPage] = useState<WebviewPage>(host.page);
  const pageNow = useRef(page);
  pageNow.current = page;
  const [place] = useState(() => new Store(nowhere));
  const [across] = useState(() => new Store<AcrossPlace>(noQuestion));
  const [compare] = useState(() => new Store<ComparePlace>(noComparison));
  const [review] = useState(() => new Store<ReviewPlace>(noReview));
  const [audit] = useState(() => new Store<AuditPlace>(noAudit));
  /* Runs that are overlaid on the dashboard. */
  const [beside] = useState(() => new Store<readonly string[]>([]));
  const besideShown = useStore(beside, (held) => held);
  const reviewShown = useStore(review, (held) => held);
  const auditShown = useStore(audit, (held) => held);
  const questionShown = useStore(across, (held) => held);
  const comparisonShown = useStore(compare, (held) => held);
  /* The page that leads to one of a question or of a comparison, to which that leads back. */
  const [behind, setBehind] = useState<WebviewPage>('rollouts');
  const runId = useStore(session.state, (state) => state.runId);
  const feed = useStore(session.state, (state) => state.feed);
  const shown = useStore(place, (held) => held);
  const listening = useRef(false);
  /** By run, where one was when another was chosen: its filter and order are there again. */
  const leftWith = useRef(new Map<string, RolloutsPlace>());
  const project = useStore(connection.state, ({ trainer }) => (trainer === null ? null : projectName(trainer.folder)));
  const [visitor] = useState(
    () =>
      new Visitor(session, {
        go: (found, by) => {
          const { page: wanted, runId: run, groupId, rolloutId, span, query, sort, step, ask } = found;
          const named = {
            ...found,
            runId: run ?? undefined,
            groupId: groupId ?? undefined,
            rolloutId: rolloutId ?? undefined,
          };
          if (host.place === 'vscode' && panelOf(wanted) !== panelOf(pageNow.current)) {
            host.command({ command: 'open-place', place: named, ...(by !== null && { by }) });
            return false;
          }
          setPage(wanted);
          if (run !== null) session.choose(run);
          if (wanted === 'across') across.set(acrossPlaceOf(named));
          else if (wanted === 'compare') compare.set(comparePlaceOf(named));
          else if (wanted === 'review') review.set(reviewPlaceOf(named));
          else if (wanted === 'audit') audit.set(auditPlaceOf(named));
          else if (wanted === 'dashboard') beside.set(named.beside ?? []);
          else if (groupId !== null || query !== undefined || sort || step !== undefined) {
            const selection = span && rolloutId ? { rolloutId, span } : null;
            place.set({ groupId, rolloutId, line: query ?? '', sort: sort ?? null, selection, ask: ask ?? null });
          }
          return true;
        },
        here: () => {
          const { runId: run, feed: shownFeed } = session.state.get();
          const [from, held, asked, compared] = [pageNow.current, place.get(), across.get(), compare.get()];
          if (run === null || shownFeed === null) return null;
          return () => {
            setPage(from);
            session.choose(run);
            place.set(held);
            across.set(asked);
            compare.set(compared);
          };
        },
      }),
  );

  useEffect(() => {
    if (listening.current) return;
    listening.current = true;
    const saved = savedPlace.safeParse(host.loadState());
    if (saved.success) {
      const { groupId, rolloutId, line, sort, following, ask } = saved.data;
      place.set({ groupId, rolloutId, line, sort, following, ask, selection: null });
      if (saved.data.across) across.set(saved.data.across);
      if (saved.data.compare) compare.set(saved.data.compare);
      if (saved.data.review) review.set(saved.data.review);
      if (saved.data.audit) audit.set(saved.data.audit);
      if (saved.data.beside) beside.set(saved.data.beside);
      if (host.place === 'vscode' && panelOf(saved.data.page) === panelOf(host.page)) setPage(saved.data.page);
      if (saved.data.runId) session.choose(saved.data.runId);
    }
    /* A place in one run means nothing in another. */
    let shownRun = session.state.get().runId;
    session.state.watch(() => {
      const { runId: chosen } = session.state.get();
      if (shownRun !== null && chosen !== shownRun) {
        leftWith.current.set(shownRun, place.get());
        const before = chosen === null ? undefined : leftWith.current.get(chosen);
        place.set(before ? { ...nowhere, line: before.line, sort: before.sort ?? null } : nowhere);
        across.update(({ question }) => ({ ...noQuestion, question }));
        compare.update((held) => ({ ...held, evaluationId: null, againstEvaluationId: null }));
        beside.update((ids) => ids.filter((id) => id !== chosen));
      }
      shownRun = chosen;
    });
    host.listen({
      onOpen: (transport, author) => connection.open(transport, author),
      onStatus: (link) => connection.setLink(link),
      onShow: (link, by) => void visitor.visit(link, { by }),
      onAddress: (text) => void visitor.follow(text, false),
      onSaid: say,
      onTheme: themeChanged,
      onFault: (fault) => connection.fail(fault),
    });
  }, [host, session]);

  useEffect(() => {
    const { groupId, rolloutId, line, sort = null, following = false, ask = null } = shown;
    const state: SavedPlace = {
      ...{ page, runId, groupId, rolloutId, line, sort, following, ask },
      across: questionShown,
      compare: comparisonShown,
      review: reviewShown,
      audit: auditShown,
      beside: [...besideShown],
    };
    host.saveState(state);
    if (runId && project !== null) {
      const parts: Readonly<Record<WebviewPage, Omit<Place, 'page'>>> = {
        dashboard: besideShown.length > 0 ? { beside: [...besideShown] } : {},
        rollouts: {
          ...(rolloutId && { rolloutId }),
          ...(rolloutId && ask !== null && { ask }),
          ...(line.trim() !== '' && { query: line }),
          ...(sort && { sort }),
        },
        across: placeOfAcross(questionShown),
        compare: placeOfCompare(comparisonShown),
        review: placeOfReview(reviewShown),
        audit: placeOfAudit(auditShown),
      };
      host.navigated({ project, place: { page, runId, ...parts[page] } });
    }
  }, [host, page, project, runId, shown, questionShown, comparisonShown, reviewShown, auditShown, besideShown]);

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
      host.command({ command: 'open-place', place: { ...to, ...(runId && { runId }) } });
      return;
    }
    if (to.page === 'across') across.set(acrossPlaceOf(to));
    else if (to.page === 'review') review.set(reviewPlaceOf(to));
    else if (to.page === 'audit') audit.set(auditPlaceOf(to));
    else compare.set(comparePlaceOf(to));
    setBehind(page);
    setPage(to.page);
  };
  const openAnswer = (of: string | null, groupId: string, rolloutId: string) => {
    if (of !== null && of !== runId) {
      session.choose(of);
      place.set(nowhere);
    }
    place.update((held) => ({ ...held, groupId, rolloutId, following: false }));
    setPage('rollouts');
  };
  if (!feed)
    return (
      <>
        <VisitNotice visitor={visitor} />
        <Nothing session={session} host={host} />
        <Said />
      </>
    );
  const pages: Readonly<Record<WebviewPage, () => JSX.Element>> = {
    dashboard: () => (
      <Dashboard
        key={feed.id}
        {...{ session, feed, host, beside }}
        onRollouts={() => go('rollouts')}
        onAcross={() => goBeyond({ page: 'across' })}
        onAudits={() => goBeyond({ page: 'audit' })}
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
        onCompare={({ group }) => goBeyond({ page: 'compare', groupId: group.id, purpose: group.purpose })}
        onReview={(line) => goBeyond({ page: 'review', query: line })}
        onOpenDocument={({ name, text }) => host.openDocument(name, text)}
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
    review: () => (
      <ReviewPage
        key={feed.id}
        {...{ session, feed, host }}
        place={review}
        back={behind === page ? 'rollouts' : behind}
        onBack={() => setPage(behind === page ? 'rollouts' : behind)}
        onOpen={(groupId, rolloutId) => openAnswer(null, groupId, rolloutId)}
      />
    ),
    audit: () => (
      <Audits
        key={feed.id}
        {...{ session, feed, host }}
        place={audit}
        back={behind === page ? 'rollouts' : behind}
        onBack={() => setPage(behind === page ? 'rollouts' : behind)}
      />
    ),
  };
  return (
    <FollowLink.Provider value={(link, pasted = false) => void visitor.follow(link, pasted)}>
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
