#!/usr/bin/env node
/** The command line `video-r1`: finds the command and runs it. */
import { callable, callHere } from './cli/terminal/callable.ts';
import { type CliCommand, exitCodes, printFault, usage } from './cli/terminal/command.ts';
import { version } from './cli/terminal/version.ts';
import { nearestClause } from './protocol/nearest.ts';

interface Entry {
  readonly summary: string;
  /** Loaded when called, so that `--help` and small commands start at once. */
  load(): Promise<CliCommand>;
}

const groups: Record<string, Record<string, Entry>> = {
  'Train and watch': {
    start: {
      summary: 'sample project, SFT, then T-GRPO, in this terminal',
      load: async () => (await import('./cli/commands/start.ts')).startCommand,
    },
    run: {
      summary: 'train what a run file says, in this terminal',
      load: async () => (await import('./cli/commands/run.ts')).runCommand,
    },
    serve: {
      summary: 'serve a project folder to the editor and the browser',
      load: async () => (await import('./cli/commands/serve.ts')).serveCommand,
    },
    ctl: {
      summary: 'steer a run of a trainer that is running: pause, resume, set, …',
      load: async () => (await import('./cli/commands/ctl.ts')).ctlCommand,
    },
    open: {
      summary: 'show a place of a run in the pages that are open, or print its links',
      load: async () => (await import('./cli/commands/open.ts')).openCommand,
    },
    convert: {
      summary: 'write a checkpoint in bfloat16 or in several files, an adapter merged, without the optimizer state',
      load: async () => (await import('./cli/commands/convert.ts')).convertCommand,
    },
    export: {
      summary: 'write what a run holds as JSONL, CSV, Parquet, a page to read, or TensorBoard events',
      load: async () => (await import('./cli/commands/export.ts')).exportCommand,
    },
    analyse: {
      summary: 'find aha moments and commitments of a run anew, where older rules found them',
      load: async () => (await import('./cli/commands/analyse.ts')).analyseCommand,
    },
    weigh: {
      summary: 'score answers again under other frames: what each stood on',
      load: async () => (await import('./cli/commands/weigh.ts')).weighCommand,
    },
    ask: {
      summary: 'ask a question of a run again with something changed',
      load: async () => (await import('./cli/commands/ask.ts')).askCommand,
    },
    replay: {
      summary: 'do a run again by the log of its commands, and say what differs first',
      load: async () => (await import('./cli/commands/replay.ts')).replayCommand,
    },
    recover: {
      summary: "save what can be read of a run's damaged database",
      load: async () => (await import('./cli/commands/recover.ts')).recoverCommand,
    },
  },
  Data: {
    sample: {
      summary: 'make a sample project in a folder',
      load: async () => (await import('./cli/commands/sample.ts')).sampleCommand,
    },
    check: {
      summary: 'look a dataset over: rows, media, duplicates',
      load: async () => (await import('./cli/commands/check.ts')).checkCommand,
    },
    annotations: {
      summary: 'labels of a project: count and compare them, hand them out and in, clean a dataset by them',
      load: async () => (await import('./cli/commands/annotations.ts')).annotationsCommand,
    },
    split: {
      summary: 'split a dataset for training and evaluation without leaking a video',
      load: async () => (await import('./cli/commands/split.ts')).splitCommand,
    },
    cot: {
      summary: 'make chain-of-thought data: a teacher answers, a filter keeps the good answers',
      load: async () => (await import('./cli/commands/cot.ts')).cotCommand,
    },
  },
  Evaluate: {
    eval: {
      summary: 'answer benchmarks with a checkpoint, or compare two evaluations',
      load: async () => (await import('./cli/commands/eval.ts')).evalCommand,
    },
    audit: {
      summary: 'find the questions of a dataset that are answered without the video or its order',
      load: async () => (await import('./cli/commands/audit.ts')).auditCommand,
    },
    ablate: {
      summary: 'the paper’s ablation of a T-GRPO run: without images, without temporal reward; credit by answer',
      load: async () => (await import('./cli/commands/ablate.ts')).ablateCommand,
    },
    study: {
      summary: 'T-GRPO, GRPO and credit by answer in worlds with and without a cue, over seeds',
      load: async () => (await import('./cli/commands/study.ts')).studyCommand,
    },
  },
  'The recipe by itself': {
    score: {
      summary: 'the rewards of completions, line by line',
      load: async () => (await import('./cli/commands/score.ts')).scoreCommand,
    },
    explain: {
      summary: 'rewards and advantages of one group, with the reasons',
      load: async () => (await import('./cli/commands/explain.ts')).explainCommand,
    },
    frames: {
      summary: 'which frames of a video a model is shown, how large, how many tokens',
      load: async () => (await import('./cli/commands/frames.ts')).framesCommand,
    },
    prompt: {
      summary: 'the exact text that a model is given for a row of a dataset',
      load: async () => (await import('./cli/commands/prompt.ts')).promptCommand,
    },
  },
  'This machine': {
    doctor: {
      summary: 'say what this machine has: Node, ffmpeg, backends, Python and GPUs for verl',
      load: async () => (await import('./cli/commands/doctor.ts')).doctorCommand,
    },
    setup: {
      summary: 'fetch what this machine lacks: ffmpeg, a faster backend, verl',
      load: async () => (await import('./cli/commands/setup.ts')).setupCommand,
    },
    memory: {
      summary: 'what a run of the engine verl takes of GPUs and machines, and whether it fits',
      load: async () => (await import('./cli/commands/memory.ts')).memoryCommand,
    },
    gateway: {
      summary: 'start a gateway of the engine verl that stays: here, or on a Slurm cluster',
      load: async () => (await import('./cli/commands/gateway.ts')).gatewayCommand,
    },
  },
};

const commands = Object.assign({}, ...Object.values(groups)) as Record<string, Entry>;

/** What stands in for `video-r1` in a terminal that does not find it by its name. */
function whereCalled(): string {
  const call = callHere();
  if (call === 'video-r1') return '';
  return `In this folder it is called: ${call}\nIn VS Code, the command "Video-R1: Open Terminal with video-r1" opens a terminal that finds it by its name.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'help' && args[1] !== undefined && args.length === 2) return main([args[1], '--help']);
  const [name, ...rest] = args;
  const isHelp = name === undefined || name === '--help' || name === '-h' || name === 'help';
  if ((isHelp || name === '--version') && rest.length > 0) throw usage(`${name} takes no ${rest.join(' ')}.`);
  if (name === '--version') {
    process.stdout.write(`${version}\n`);
    return exitCodes.done;
  }
  if (isHelp) {
    const parts = Object.entries(groups).map(([title, entries]) => {
      const lines = Object.entries(entries).map(([key, { summary }]) => `  ${key.padEnd(11)} ${summary}`);
      return [title, ...lines].join('\n');
    });
    process.stdout.write(
      `video-r1 <command> [options]\n\n${parts.join('\n\n')}\n\nvideo-r1 <command> --help says more; video-r1 --version says which this is.\n${whereCalled()}`,
    );
    return exitCodes.done;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    process.stderr.write(
      callable(
        `video-r1: there is no command ${name}${nearestClause(name, Object.keys(commands))}. See video-r1 --help.\n`,
      ),
    );
    return exitCodes.usage;
  }
  const command = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${command.help.trim()}\n`);
    return exitCodes.done;
  }
  return command.run(rest);
}

process.exitCode = await main(process.argv.slice(2)).catch(printFault);
