/** The tables of an audit, and what to read in them. */
import { plain, type Report, type Table } from '../evaluation/table.ts';
import { orderFloor } from '../evidence/order-rule.ts';
import { nats } from '../evidence/verdict.ts';
import {
  type AuditCue,
  type AuditedDataset,
  type AuditResults,
  type AuditSlice,
  auditCues,
} from '../protocol/audit.ts';
import { verdictWords } from '../protocol/audit-words.ts';
import type { Proportion } from '../protocol/proportion.ts';
import { leastQuestions, mostUnused } from './verdict.ts';

const none = '-';
const percent = (share: number) => (100 * share).toFixed(0);
/** `94 (72-99)`, in percent. */
const shareText = (one: Proportion | null | undefined) =>
  one ? `${percent(one.share)} (${percent(one.low)}-${percent(one.high)})` : none;

const cueText = ({ cues }: AuditSlice, wanted: AuditCue) => shareText(cues.find(({ cue }) => cue === wanted)?.right);

/** `4.4 (2.4 to 6.5)`, in nats. */
function worthText({ order }: AuditSlice): string {
  if (order === null) return none;
  const { mean, low, high } = order.worth;
  return low === null || high === null ? nats(mean) : `${nats(mean)} (${nats(low)} to ${nats(high)})`;
}

const head = ['n', 'guess', 'as seen', ...auditCues, 'order worth', 'unused'];

const row = (name: string, slice: AuditSlice): string[] => [
  name,
  String(slice.count),
  percent(slice.guess),
  shareText(slice.seen),
  ...auditCues.map((cue) => cueText(slice, cue)),
  worthText(slice),
  slice.order?.unused ? percent(slice.order.unused.share) : none,
];

const nameOf = ({ name }: AuditSlice) => `  ${plain(name, 28)}`;

function datasetTables({ name, all, byType, byFamily }: AuditedDataset): Table[] {
  const group = (title: string, slices: readonly AuditSlice[]) => [
    [title, ...head.map(() => '')],
    ...slices.map((slice) => row(nameOf(slice), slice)),
  ];
  const verdicts = byFamily.flatMap((slice) =>
    slice.verdict === null ? [] : [[`${nameOf(slice)}: ${verdictWords({ ...slice, verdict: slice.verdict })}`]],
  );
  return [
    {
      title: '',
      head: [plain(name, 30), ...head],
      rows: [row('all', all), ...group('by type', byType), ...group('by family', byFamily)],
    },
    { title: '', head: [`What ${plain(name, 30)} asks for`], rows: verdicts },
  ];
}

/** `tgrpo-1, step 200` */
const labelOf = ({ label }: AuditResults) =>
  label.step === null ? plain(label.model, 80) : `${plain(label.model, 80)}, step ${label.step}`;

const rowsText = ({ name, all, rowsThat }: AuditedDataset) =>
  `${plain(name, 30)}: of ${all.count} rows ${rowsThat['needs video']} need the video or image, ${rowsThat['without video']} are right without, ${rowsThat['needs order']} need the order of the frames.`;

export function auditReport(results: AuditResults): Report {
  const { datasets, samples, shuffles, temperature, maxFrames, seed } = results;
  const partial = datasets.filter(({ all, rows }) => all.count + all.skipped < rows);
  const skipped = datasets.filter(({ all }) => all.skipped > 0);
  return {
    title: `Audit of ${datasets.map(({ name }) => plain(name, 40)).join(', ')} by ${labelOf(results)}`,
    lines: [
      `At most ${maxFrames} frames a video; ${temperature === 0 ? 'greedy' : `temperature ${temperature}`}, ${samples === 1 ? 'one answer' : `${samples} answers`} of each kind, ${shuffles} shuffles, seed ${seed}. Right answers in percent, with 95 % intervals.`,
      ...partial.map(
        ({ name, all, rows }) =>
          `${plain(name)}: ${all.count + all.skipped} of ${rows} rows, drawn at random by the seed.`,
      ),
    ],
    tables: datasets.flatMap(datasetTables),
    notes: [
      ...datasets.map(rowsText),
      `guess: right by a guess that knows nothing. no video: the video or image is left out; blind: frames without content in its place; one frame: the middle one in every place; any order: right under each of ${shuffles} shuffles.`,
      `order worth: what shuffling costs a right answer, in nats; unused: share of right answers that do not use the order (below ${orderFloor} nats, or twice the error over the shuffles).`,
      `A shortcut: as many right without it as with it and more than by a guess, by 95 % intervals; or order worth below ${orderFloor}, or unused above ${percent(mostUnused)} by the lower bound, where the dataset says that order is needed. Of fewer than ${leastQuestions} questions nothing is said.`,
      ...skipped.map(
        ({ name, all }) =>
          `${plain(name)}: ${all.skipped} skipped, as their media could not be read or their prompts are too long.`,
      ),
    ],
  };
}
