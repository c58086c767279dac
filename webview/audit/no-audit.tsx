/** What the page of audits says while a project has none: what one is, and the command that makes it. */
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Blank } from '../ui/blank.tsx';
import { count, duration } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import { auditCommandLine } from './command-line.ts';
import styles from './no-audit.module.css';

export function NoAudit({ feed, host }: { feed: RunFeed; host: Host }) {
  const run = useStore(feed.state, ({ view }) => view.run);
  const trainer = useStore(feed.connection.state, (state) => state.trainer);
  const line =
    trainer &&
    auditCommandLine({ dataset: run.evaluationDataset ?? run.dataset, run: run.id, project: trainer.folder });
  return (
    <Blank>
      <p class="strong">No dataset of this project has been audited.</p>
      <p class="dim">
        An audit asks every question with and without its video, its order and its text, and names the families that do
        not need what they ask for. Every question is kept as soon as it is answered.
      </p>
      <Cost feed={feed} />
      {host.place === 'vscode' && (
        <p>
          <Button primary onPress={() => host.command({ command: 'audit-dataset' })}>
            Audit Dataset…
          </Button>
        </p>
      )}
      {line !== null && (
        <>
          <code class={`${styles.line} mono model-text`}>
            {shownLine(line, 2000)
              .split(/ (?=--)/)
              .flatMap((part, at) => (at === 0 ? [part] : [' ', <OptionOf key={part} part={part} />]))}
          </code>
          <p>
            <Button onPress={() => void host.copy(line, 'Command').catch((thrown: unknown) => feed.fail(thrown))}>
              Copy
            </Button>
          </p>
        </>
      )}
    </Blank>
  );
}

/** Before it is started: of the dataset that the command names. */
function Cost({ feed }: { feed: RunFeed }) {
  const cost = useFetched(feed, feed.id, () =>
    feed.request('audits/cost', {}).catch((thrown: unknown) => asStudioError(thrown).message),
  );
  if (cost === null) return null;
  if (typeof cost === 'string') return <p data-part="cost">What it takes can’t be told: {shownLine(cost, 300)}</p>;
  const { dataset, questions, answers, scored, ms } = cost;
  return (
    <p data-part="cost">
      {shownLine(dataset, 60)}: {count(questions, 'question')}, at most {count(answers, 'answer')}
      {scored > 0 && `, and of ${count(scored, 'video')} those that are right scored again in other orders`}
      {ms === null
        ? '; how long is not known before the run has sampled.'
        : `; about ${duration(Math.max(1000, ms))} at the pace of this run’s last step.`}
    </p>
  );
}

/** An option's name is not broken behind its dashes. */
function OptionOf({ part }: { part: string }) {
  const end = part.indexOf(' ');
  return (
    <>
      <span class={styles.option}>{part.slice(0, end)}</span>
      {part.slice(end)}
    </>
  );
}
