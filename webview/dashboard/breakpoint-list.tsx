/** The breakpoints of the run: where each is asked and what it was hit by so far; added, changed and taken away here. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Breakpoint } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { type BreakpointChange, breakpointsOf } from '../../trainer/protocol/breakpoints/changes.ts';
import { readyMades, readyMadesFor } from '../../trainer/protocol/breakpoints/ready-made.ts';
import { hitState } from '../../trainer/protocol/breakpoints/words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { BreakpointMark } from '../ui/breakpoint-mark.tsx';
import { Section } from '../ui/heads.tsx';
import { Menu } from '../ui/menu.tsx';
import { Tool } from '../ui/tool.tsx';
import { BreakpointForm } from './breakpoint-form.tsx';
import styles from './breakpoint-list.module.css';

interface BreakpointListProps {
  readonly feed: RunFeed;
  readonly run: RunSummary;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly noTrainer: string | null;
}

export function BreakpointList({ feed, run, noTrainer }: BreakpointListProps) {
  /* The number of the one that is edited. */
  const [form, setForm] = useState<'add' | number | null>(null);
  const hitNow = run.state === 'paused' ? run.hit?.number : undefined;
  const list = breakpointsOf(run).toSorted((a, b) => Number(b.number === hitNow) - Number(a.number === hitNow));
  const ask = (change: BreakpointChange) => void feed.command({ kind: 'break', change });
  const box = useRef<HTMLElement>(null);
  /* A form that is left gives the focus to what it was about. */
  const before = useRef(form);
  useLayoutEffect(() => {
    const left = before.current;
    before.current = form;
    if (form !== null || left === null || document.activeElement !== document.body) return;
    const about = left === 'add' ? 'button[aria-label^="Add a breakpoint"]' : `[data-breakpoint="${left}"]`;
    box.current?.querySelector<HTMLElement>(about)?.focus();
  }, [form]);
  return (
    <section ref={box} class={styles.list} aria-label="Breakpoints">
      <Section
        title="Breakpoints"
        meta={list.length === 0 ? 'none' : String(list.length)}
        tools={
          <>
            <Menu
              icon="star"
              label="Add a ready-made breakpoint"
              items={readyMadesFor(run.method).map((name) => {
                const { label, condition, help } = readyMades[name];
                return {
                  ...{ label, refused: noTrainer, title: `${condition}: ${help}` },
                  onPress: () => ask({ do: 'add', condition, logOnly: false }),
                };
              })}
            />
            <Tool
              icon="plus"
              label="Add a breakpoint"
              expanded={form === 'add'}
              refused={noTrainer}
              onPress={() => setForm(form === 'add' ? null : 'add')}
            />
          </>
        }
      />
      {form === 'add' && <BreakpointForm run={run} held={null} onChange={ask} onLeave={() => setForm(null)} />}
      {list.length > 0 && (
        <table class={styles.table}>
          <colgroup>
            <col class={styles.number} />
            <col />
            <col class={`far ${styles.point}`} />
            <col class={styles.hits} />
            <col class={styles.actions} />
          </colgroup>
          <thead class="sr-only">
            <tr>
              <th>number</th>
              <th>condition</th>
              <th>safe point</th>
              <th>hits</th>
              <th>actions</th>
            </tr>
          </thead>
          <tbody>
            {list.map((held) =>
              form === held.number ? (
                <tr key={held.number}>
                  <td colSpan={5} class={styles.editor}>
                    <BreakpointForm run={run} held={held} onChange={ask} onLeave={() => setForm(null)} />
                  </td>
                </tr>
              ) : (
                <Row
                  key={held.number}
                  {...{ held, noTrainer, ask }}
                  isHit={held.number === hitNow}
                  onEdit={() => setForm(held.number)}
                />
              ),
            )}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface RowProps {
  readonly held: Breakpoint;
  /** The run is paused by it. */
  readonly isHit: boolean;
  readonly noTrainer: string | null;
  readonly ask: (change: BreakpointChange) => void;
  readonly onEdit: () => void;
}

function Row({ held, isHit, noTrainer, ask, onEdit }: RowProps) {
  const { number, condition, at, logOnly, enabled } = held;
  const state = hitState(held, isHit);
  const shown = shownLine(condition);
  const toggle = () => ask({ do: enabled ? 'disable' : 'enable', number });
  const items = [
    { label: 'Edit', onPress: onEdit },
    { label: enabled ? 'Disable' : 'Enable', onPress: toggle },
    { label: logOnly ? 'Pause when hit' : 'Log only', onPress: () => ask({ do: 'edit', number, logOnly: !logOnly }) },
    { label: 'Remove', onPress: () => ask({ do: 'remove', number }) },
  ];
  return (
    <tr class={isHit ? styles.hit : undefined} data-breakpoint={number} tabIndex={-1}>
      <td class={styles.numbered}>
        <button
          type="button"
          class={styles.mark}
          aria-pressed={enabled}
          aria-disabled={noTrainer !== null ? 'true' : undefined}
          title={noTrainer ?? `${enabled ? 'Disable' : 'Enable'} breakpoint ${number}`}
          aria-label={`Breakpoint ${number} enabled`}
          onClick={() => {
            if (noTrainer === null) toggle();
          }}
        >
          <BreakpointMark kind={enabled ? (logOnly ? 'log' : 'pause') : 'off'} />
        </button>
        {number}
      </td>
      <td class={`mono ${styles.condition}`} title={shown}>
        {shown}
      </td>
      <td class="dim far">{at}</td>
      <td class={`${styles.state} num ${isHit ? '' : 'dim'}`}>{state}</td>
      <td class={styles.menu}>
        <Menu
          icon="more"
          label={`Breakpoint ${number}`}
          items={items.map((item) => ({ ...item, refused: noTrainer }))}
        />
      </td>
    </tr>
  );
}
