/** Audits of datasets: which questions are answered without what they ask for. Left by family, right the questions of one. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AuditEntry, AuditResults } from '../../trainer/protocol/audit.ts';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { projectName } from '../../trainer/protocol/place.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { BackLine } from '../run/back-line.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { PaneHead } from '../ui/heads.tsx';
import { useKeys } from '../ui/keys.ts';
import { clock, count } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { Button, Dropdown } from '../ui/toolkit.tsx';
import { useNarrow } from '../ui/use-narrow.ts';
import styles from './audits.module.css';
import { FamilyTable } from './family-table.tsx';
import { NoAudit } from './no-audit.tsx';
import { type AuditPlace, familyKey, placeOfAudit } from './place.ts';
import { QuestionList } from './question-list.tsx';

interface AuditsProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly place: Store<AuditPlace>;
  /** Where `Esc` leads, in words. */
  readonly back: string;
  readonly onBack: () => void;
}

const keyRows = [
  ['j k', 'next and previous family'],
  ['r', 'read the audits again'],
  ['y', 'copy a link'],
  ['Esc', 'back'],
  ['?', 'these keys'],
] as const;

interface Read {
  readonly entries: readonly AuditEntry[] | null;
  readonly results: { readonly name: string; readonly of: AuditResults } | null;
  readonly fault: StudioError | null;
}

export function Audits({ session, feed, host, place, back, onBack }: AuditsProps) {
  const { connection } = feed;
  const { name: wanted, family: chosen } = useStore(place, (held) => held);
  const [{ entries, results, fault }, setRead] = useState<Read>({ entries: null, results: null, fault: null });
  const [turn, setTurn] = useState(0);
  const again = () => setTurn(turn + 1);
  const name = wanted ?? entries?.[0]?.name ?? null;
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      const { audits } = await connection.request('audits/list', {});
      const shown = wanted ?? audits[0]?.name;
      const of = shown === undefined ? null : (await connection.request('audits/get', { name: shown })).results;
      if (isWanted) setRead({ entries: audits, results: of && shown ? { name: shown, of } : null, fault: null });
    };
    read().catch((thrown: unknown) => {
      if (isWanted) setRead((before) => ({ ...before, results: null, fault: asStudioError(thrown) }));
    });
    return () => {
      isWanted = false;
    };
  }, [wanted, turn]);
  const families = results?.of.datasets.flatMap((dataset) =>
    dataset.byFamily.map((slice) => ({ dataset: dataset.name, family: slice.name })),
  );
  const at = families?.findIndex((one) => familyKey(one) === chosen) ?? -1;
  const move = (by: 1 | -1) => {
    const next = families?.[at < 0 ? 0 : at + by];
    if (next) place.update((held) => ({ ...held, family: familyKey(next) }));
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    r: again,
    y: () => {
      const { trainer } = connection.state.get();
      const link = {
        project: trainer && projectName(trainer.folder),
        place: { page: 'audit' as const, runId: feed.id, ...placeOfAudit({ name, family: chosen }) },
      };
      copyLinkOf(host, link).catch((thrown: unknown) => feed.fail(thrown));
    },
  });
  const shownFamily = families?.[at];
  const main = useRef<HTMLElement>(null);
  const isNarrow = useNarrow(760);
  // The questions stand below all families there.
  useEffect(() => {
    if (isNarrow && shownFamily) main.current?.querySelector('[data-pane="questions"]')?.scrollIntoView();
  }, [isNarrow, results?.name, chosen]);
  return (
    <>
      <BackLine {...{ session, feed, host, back, keyRows, onBack }} title="Audits of datasets, beside">
        <span class="dim">Audit</span>
        {entries !== null && entries.length > 0 && name !== null && (
          <Dropdown
            class={styles.picker}
            label="Audit"
            value={name}
            choices={entries.map((entry) => ({ value: entry.name, label: shownLine(entryLine(entry), 100) }))}
            onChoose={(other) => place.set({ name: other, family: null })}
          />
        )}
      </BackLine>
      <RunNotice {...{ session, feed, host }} />
      <main class={styles.page} ref={main}>
        {fault !== null ? (
          <Blank status>
            <p class="strong">{shownLine(fault.message)}</p>
            {fault.remedy && <p class="dim">{shownLine(fault.remedy)}</p>}
            <Button onPress={again}>Read again</Button>
          </Blank>
        ) : entries === null ? (
          <Blank status>
            <p class="dim">Reading the audits.</p>
          </Blank>
        ) : results === null ? (
          <NoAudit feed={feed} host={host} />
        ) : (
          <>
            <Pane name="families" label="By family">
              {results.of.datasets.map((dataset) => (
                <section key={dataset.name} class={styles.dataset}>
                  <PaneHead title={shownLine(dataset.name, 60)} meta={aboutText(results.of)} />
                  <p class={styles.note}>
                    Right answers in percent
                    {!isNarrow && '; the tick is a guess, the line below a bar its 95 % interval'}. Of{' '}
                    {count(dataset.all.count, 'row')} {dataset.rowsThat['needs video']} need the video or image,{' '}
                    {dataset.rowsThat['without video']} are right without, {dataset.rowsThat['needs order']} need the
                    order. Choose a family to see its questions.
                  </p>
                  <FamilyTable
                    dataset={dataset}
                    chosen={shownFamily?.dataset === dataset.name ? shownFamily.family : null}
                    onChoose={(family) =>
                      place.update((held) => ({
                        ...held,
                        family: family === null ? null : familyKey({ dataset: dataset.name, family }),
                      }))
                    }
                  />
                </section>
              ))}
            </Pane>
            {shownFamily !== undefined && (
              <Pane name="questions" label="Questions" side>
                <QuestionList
                  key={`${turn} ${results.name} ${shownFamily.dataset} ${shownFamily.family}`}
                  feed={feed}
                  name={results.name}
                  {...shownFamily}
                />
              </Pane>
            )}
          </>
        )}
      </main>
    </>
  );
}

function entryLine({ datasets, model, fault, name, shortcuts, at }: AuditEntry): string {
  if (fault !== null) return `${name}: ${fault}`;
  const found = shortcuts === 0 ? 'no shortcut' : count(shortcuts, 'shortcut');
  return `${datasets.join(', ')} by ${model}: ${found}, ${clock(at)}`;
}

function aboutText({ label, maxFrames, samples, shuffles, temperature }: AuditResults): string {
  const model = label.step === null ? label.model : `${label.model}, step ${label.step}`;
  const how = temperature === 0 ? 'greedy' : `temperature ${temperature}`;
  return shownLine(
    `by ${model}; ${maxFrames} frames, ${how}, ${count(samples, 'answer')} of each kind, ${count(shuffles, 'shuffle')}`,
    120,
  );
}
