/** What opens below a checkpoint of the list: its pin, a run that goes on from it, and the question before it is deleted. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CheckpointRemoval } from '../../trainer/protocol/checkpoint-shelf.ts';
import { pinNote } from '../../trainer/protocol/commands.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Checkpoint } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { runName } from '../../trainer/protocol/runfile.ts';
import { seedsOf, stepsAgain } from '../../trainer/protocol/seed-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { fileSize, grouped } from '../ui/numbers.ts';
import { Button, TextField } from '../ui/toolkit.tsx';
import styles from './checkpoint-panels.module.css';
import { forkParameters } from './fork-parameters.ts';

interface PanelProps {
  readonly feed: RunFeed;
  readonly checkpoint: Checkpoint;
  readonly onClose: () => void;
}

interface FormProps {
  readonly label: string;
  /** What is wrong with what is typed; null where it can be sent. */
  readonly fault: string | null;
  readonly send: string;
  readonly onSend: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** It takes the focus, so that what is typed next goes into it and is no key of the page; then the focus is where it was. */
function Form({ label, fault, send, onSend, onClose, children }: FormProps) {
  const box = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    const before = document.activeElement;
    /* Of a question without a field: what does nothing. */
    const first = current?.querySelector<HTMLElement>('vscode-text-field, vscode-button:last-of-type');
    first?.focus();
    return () => {
      if (current?.contains(document.activeElement) && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <fieldset
      ref={box}
      class={styles.panel}
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && fault === null && (event.target as Element).tagName === 'VSCODE-TEXT-FIELD') {
          /* Else it would press what has the focus by then. */
          event.preventDefault();
          onSend();
        }
        if (event.key === 'Escape') onClose();
        else return;
        event.stopPropagation();
      }}
    >
      {children}
      {fault && (
        <p class={styles.fault} role="alert">
          {shownLine(fault)}
        </p>
      )}
      <p class={styles.actions}>
        <Button primary disabled={fault !== null} onPress={onSend}>
          {send}
        </Button>
        <Button onPress={onClose}>Cancel</Button>
      </p>
    </fieldset>
  );
}

export function PinPanel({ feed, checkpoint, onClose }: PanelProps) {
  const { step, pin } = checkpoint;
  const [note, setNote] = useState(pin?.note ?? '');
  return (
    <Form
      label={`Pin checkpoint ${step}`}
      fault={pinNote.safeParse(note.trim()).success ? null : 'A note has 200 letters at most.'}
      send={pin ? 'Change the note' : 'Pin'}
      onSend={() => {
        void feed.command({ kind: 'pin', step, note: note.trim() });
        onClose();
      }}
      onClose={onClose}
    >
      <p>Keeps the checkpoint of step {step} until it is unpinned. Why? Every window shows it.</p>
      <TextField class={styles.line} label="Note" value={note} onInput={setNote} />
    </Form>
  );
}

/** What a fork costs a run that is held in a step: another run takes its memory. */
function costWords(run: RunSummary): string {
  if (run.state !== 'paused' || run.memory !== 'held') return '';
  if (run.at.point === 'before-step' || run.at.point === 'after-update') return '';
  return `, but for step ${grouped(run.step + 1)}: what was done of it, at ${run.at.point}, is given up, with all that was changed before its update, and it is made anew when this run goes on`;
}

export function ForkPanel({
  feed,
  checkpoint,
  run,
  onMade,
  onClose,
}: PanelProps & {
  readonly run: RunSummary;
  readonly onMade: (runId: string) => void;
}) {
  const { step } = checkpoint;
  const [name, setName] = useState(run.name);
  const [typed, setTyped] = useState('');
  const read = forkParameters(typed);
  const nameFault = runName.safeParse(name).error?.issues[0]?.message ?? null;
  return (
    <Form
      label={`Fork from checkpoint ${step}`}
      fault={nameFault ?? ('fault' in read ? read.fault : null)}
      send="Fork"
      onSend={() => {
        if ('fault' in read) return;
        void feed.fork(step, { name, parameters: read.changes }).then((made) => {
          if (made === null) return;
          onClose();
          onMade(made);
        });
      }}
      onClose={onClose}
    >
      <p>
        A new run goes on from step {step}; this one stays as it is{costWords(run)}. {stepsAgain(seedsOf(run))}
      </p>
      <div class={styles.fields}>
        <span>name</span>
        <TextField class={styles.line} label="Name of the new run" value={name} onInput={setName} />
        <span>changed parameters</span>
        <TextField
          class={styles.line}
          label="Changed parameters"
          placeholder="learningRate=5e-5 beta=0.02"
          value={typed}
          invalid={'fault' in read}
          onInput={setTyped}
        />
      </div>
    </Form>
  );
}

export function DeletePanel({ feed, checkpoint, onClose }: PanelProps) {
  const { step, sizeBytes } = checkpoint;
  const [removal, setRemoval] = useState<CheckpointRemoval | null>(null);
  useEffect(() => {
    feed.request('checkpoints/removal', { step }).then(setRemoval, (thrown: unknown) => {
      feed.fail(thrown);
      onClose();
    });
  }, [step]);
  return (
    <Form
      label={`Delete checkpoint ${step}`}
      fault={null}
      send="Delete permanently"
      onSend={() => {
        if (removal === null) return;
        void feed.command({ kind: 'remove-checkpoint', step, confirmed: true });
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        {removal?.asks.map((ask) => (
          <span key={ask} class={styles.ask}>
            {shownLine(ask)}{' '}
          </span>
        ))}
        The checkpoint of step {step}, {fileSize(sizeBytes)}, is deleted from the disk. This can’t be undone.
      </p>
    </Form>
  );
}
