/** The checkpoints that are on disk: what keeps each, what they take, and what can be made of them. */
import { useEffect, useState } from 'preact/hooks';
import { evaluationOf, keptBecause, keptWords, ruleWords } from '../../trainer/protocol/checkpoint-keeping.ts';
import type { ShelfState } from '../../trainer/protocol/checkpoint-shelf.ts';
import { type CommandRequest, refusal } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Checkpoint } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { dateWords } from '../../trainer/protocol/run-words.ts';
import type { Host } from '../host.ts';
import { metricOf } from '../state/metric-columns.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { clock, fileSize, fixed, grouped } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import { CheckpointComparison } from './checkpoint-comparison.tsx';
import styles from './checkpoint-list.module.css';
import { DeletePanel, ForkPanel, PinPanel } from './checkpoint-panels.tsx';

interface CheckpointListProps {
  readonly feed: RunFeed;
  readonly view: RunView;
  readonly runs: readonly RunSummary[];
  readonly host: Host;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
  /** To two evaluations side by side. */
  readonly onCompare: (first: string, second: string) => void;
  readonly onRun: (runId: string) => void;
}

type Opened = { readonly what: 'pin' | 'fork' | 'delete' | 'compare'; readonly step: number };

export function CheckpointList({ feed, view, runs, host, noTrainer, onCompare, onRun }: CheckpointListProps) {
  const { run, checkpoints, evaluations, metrics } = view;
  const [opened, setOpened] = useState<Opened | null>(null);
  const shelf = useShelf(feed, checkpoints, noTrainer);
  const kept = keptBecause(checkpoints, run.parameters, {
    evaluations,
    metric: (name, step) => metricOf(metrics, name, step),
  });
  const close = () => setOpened(null);
  const bytes = checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const save: CommandRequest = { kind: 'save' };
  const aside = shelf && shelf.asideBytes > 0 ? `, ${fileSize(shelf.asideBytes)} put aside` : '';
  const free = shelf ? `, ${fileSize(shelf.freeBytes)} free` : '';
  const meta =
    checkpoints.length === 0
      ? `none yet${free}`
      : `${checkpoints.length} kept, ${fileSize(bytes)}${aside}${free}; ${ruleWords(run.parameters)}`;
  const steps = checkpoints.map(({ step }) => step);
  return (
    <section class={styles.list} aria-label="Checkpoints">
      <Section
        title="Checkpoints"
        meta={<span title={meta}>{meta}</span>}
        tools={
          <Tool
            icon="save"
            label="Save now"
            refused={noTrainer ?? refusal(save, run, runs)}
            onPress={() => void feed.command(save)}
          />
        }
      />
      {checkpoints.length > 0 && (
        <table>
          <thead>
            <tr>
              <th class="num">step</th>
              <th>saved</th>
              <th class="num">accuracy</th>
              <th class="num">size</th>
              <th>kept because</th>
              <th>
                <span class="sr-only">actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {checkpoints.map((checkpoint) => {
              const { id, step, at, sizeBytes, folder, pin } = checkpoint;
              const held = shelf?.checkpoints.find((each) => each.step === step);
              const evaluation = evaluationOf(step, evaluations);
              const words = keptWords(kept.get(id) ?? []);
              const panel = opened?.step === step ? opened.what : null;
              return [
                <tr key={id} data-checkpoint={id} tabIndex={-1} title={shownLine(folder)}>
                  <td class="num">{grouped(step)}</td>
                  <td class="dim" title={dateWords(at)}>
                    {clock(at).slice(0, 5)}
                  </td>
                  <td
                    class="num"
                    title={
                      evaluation
                        ? `${grouped(evaluation.all.count)} questions of ${shownLine(evaluation.dataset)}`
                        : undefined
                    }
                  >
                    {fixed(evaluation?.all.ordered ?? null, 3)}
                  </td>
                  <td class="num dim">{fileSize(sizeBytes)}</td>
                  <td class="wide">
                    {pin && <Icon name="pin" />} {shownLine(words)}
                    {held && held.usedBy.length > 0 && <span class="dim">; {held.usedBy.join(', ')} made from it</span>}
                    {held?.fault && <span class={styles.fault}> Can’t be used: {held.fault}.</span>}
                  </td>
                  <td class={`num ${styles.more}`}>
                    <Menu
                      icon="more"
                      label={`Actions of checkpoint ${step}`}
                      items={actionsOf(checkpoint, { run, runs, noTrainer, several: steps.length > 1 }, (what) => {
                        if (what === 'resume') void feed.command({ kind: 'resume', from: step });
                        else if (what === 'unpin') void feed.command({ kind: 'unpin', step });
                        else if (what === 'delete' && host.place === 'vscode')
                          host.command({ command: 'delete-checkpoint', runId: run.id, step });
                        else setOpened({ what, step });
                      })}
                    />
                  </td>
                </tr>,
                panel !== null && panel !== 'compare' && (
                  <tr key={`${id} ${panel}`}>
                    <td colSpan={6}>
                      {panel === 'pin' && <PinPanel {...{ feed, checkpoint }} onClose={close} />}
                      {panel === 'fork' && <ForkPanel {...{ feed, checkpoint, run }} onMade={onRun} onClose={close} />}
                      {panel === 'delete' && <DeletePanel {...{ feed, checkpoint }} onClose={close} />}
                    </td>
                  </tr>
                ),
              ];
            })}
          </tbody>
        </table>
      )}
      {opened?.what === 'compare' && steps.includes(opened.step) && (
        <CheckpointComparison
          key={opened.step}
          {...{ feed, host }}
          first={opened.step}
          others={steps.filter((step) => step !== opened.step)}
          onEvaluations={onCompare}
          onClose={close}
        />
      )}
    </section>
  );
}

/** How the checkpoints lie on the disk, asked for anew when they change. */
function useShelf(feed: RunFeed, checkpoints: readonly Checkpoint[], noTrainer: string | null): ShelfState | null {
  const [shelf, setShelf] = useState<ShelfState | null>(null);
  const held = checkpoints.map(({ id, at }) => `${id} ${at}`).join();
  useEffect(() => {
    if (noTrainer !== null) return;
    feed.request('checkpoints/state', {}).then(setShelf, (thrown: unknown) => feed.fail(thrown));
  }, [feed, held, noTrainer]);
  return shelf;
}

type Action = Opened['what'] | 'resume' | 'unpin';

function actionsOf(
  { step, pin }: Checkpoint,
  {
    run,
    runs,
    noTrainer,
    several,
  }: {
    readonly run: RunSummary;
    readonly runs: readonly RunSummary[];
    readonly noTrainer: string | null;
    readonly several: boolean;
  },
  act: (action: Action) => void,
): MenuItem[] {
  const item = (label: string, action: Action, refused: string | null): MenuItem => ({
    ...{ label, refused: noTrainer ?? refused },
    onPress: () => act(action),
  });
  return [
    item('Resume from here', 'resume', refusal({ kind: 'resume', from: step }, run, runs)),
    item('Fork from here…', 'fork', null),
    item('Compare with…', 'compare', several ? null : 'there is no other checkpoint'),
    item(pin ? 'Change the note…' : 'Pin…', 'pin', null),
    ...(pin ? [item('Unpin', 'unpin', null)] : []),
    item('Delete…', 'delete', refusal({ kind: 'remove-checkpoint', step }, run, runs)),
  ];
}
