/** `video-r1 annotations`: what people say of rows and rollouts, from a shell and without a trainer running. */
import { labelForms } from '../../annotations/export/export-labels.ts';
import { type CliCommand, oneOf, usage } from '../terminal/command.ts';
import { applyLabels } from './annotations-apply.ts';
import { dealRows } from './annotations-deal.ts';
import { exportProjectLabels } from './annotations-export.ts';
import { importLabels } from './annotations-import.ts';
import { packItems } from './annotations-pack.ts';
import { reportLabels } from './annotations-stats.ts';

const parts = {
  stats: reportLabels,
  export: exportProjectLabels,
  import: importLabels,
  apply: applyLabels,
  pack: packItems,
  deal: dealRows,
} satisfies Record<string, (args: readonly string[]) => Promise<number>>;

const names = Object.keys(parts) as (keyof typeof parts)[];

export const annotationsCommand: CliCommand = {
  name: 'annotations',
  summary: 'labels of a project: count and compare them, hand them out and in, clean a dataset by them',
  help: `
video-r1 annotations stats [--html FILE] [--limit N] [--json] [--folder DIR]
video-r1 annotations export --form FORM --out FILE [--author WHO] [--category ID] [--verdict VERDICT] [--json] [--folder DIR]
video-r1 annotations import FILE [--dataset DATASET …] [--who USER=AUTHOR …] [--means LABEL=MEANING …] [--field NAME]
                            [--dry-run] [--json] [--folder DIR]
video-r1 annotations apply DATASET --out FILE | --in-place [--json] [--folder DIR]
video-r1 annotations pack DATASET --rows LIST [--no-media] | RUN --query FILTER [--sort FIELD] [--limit N]
                          --out FOLDER [--author WHO] [--allow-root DIR …] [--ffmpeg PATH] [--json] [--folder DIR]
video-r1 annotations deal DATASET --rows LIST --to WHO … [--overlap PERCENT] | --take-back [--author WHO] [--json] [--folder DIR]

Labels lie in .video-r1/annotations of the project's folder, one file an author. Lines of them that do not count are told. The
project is the current folder, or --folder; import, deal and pack make a folder a project only where --folder names it.

stats counts labels by verdict, annotator, category, source and day (UTC), and says how far annotators agree: alpha over all,
kappa of each pair, F1 of spans, with intervals of 95 %; what is undefined is said. Then the disagreements to settle, the first
N of them (20), and how often people accept each detector's suggestions. --html writes a page for a colleague: no script,
nothing fetched. --json writes all of it as one JSON object.

export writes labels as ${labelForms.join(', ')}. jsonl holds the entries with their history and what each item was; imported
into another project they are the same. parquet has a row for each flag, verdict and settlement that stands. --category and
--verdict (keep, fix, drop, disputed, none) choose items, with all that was said of them; --author (a name, an e-mail address or
"NAME <E-MAIL>") only what this author said.

import takes such a file, or an export of Label Studio (JSON) or Argilla (records.to_json, to_disk), and finds out which it is.
Labels that are there already are not added again. Tasks that this project did not export are matched by their text, with
items that have labels and with the rows of --dataset. --who 7="Ann <ann@example.org>" says who a user of the other tool is,
--means label=wrong-order which category or verdict a label of it stands for, --field which field holds the judged text.
--dry-run writes nothing. What does not come along is told.

apply writes a dataset without the rows whose verdict is drop, and with the fixed texts in place of theirs; every other byte
stays. A row's verdict is the settled one, else the one that all its authors share; where they differ it is kept and counted.
--in-place writes over the dataset itself. Labels belong to exact texts: a fixed text is a new item, without labels.

pack gives a colleague a queue as one folder: the items, with their frames as JPEG files and a page that shows both and says how
they are judged, and no labels. Of rows, counted from 1 as in 1-20,33, it is a project: with a dataset of these rows and a copy of
their videos and images (--no-media leaves these out), which VS Code opens. Rollouts, chosen as export does, and rows too are judged
in Label Studio, from label-studio.json. import takes in what comes back: the folder, the colleague's label file, or Label Studio's export.
--author says who packs (git's user).

deal gives rows to people to judge, --overlap of 100 (30) to two of them, so that their agreement can be measured. What was given
before stays given; rows that were judged or given already are passed over. The editor of datasets lists what waits for whom.
--take-back takes back what you dealt out of the dataset, except rows that somebody has judged. --author says who deals (git's user).

  video-r1 annotations stats --folder sample --html report.html
  video-r1 annotations export --folder sample --form jsonl --author "Ann" --out ann.jsonl
  video-r1 annotations import project-3.json --folder sample --dataset sample/data/sft.json --dry-run
  video-r1 annotations apply sample/data/sft.json --folder sample --out sample/data/sft-clean.json
  video-r1 annotations pack sample/data/sft.json --folder sample --rows 1-20 --out queue
  video-r1 annotations deal sample/data/sft.json --folder sample --rows 1-40 --to Ann --to "Ben <ben@example.org>"`,
  async run([name, ...args]) {
    if (name === undefined) throw usage(`Say one of ${names.join(', ')}.`);
    if (name.startsWith('-')) throw usage(`Say one of ${names.join(', ')} before ${name}.`);
    return parts[oneOf('annotations', name, names)](args);
  },
};
