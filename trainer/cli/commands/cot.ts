/** `video-r1 cot`: a teacher answers a dataset's questions with think and answer, and what passes the filter becomes SFT data. */
import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { defaultRules, type FilterRules } from '../../cot/filter.ts';
import { generate, type MediaSource, type Progress } from '../../cot/generate.ts';
import { Journal, type JournalHeader, mostSamples } from '../../cot/journal.ts';
import { type OutputFiles, outputFiles, pathsOf, writeOutput } from '../../cot/output.ts';
import type { Teacher } from '../../cot/teacher.ts';
import { type Dataset, openDataset } from '../../data/dataset.ts';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import { setAside } from '../../journal/json-lines.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError, sentError } from '../../protocol/errors.ts';
import { presetNames } from '../../protocol/runfile.ts';
import { openPrivateFolder } from '../../store/private-folder.ts';
import { holdFile } from '../../store/process-lock.ts';
import { allowedRoots, type CliCommand, exitCodes, readOptions, usage } from '../terminal/command.ts';
import { Interrupts } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { type CotValues, cotOptions, filterRules, number } from './cot-options.ts';
import { type Prices, progressText, rates, reportTable } from './cot-progress.ts';
import { chooseTeacher, mediaSource } from './cot-teacher.ts';

export const cotCommand: CliCommand = {
  name: 'cot',
  summary: 'make chain-of-thought data: a teacher answers, a filter keeps the good answers',
  help: `
video-r1 cot DATASET --out FILE --endpoint URL --model NAME [options]
video-r1 cot DATASET --out FILE --checkpoint FOLDER|RUN [--folder DIR] [options]
video-r1 cot DATASET --out FILE --filter-only [filter options]

A teacher answers each question of a dataset with think and answer. What passes the filter is written to FILE (.json or
.jsonl) as a dataset that SFT learns from: the same rows, with the teacher's reasoning as "process". FILE must lie in the
dataset's folder or above it. Beside it, for cot.json:
  cot.journal.jsonl   every answer, as it came; the same command goes on from it and asks nothing twice
  cot.dropped.jsonl   row, sample, reason and a sentence for each answer that was not kept
  cot.report.json     counts by reason and type of problem, rows with unreadable media, tokens, settings
Ctrl-C begins nothing new, waits for the requests under way and writes what came; a second one ends at once, with all that
came in the journal.

Teacher: an OpenAI-compatible endpoint
  --endpoint URL       up to and with /v1; redirects are not followed
  --model NAME         as the server calls it. The reasoning must come inside the text (vLLM: no --reasoning-parser)
  --key-env NAME       environment variable with the API key (OPENAI_API_KEY); sent to the endpoint alone, stored nowhere
  --media frames       send the frames that training would show, as PNG images (default)
  --media video-url    send the video as a whole: its file, up to 32 MB, or with --media-base URL its address below that URL
  --concurrency N      requests at once (8)
  --timeout S          seconds until a request is given up, at most 300 (180)
  --retries N          times that a request is sent again, with growing waits, after network errors, time-outs, 408, 429 and
                       5xx (5). What stays unanswered is asked by the next call of the same command
  --max-failures N     so many failures in a row end the work (10)
  --retry-failed       ask again what the server answered with another error, such as a prompt that is too long for it
Teacher: a checkpoint of our own, on the embedded engine
  --checkpoint WHICH   its folder, or with --folder DIR the name of a run of that project: its newest checkpoint
  --from STEP          the checkpoint of this step instead of the run's newest
  --concurrency N      answers that are sampled together (16)
Sampling (the defaults are those of the released script)
  --samples K (1)  --temperature T (1)  --top-p P (0.95)  --max-tokens N (512)  --seed N (1)
  --limit N            only the first N rows
  --template FILE      the wording of the prompt; default: the checkpoint's run's, else our own
  --preset NAME        how frames are chosen: ${presetNames.join(', ')}; default: as the checkpoint's run, else paper
  --set NAME=VALUE     changes one of it: maxFrames, maxPixels, …
  --allow-root DIR     a folder outside of the dataset's own that links among its media may lead into
  --fresh              begin anew; the old journal is kept under another name
Filter, in this order; changed options filter the journal anew, and --filter-only does so without asking anybody
  no answer (error, refusal, cut off), wrong form, then
  --min-reward R       the accuracy reward must be above R (${defaultRules.minReward})
  --min-words N        words of the reasoning (${defaultRules.minWords})
  --max-words N        (${defaultRules.maxWords})
  --max-repetition R   highest share of sequences of four words that stood in the reasoning before (${defaultRules.maxRepetition})
  --no-answer-check    keep reasoning that never names its answer
  --keep best|all      one answer a question (best reward, then fewest words), or all that pass (best); never the same twice
Progress
  --price-in P, --price-out P   price of a million tokens: shows the cost so far and what is to be expected
  --json               one JSON object a line, for programs

  vllm serve Qwen/Qwen2.5-VL-72B-Instruct --limit-mm-per-prompt '{"image": 16}'
  video-r1 cot data/questions.json --out data/cot.json --endpoint http://127.0.0.1:8000/v1 \\
    --model Qwen/Qwen2.5-VL-72B-Instruct --samples 4 --concurrency 32
  video-r1 cot data/questions.json --out data/cot.json --filter-only --min-reward 0.8 --keep all
  video-r1 cot sample/data/rl.json --out sample/data/cot.json --checkpoint sft --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(args, cotOptions, Number.POSITIVE_INFINITY);
    const show = new Display(values.json === true, {
      in: values['price-in'] === undefined ? null : number(values, 'price-in', { min: 0 }),
      out: values['price-out'] === undefined ? null : number(values, 'price-out', { min: 0 }),
    });
    try {
      return await make(positionals, values, show);
    } catch (thrown) {
      if (!values.json) throw thrown;
      const fault = sentError(thrown);
      show.object({ type: 'error', ...fault });
      return fault.kind === 'bad-request' ? exitCodes.usage : exitCodes.failed;
    } finally {
      show.end();
    }
  },
};

async function make(positionals: readonly string[], values: CotValues, show: Display): Promise<number> {
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw usage('Name one dataset.');
  if (values.out === undefined) throw usage('Name the file to write with --out.');
  const rules = filterRules(values);
  const files = outputFiles(values.out);
  const dataset = await openDataset(file, undefined, { allowedRoots: allowedRoots(values) });
  try {
    if (existsSync(files.out) && realpathSync(files.out) === realpathSync(dataset.file))
      throw usage('--out is the dataset itself.');
    pathsOf(dataset, files);
    for (const { message } of dataset.faults.slice(0, 5)) show.notice(message);
    if (dataset.faults.length > 0) show.notice(`${dataset.faults.length} bad rows are left out of the dataset`);
    const held = lock(files);
    try {
      const content = { sha256: await sha256OfFiles(dataset.files), rows: dataset.count };
      if (values['filter-only']) return await filterOnly(dataset, content, rules, files, show);
      return await sampleTeacher(dataset, content, rules, files, values, show);
    } finally {
      held.dispose();
    }
  } finally {
    dataset.dispose();
  }
}

type DatasetContent = JournalHeader['dataset'];

async function filterOnly(
  dataset: Dataset,
  content: DatasetContent,
  rules: FilterRules,
  files: OutputFiles,
  show: Display,
): Promise<number> {
  const journal = Journal.read(files.journal);
  try {
    if (journal.header.dataset.sha256 !== content.sha256)
      throw new StudioError('conflict', 'The dataset is not the one that the journal’s answers are about.', {
        place: dataset.file,
        remedy: `Name the dataset of then, or another --out than that of ${files.journal}.`,
      });
    show.report(await writeOutput(dataset, journal, rules, files), files);
    return exitCodes.done;
  } finally {
    journal.dispose();
  }
}

async function sampleTeacher(
  dataset: Dataset,
  content: DatasetContent,
  rules: FilterRules,
  files: OutputFiles,
  values: CotValues,
  show: Display,
): Promise<number> {
  const samples = number(values, 'samples', { min: 1, max: mostSamples, whole: true });
  const limit = values.limit === undefined ? dataset.count : number(values, 'limit', { min: 1, whole: true });
  const mostFailures = number(values, 'max-failures', { min: 1, whole: true });
  const chosen = await chooseTeacher(values);
  if (chosen.warning) show.notice(chosen.warning);
  const header: JournalHeader = {
    kind: 'video-r1 cot journal',
    version: 1,
    dataset: content,
    teacher: chosen.identity,
    sampling: chosen.sampling,
    media: chosen.media,
    template: chosen.template,
  };
  checkFree(files, values.fresh === true);
  if (values.fresh) {
    const aside = setAside(files.journal);
    if (aside) show.notice(`the old journal is now ${aside}`);
  }
  const journal = Journal.open(files.journal, header);
  const interrupts = new Interrupts(
    {
      first: 'Nothing new is begun, what is under way is waited for',
      left: 'every answer that came is in the journal, and the same command goes on',
    },
    (line) => show.notice(line),
  );
  let teacher: Teacher | null = null;
  let media: MediaSource | null = null;
  try {
    if (journal.count > 0) show.notice(`going on: ${journal.count} answers are there already`);
    media = await mediaSource(chosen.limits, values, dataset);
    teacher = await chosen.start(dataset);
    let fault: unknown = null;
    const progress = await generate({
      dataset,
      journal,
      teacher,
      media,
      rows: Math.min(limit, dataset.count),
      samples,
      seed: chosen.sampling.seed,
      rules,
      retryFailed: values['retry-failed'] === true,
      mostFailures,
      stop: interrupts.signal,
      onProgress: (now) => show.progress(now),
      onNotice: (message) => show.notice(message),
    }).catch((thrown: unknown) => {
      fault = thrown;
      return null;
    });
    if (progress) show.progress(progress, true);
    if (journal.count > 0 || !fault) show.report(await writeOutput(dataset, journal, rules, files), files);
    if (fault) throw fault;
    if (interrupts.signal.aborted) {
      show.notice('Interrupted. Go on with the same command.');
      return interrupts.exitCode;
    }
    const last = progress?.lastFailure ? ` The last failure: ${progress.lastFailure}.` : '';
    if (progress && progress.unanswered > 0) {
      show.notice(`${progress.unanswered} samples got no answer.${last} The same command asks them again.`);
      return exitCodes.failed;
    }
    if (last) show.notice(`The server found requests wrong.${last} --retry-failed asks them again.`);
    return exitCodes.done;
  } finally {
    interrupts.dispose();
    await teacher?.dispose();
    if (media?.kind === 'frames') await media.loader.dispose();
    journal.dispose();
  }
}

/** What stands at the output's place must be an output of ours. @throws StudioError `conflict` */
function checkFree(files: OutputFiles, fresh: boolean): void {
  if (!existsSync(files.out) || existsSync(files.journal)) return;
  throw new StudioError('conflict', 'There is a file already, and no journal beside it from which it was made.', {
    place: files.out,
    remedy: fresh ? 'Move it away, or choose another --out.' : 'Choose another --out.',
  });
}

/**
 * Two that write one journal would spoil it.
 * @throws StudioError `conflict`; `not-found` when the folder of the output is not there; as `openPrivateFolder`
 */
function lock(files: OutputFiles): { dispose(): void } {
  const parent = path.dirname(files.out);
  if (!existsSync(parent))
    throw new StudioError('not-found', 'The folder that the output is to be written to is not there.', {
      place: parent,
      remedy: 'Make the folder, or choose another --out.',
    });
  const folder = path.join(parent, trainerFolder);
  const { isNew } = openPrivateFolder(folder);
  const file = path.join(folder, `${path.basename(files.journal)}.lock`);
  const held = holdFile(
    file,
    (cause) =>
      new StudioError('conflict', 'Another video-r1 cot writes this output now.', {
        place: files.out,
        remedy: 'Wait for its end, or choose another --out.',
        cause,
      }),
  );
  return {
    dispose() {
      held.dispose();
      // A folder that was made for the lock alone serves nobody.
      if (isNew && readdirSync(folder).every((name) => name === path.basename(file)))
        rmSync(folder, { recursive: true, force: true });
    },
  };
}

const jsonEveryMs = 1000;

class Display {
  private readonly asJson: boolean;
  private readonly prices: Prices;
  private readonly line = new LiveLine();
  private last = Number.NEGATIVE_INFINITY;

  constructor(asJson: boolean, prices: Prices) {
    this.asJson = asJson;
    this.prices = prices;
  }

  object(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  progress(progress: Progress, always = false): void {
    if (!this.asJson) {
      this.line.show(progressText(progress, this.prices), always);
      return;
    }
    if (!always && performance.now() - this.last < jsonEveryMs) return;
    this.last = performance.now();
    this.object({ type: 'progress', ...progress, ...rates(progress, this.prices) });
  }

  notice(message: string): void {
    if (this.asJson) this.object({ type: 'notice', message });
    else this.line.say(message);
  }

  report(report: Awaited<ReturnType<typeof writeOutput>>, files: OutputFiles): void {
    if (this.asJson) {
      this.object({ type: 'report', files, ...report });
      return;
    }
    this.line.end();
    this.line.say(`\n${reportTable(report)}\n`);
    if (report.unreadable.length > 0)
      this.line.say(`${report.unreadable.length} rows were not asked: their media can't be read (see the report)`);
    this.line.say(`${report.all.kept} rows in ${files.out}; why the others are not there: ${files.dropped}`);
  }

  end(): void {
    this.line.end();
  }
}
