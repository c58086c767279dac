/** Exports what the list shows, in its order, the first so many: to a file that the editor asks for, or as a download. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { ExportForm } from '../../trainer/protocol/messages.ts';
import type { ListSort } from '../../trainer/protocol/query/sort.ts';
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { grouped } from '../ui/numbers.ts';
import { Popover } from '../ui/popover.tsx';
import { say } from '../ui/said.tsx';
import { Segments } from '../ui/segments.tsx';
import { Button, TextField } from '../ui/toolkit.tsx';
import styles from './export-menu.module.css';
import { orderWords } from './list/columns.tsx';

interface ExportMenuProps {
  /** It stays in the page when it is closed, so that an export under way is there again when it is opened. */
  readonly open: boolean;
  readonly onClose: () => void;
  readonly feed: RunFeed;
  readonly host: Host;
  /** The filter that the list shows. */
  readonly line: string;
  /** Null: the newest first. */
  readonly sort: ListSort | null;
  /** Rollouts that the filter keeps; null until they are counted. */
  readonly matching: number | null;
  readonly onFlags: () => void;
}

const forms: readonly { readonly form: ExportForm; readonly label: string; readonly title: string }[] = [
  { form: 'html', label: 'Page to read', title: 'One HTML page with the frames, which anyone can open; at most 1,000' },
  { form: 'jsonl', label: 'JSONL', title: 'One JSON object a line, whole' },
  { form: 'parquet', label: 'Parquet', title: 'A table with a column for every number' },
];

interface UnderWay {
  readonly id: string;
  readonly done: number;
  readonly total: number | null;
}

export function ExportMenu({ open, onClose, feed, host, line, sort, matching, onFlags }: ExportMenuProps) {
  const [typed, setTyped] = useState('');
  const [fromWorst, setFromWorst] = useState(false);
  const [underWay, setUnderWay] = useState<UnderWay | null>(null);
  const field = useRef<HTMLElement>(null);
  const cancelling = useRef<HTMLButtonElement>(null);
  const limit = limitOf(typed);
  useEffect(
    () =>
      feed.connection.on('exports/progress', ({ id, done, total }) =>
        setUnderWay((held) => (held?.id === id ? { id, done, total } : held)),
      ),
    [feed],
  );

  const start = async (form: ExportForm) => {
    if (limit === 'faulty' || underWay) return;
    const order = fromWorst ? worstFirst : sort;
    const selection = { query: line, ...(order && { sort: order }), ...(limit !== null && { limit }) };
    if (host.place === 'vscode') {
      onClose();
      host.command({ command: 'export-rollouts', runId: feed.id, selection, form });
      return;
    }
    const id = crypto.randomUUID();
    setUnderWay({ id, done: 0, total: null });
    try {
      const { path, count } = await feed.request('rollouts/export', { id, selection, form });
      host.download(path);
      say(`${grouped(count)} ${count === 1 ? 'rollout' : 'rollouts'} exported.`);
      onClose();
    } catch (thrown) {
      if (asStudioError(thrown).kind === 'cancelled') {
        say('The export was cancelled; nothing of it is left.');
        onClose();
      } else {
        feed.fail(thrown);
        field.current?.focus();
      }
    } finally {
      setUnderWay(null);
    }
  };
  const cancel = () => {
    if (underWay)
      feed.connection.request('exports/cancel', { id: underWay.id }).catch((thrown: unknown) => feed.fail(thrown));
  };
  const isExporting = underWay !== null;
  useLayoutEffect(() => {
    /* What was pressed can't be pressed again, and lets go of the focus. */
    if (open && isExporting) cancelling.current?.focus();
  }, [open, isExporting]);
  if (!open) return null;
  return (
    <Popover
      label="Export"
      onClose={(by) => {
        if (!isExporting) onClose();
        else if (by === 'escape') cancel();
      }}
    >
      <div class={styles.form}>
        <p class="strong">{matching === null ? 'The rollouts' : grouped(matching)} of this list</p>
        <div class={styles.limit}>
          <span aria-hidden="true">only the first</span>
          <TextField
            label="How many of them; all when empty"
            placeholder="all"
            value={typed}
            invalid={limit === 'faulty'}
            fieldRef={field}
            onInput={setTyped}
          />
        </div>
        {limit === 'faulty' && <p role="alert">A whole number, from 1.</p>}
        {isWorstFirst(sort) ? (
          <p>{orderWords(sort)}</p>
        ) : (
          <Segments label="In which order">
            <button type="button" aria-pressed={!fromWorst} onClick={() => setFromWorst(false)}>
              {orderWords(sort)}
            </button>
            <button type="button" aria-pressed={fromWorst} onClick={() => setFromWorst(true)}>
              {orderWords(worstFirst)}
            </button>
          </Segments>
        )}
        <div class={styles.forms}>
          {forms.map(({ form, label, title }) => (
            <Button
              key={form}
              title={title}
              disabled={limit === 'faulty' || underWay !== null}
              onPress={() => void start(form)}
            >
              {label}
            </Button>
          ))}
        </div>
        {underWay && (
          <div class={styles.forms}>
            <progress
              aria-label="Exporting"
              {...(underWay.total !== null && { value: underWay.done, max: Math.max(1, underWay.total) })}
            />
            <span class="num">
              {underWay.total !== null && `${grouped(underWay.done)} of ${grouped(underWay.total)}`}
            </span>
            <button ref={cancelling} type="button" class="link" onClick={cancel}>
              Cancel <kbd>Esc</kbd>
            </button>
          </div>
        )}
        <button type="button" class="link" onClick={onFlags}>
          All flags of this run, as JSONL
        </button>
      </div>
    </Popover>
  );
}

function limitOf(typed: string): number | null | 'faulty' {
  const text = typed.trim().replaceAll(',', '');
  if (text === '') return null;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 'faulty';
}

/** For a colleague. */
const worstFirst: ListSort = { by: 'reward', descending: false };
const isWorstFirst = (sort: ListSort | null) => sort?.by === worstFirst.by && sort.descending === worstFirst.descending;
