/** When advisories were told and when they were over, whatever order the events of a page come in. */
import { expect, it } from 'vitest';
import type { RunEvent, RunEventBody } from '../../../trainer/protocol/records.ts';
import { emptyView, withEvents, withLists } from '../../../webview/state/run-view.ts';
import { type ToldAdvisory, withTold } from '../../../webview/state/told-advisories.ts';
import { aRun } from '../../store/records.ts';

const event = (seq: number, body: RunEventBody): RunEvent => ({ runId: 'tgrpo-1', seq, at: seq, body });
const begins = (seq: number, since: number, key = 'stalled') =>
  event(seq, {
    type: 'advisory',
    advisory: { key, rule: 'stalled', since, message: `From ${since}.`, numbers: {}, ways: [] },
  });
const ends = (seq: number, step: number, key = 'stalled') => event(seq, { type: 'advisory-ended', key, step });
const rewound = (seq: number, toStep: number) => event(seq, { type: 'rewound', toStep });

const all = [begins(1, 10), begins(2, 12, 'other'), ends(3, 20), begins(4, 30), ends(5, 40, 'other')];
const told = (events: readonly RunEvent[]) => events.reduce(withTold, []);
const words = (of: readonly ToldAdvisory[]) =>
  of.map(({ advisory: { key, since }, ended }) => `${key} ${since} to ${ended}`);

it('each stands until it is over, and one that is told anew ends the one before', () => {
  expect(words(told(all))).toEqual(['stalled 10 to 20', 'other 12 to 40', 'stalled 30 to null']);
  expect(words(told([begins(1, 10), begins(2, 15)]))).toEqual(['stalled 10 to 15', 'stalled 15 to null']);
});

it('events that come again change nothing', () => {
  expect(told([...all, ...all])).toEqual(told(all));
});

it('a going back takes away what was said since, and what was over since stands again', () => {
  expect(words(told([...all, rewound(6, 25)]))).toEqual(['stalled 10 to 20', 'other 12 to null']);
  expect(words(told([...all, rewound(6, 11)]))).toEqual(['stalled 10 to null']);
});

it('a page has them from the list of notices and from events, and those that stand in its summary', () => {
  const early = withLists(emptyView(aRun(), 0), { notices: all.slice(0, 3) }, []);
  const view = withEvents({ ...early, seq: 3 }, all.slice(3));
  expect(words(view.told)).toEqual(words(told(all)));
  expect(withEvents(emptyView(aRun(), 0), all).run.advisories?.map(({ key, since }) => [key, since])).toEqual([
    ['stalled', 30],
  ]);
  const back = withEvents(emptyView(aRun(), 0), [...all, rewound(6, 25)]);
  expect(back.run.advisories).toEqual([]);
  expect(words(back.told)).toEqual(['stalled 10 to 20', 'other 12 to null']);
});
