/** The page of a dataset's file: its rows at the left, one of them at the right, or one of both where the page is narrow. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import { anyLabel } from '../../trainer/protocol/dataset-editor.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { AgreementStrip } from '../rollout/agreement-strip.tsx';
import { selectedSpan } from '../rollout/completion-text.tsx';
import { Blank } from '../ui/blank.tsx';
import { KeyHelp } from '../ui/key-help.tsx';
import { type ActionOf, type Handlers, helpRows, type KeyRow, keyMap } from '../ui/key-table.ts';
import { useKeys } from '../ui/keys.ts';
import { Notice } from '../ui/notice.tsx';
import { grouped } from '../ui/numbers.ts';
import { Said } from '../ui/said.tsx';
import { useStore } from '../ui/store.ts';
import { Tabs } from '../ui/tabs.tsx';
import { Button } from '../ui/toolkit.tsx';
import { useNarrow } from '../ui/use-narrow.ts';
import type { DatasetModel } from './dataset-model.ts';
import styles from './dataset-page.module.css';
import { RowList } from './row-list.tsx';
import { RowView, thinkId } from './row-view.tsx';

/** The widest page, in CSS pixels, that shows the list or the row. */
const narrowest = 760;
const leap = 10;

const datasetKeys = [
  { meaning: 'next and last row', keys: { j: 'next', k: 'last', ArrowDown: 'next', ArrowUp: 'last' } },
  { meaning: 'ten rows on and back', keys: { '>': 'leap', '<': 'leapBack' } },
  { meaning: 'first and last row of the list', keys: { Home: 'first', End: 'end' } },
  { meaning: 'search', keys: { '/': 'search' } },
  { meaning: 'changed rows alone, or all', keys: { m: 'changed' } },
  { meaning: 'rows changed since the last commit, or all', keys: { h: 'head' } },
  { meaning: 'labelled rows alone, or all', keys: { b: 'labelled' } },
  { meaning: 'verdict keep, fix, drop, at once', keys: { K: 'keep', F: 'fix', D: 'drop' } },
  { meaning: 'settle what people differ in: then keep, fix or drop', keys: { S: 'settle' } },
  { meaning: 'flag the selected passage or the row, give a verdict', keys: { x: 'flag' } },
  { meaning: 'carry your flags of an earlier text over to this one', keys: { c: 'carryOver' } },
  { meaning: 'accept, dismiss what is suggested', keys: { Y: 'accept', X: 'dismiss' } },
  { meaning: 'take back what was said last', keys: { u: 'undoFlag' } },
  { meaning: 'edit the chain of thought', keys: { F2: 'edit' } },
  { meaning: 'edit the question, the solution', keys: { q: 'editProblem', s: 'editSolution' } },
  { meaning: 'show the row, where the page is narrow', keys: { Enter: 'open' } },
  { meaning: 'leave the text, the search, the row', keys: { Escape: 'back' } },
  { meaning: 'all keys', keys: { '?': 'help' } },
] as const satisfies readonly KeyRow<string>[];

export function DatasetPage({ model }: { model: DatasetModel }) {
  const { file, search, reading, failed, row, agreement } = useStore(model.state, (state) => state);
  const named = useMemo(() => categoryNamedIn(model.categories), [file]);
  const narrow = useNarrow(narrowest);
  const [showsRow, setShowsRow] = useState(false);
  const [help, setHelp] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const changed = () => model.search({ isChanged: !search?.isChanged });
  const flag = () => {
    const text = document.getElementById(thinkId);
    model.flag(text ? selectedSpan(text) : null);
    window.getSelection()?.removeAllRanges();
  };
  const handlers: Handlers<ActionOf<typeof datasetKeys>> = {
    next: () => model.move(1),
    last: () => model.move(-1),
    leap: () => model.move(leap),
    leapBack: () => model.move(-leap),
    first: () => model.move(-model.listed),
    end: () => model.move(model.listed),
    search: () => {
      const enter = () => {
        searchField.current?.focus();
        searchField.current?.select();
      };
      // At once: a key that follows is typed there. Where the page is narrow it is drawn first.
      if (searchField.current) return enter();
      setShowsRow(false);
      setTimeout(enter);
    },
    changed,
    edit: () => model.edit('process'),
    editProblem: () => model.edit('problem'),
    editSolution: () => model.edit('solution'),
    open: (event) => {
      if (!narrow || (event.target instanceof Element && event.target.closest('button'))) return false;
      setShowsRow(true);
    },
    back: () => {
      if (narrow && showsRow) setShowsRow(false);
      else if (model.flagging.state.get().draft) model.flagging.leave();
      else if (model.state.get().settling) model.toggleSettling();
      else if (search) model.search({ text: '', isChanged: false, label: null });
      else return false;
    },
    keep: () => void model.judge('keep'),
    fix: () => void model.judge('fix'),
    drop: () => void model.judge('drop'),
    settle: () => model.toggleSettling(),
    flag,
    carryOver: () => void model.carryOver(),
    accept: () => void model.answerSuggestion(true),
    dismiss: () => void model.answerSuggestion(false),
    undoFlag: () => void model.flagging.undo(),
    head: () => (search?.sinceHead ? model.search({ text: '', isChanged: false, label: null }) : model.compareHead()),
    labelled: () => model.search({ label: search?.label ? null : anyLabel }),
    help: () => setHelp(true),
  };
  useKeys(keyMap(datasetKeys, handlers));
  useEffect(() => {
    document.title = file ? shownLine(file.name) : 'Dataset';
  }, [file?.name]);
  if (!file) return <Blank status>The file is being opened.</Blank>;
  return (
    <main class={styles.page}>
      <h1 class="sr-only">Rows of {shownLine(file.name)}</h1>
      {file.indexed < 1 && <progress class={styles.progress} value={file.indexed} aria-label="Rows being found" />}
      {file.outside !== null ? (
        <Notice
          kind="warning"
          title="Changed outside."
          actions={
            <>
              <Button primary onPress={() => model.loadAgain()}>
                Load Again
              </Button>
              <Button onPress={() => model.keep()}>Not Now</Button>
            </>
          }
        >
          {shownLine(file.outside, 2000)}
        </Notice>
      ) : failed !== null ? (
        <Notice kind="error" title="Not done." actions={<Button onPress={() => model.forgetFailure()}>Close</Button>}>
          {shownLine(failed, 2000)}
        </Notice>
      ) : (
        file.fault !== null && (
          <Notice kind="error" title="The file can not be read to its end.">
            {shownLine(file.fault, 2000)}
          </Notice>
        )
      )}
      {narrow && (
        <Tabs
          panes={[
            ['rows', 'Rows'],
            ['row', `Row ${grouped(row + 1)}`],
          ]}
          shown={showsRow ? 'row' : 'rows'}
          onShow={(pane) => setShowsRow(pane === 'row')}
        />
      )}
      <div class={styles.panes}>
        {(!narrow || !showsRow) && (
          <RowList
            model={model}
            searchField={searchField}
            onHelp={() => setHelp(true)}
            onOpen={() => setShowsRow(true)}
          />
        )}
        {(!narrow || showsRow) &&
          (file.rowCount === 0 ? (
            <Blank>No row.</Blank>
          ) : reading === null ? (
            <Blank status>The row is being read.</Blank>
          ) : (
            <RowView model={model} reading={reading} />
          ))}
      </div>
      {agreement && (
        <AgreementStrip
          agreement={agreement}
          named={named}
          onSettle={() => model.search({ label: { ...anyLabel, verdict: 'unsettled' } })}
        />
      )}
      <Said />
      {help && <KeyHelp rows={helpRows(datasetKeys)} onClose={() => setHelp(false)} />}
    </main>
  );
}
