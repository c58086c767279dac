/** `video-r1 check`: what is wrong with a dataset, as a list that stays readable, or as JSON. */
import path from 'node:path';
import { type CheckOptions, checkDataset, type DatasetReport } from '../../data/dataset-check.ts';
import type { LengthSummary } from '../../data/dataset-statistics.ts';
import { type Finding, type FindingKind, findingKinds } from '../../data/finding.ts';
import { quote } from '../../rewards/reward.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  presetOptions,
  readOptions,
  readParameters,
  rootOptions,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

const phases = {
  rows: 'rows read, percent',
  content: 'files compared',
  media: 'files probed',
  frames: 'files decoded',
} as const;

export const checkCommand: CliCommand = {
  name: 'check',
  summary: 'look a dataset over: rows, media, duplicates',
  help: `
video-r1 check DATASET [--media] [--decode [--preset P] [--set NAME=VALUE …]] [--hash] [--against OTHER] [--limit N]
               [--fail-on-warnings] [--allow-root DIR …] [--json] [--ffmpeg PATH]

Says of every row what is wrong with it, with file and line, and what training does about it; then counts and lengths.
--media probes every video and image with ffprobe: cut off, empty, too small, too long, a picture named as a video.
--decode decodes of every video and image the frames that training takes, with the limits of --preset (paper) and --set,
and says which rows training would pass over; it takes about as long as the first round of training waits for media.
--hash finds media that lie there twice under different names, by their content.
--against names videos and images that OTHER, such as the evaluation split, has too. The same video encoded again has
another content and is not found.
--allow-root names a folder outside of the dataset's own that links among its videos and images may lead into.
--limit is how many findings of a kind are shown (5); --json writes all of them as one JSON object.
Ends with 0 when there is no error, 1 when there is one (or a warning, with --fail-on-warnings), 130 after Ctrl-C.

  video-r1 check data/rl.json --media --against data/eval.json`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...presetOptions,
        media: { type: 'boolean', default: false },
        decode: { type: 'boolean', default: false },
        hash: { type: 'boolean', default: false },
        against: { type: 'string' },
        limit: { type: 'string', default: '5' },
        'fail-on-warnings': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        ffmpeg: { type: 'string' },
        ...rootOptions,
      },
      1,
    );
    const file = positionals[0];
    if (file === undefined) throw usage('Name one dataset.');
    const limit = wholeNumber('limit', values.limit, 0);
    if (!values.decode && (values.set.length > 0 || values.preset !== presetOptions.preset.default))
      throw usage('--preset and --set belong to --decode.');
    const decodeAs = values.decode ? readParameters(values, 'tgrpo') : undefined;
    const lookWith = values.media || values.decode ? await findFfmpeg(values.ffmpeg) : undefined;
    const roots = allowedRoots(values);
    const line = new LiveLine(process.stderr, 2000);
    const words = { stopped: 'The check was stopped; nothing was written.', left: 'nothing was written' };
    return interruptible(words, async (signal) => {
      const onProgress: CheckOptions['onProgress'] = (phase, done, total) => {
        // Reading rows takes seconds: a log needs no line about it.
        if (process.stderr.isTTY || phase !== 'rows') line.show(`${phases[phase]} ${done}/${total}`);
      };
      const report = await checkDataset(file, {
        lookWith,
        decodeAs,
        compareContent: values.hash,
        against: values.against,
        allowedRoots: roots,
        signal,
        onProgress,
      }).finally(() => line.clear());
      if (values.json) process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
      else process.stdout.write(`${describeReport(report, limit)}\n`);
      const fails = report.errors > 0 || (values['fail-on-warnings'] && report.warnings > 0);
      return fails ? exitCodes.failed : exitCodes.done;
    });
  },
};

const number = (value: number) => value.toLocaleString('en-US');
const count = (value: number, noun: string) => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A path, or a place that begins with one, from the folder one stands in. */
function named(place: string): string {
  const relative = path.relative(process.cwd(), place);
  return relative.startsWith('..') ? place : relative;
}

function describeKind(kind: FindingKind, findings: readonly Finding[], limit: number): string[] {
  const { severity, title, training } = findingKinds[kind];
  const shown = findings.slice(0, limit).map((finding) => `  ${named(finding.place)}: ${finding.message}`);
  const more = findings.length - shown.length;
  return [
    `${severity} ${kind}, ${number(findings.length)}: ${title}; ${training}`,
    ...shown,
    ...(more > 0 && limit > 0 ? [`  and ${number(more)} more`] : []),
    '',
  ];
}

function countRows(title: string, counts: Readonly<Record<string, number>>, total: number): string[] {
  const most = 12;
  const entries = Object.entries(counts);
  const lines = entries.slice(0, most).map(([name, value], i) => {
    const share = `${((100 * value) / total).toFixed(1)}%`;
    const label = name === '' ? '(empty)' : quote(name, 36).slice(1, -1);
    return `${(i === 0 ? title : '').padEnd(14)}${label.padEnd(38)}${number(value).padStart(9)}${share.padStart(8)}`;
  });
  return entries.length > most ? [...lines, `${''.padEnd(14)}and ${entries.length - most} more`] : lines;
}

const lengthRow = (name: string, lengths: LengthSummary | null) =>
  lengths === null
    ? []
    : [
        `${name.padEnd(14)}median ${number(lengths.median)}, 95 of 100 below ${number(lengths.high95)}, longest ${number(lengths.longest)} characters`,
      ];

/** The report as text: findings by kind, the first few of each; then statistics; then one line that sums up. */
export function describeReport(report: DatasetReport, limit: number): string {
  const { findings, statistics } = report;
  const file = named(report.file);
  const byKind = Map.groupBy(findings, ({ kind }) => kind);
  const kinds = (Object.keys(findingKinds) as FindingKind[]).filter((kind) => byKind.has(kind));
  const found = kinds.flatMap((kind) => describeKind(kind, byKind.get(kind) ?? [], limit));
  const total = statistics.rows;
  const table =
    total === 0
      ? []
      : [
          ...countRows('data_type', statistics.dataTypes, total),
          ...countRows('problem_type', statistics.problemTypes, total),
          ...countRows('data_source', statistics.sources, total),
          ...countRows('', { 'with chain of thought': statistics.withProcess }, total),
          ...lengthRow('problem', statistics.lengths.problem),
          ...lengthRow('answer', statistics.lengths.answer),
          ...lengthRow('process', statistics.lengths.process),
          '',
        ];
  const verdict = report.refused ? 'training refuses the file' : `training can take ${number(report.sound)}`;
  return [
    ...found,
    ...table,
    `${file}: ${count(report.rows, 'row')} on ${number(statistics.media)} media, ${number(report.sound)} sound; ${verdict}. ${count(report.errors, 'error')}, ${count(report.warnings, 'warning')}.`,
  ].join('\n');
}
