/**
 * Habits of people that cost a run elsewhere: each is done to a project of its own with the real programs, and says what
 * became of the run. `npm run habits` prints them as the table of media/guide/habits.md; a test holds the table to them.
 */
import { type SpawnOptions, spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  cp,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { program } from '../integration/trainer-process.ts';
import { firstOf, NotTried, type Project, runId, type Started, settings, told } from './project.ts';

export interface Habit {
  /** The kind, as people would sort them. */
  readonly kind: string;
  /** What someone does. */
  readonly does: string;
  /** Does it, and says what became of the run. @throws Error when it costs the run; NotTried where it can't be done here */
  try(project: Project): Promise<string>;
}

type Row = { path: string; data_type: string };
const readRows = async (file: string): Promise<Row[]> => JSON.parse(await readFile(file, 'utf8')) as Row[];

/** The medium of a question that a step after the rest takes. */
async function laterClip(project: Project): Promise<string> {
  const rows = await readRows(project.in('data', 'sft.json'));
  const video = rows.filter(({ data_type }) => data_type === 'video').at(-1);
  if (video === undefined) throw new Error('the sample has no video');
  await rm(project.in('.video-r1', 'cache'), { recursive: true, force: true });
  return project.in('data', video.path);
}

async function move(project: Project, to: string): Promise<void> {
  const place = path.join(project.scratch, to);
  await mkdir(path.dirname(place), { recursive: true });
  await rename(project.folder, place);
  project.folder = place;
}

const moved: Habit[] = [
  {
    kind: 'move',
    does: 'moves the project to another folder',
    async try(project) {
      await move(project, 'another/place');
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'move',
    does: 'moves it to a folder whose name has spaces, quotes, % and Chinese signs',
    async try(project) {
      await move(project, 'it\'s 100% "mine" 视频');
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'move',
    does: 'moves the dataset to another folder of the project',
    async try(project) {
      await rename(project.in('data'), project.in('questions'));
      const said = project.refuses(await project.resume());
      await rename(project.in('questions'), project.in('data'));
      await project.goesOn(await project.resume());
      return `${said} Moved back, it goes on as if nothing had been.`;
    },
  },
  {
    kind: 'move',
    does: 'moves a checkpoint out of the run, as a result to keep',
    async try(project) {
      await rename(project.checkpoint(4), path.join(project.scratch, 'best'));
      return project.goesOn(await project.resume());
    },
  },
];

/** It is refused, and goes on once `mend` has put right what was done. @param options of the process that goes on */
async function refusedThenMended(
  project: Project,
  mend: () => unknown,
  how: string,
  options?: SpawnOptions,
): Promise<string> {
  const said = project.refuses(await project.resume(options));
  await mend();
  await project.goesOn(await project.resume(options));
  return `${said} ${how}, it goes on to the same numbers.`;
}

/** It is refused until a person agrees to go back to the checkpoint of `step`. */
async function refusedThenAgreed(project: Project, step: number): Promise<string> {
  const asked = project.refuses(await project.resume());
  const gone = await project.goesOn(await project.resume({}, '--from', `${step}`, '--yes'));
  return `${asked} Confirmed with --from ${step} --yes: ${gone}`;
}

const copied: Habit[] = [
  {
    kind: 'copy',
    does: 'copies the project, changes the copy’s questions, and goes on there',
    async try(project) {
      const original = project.folder;
      const copy = path.join(project.scratch, 'copy');
      await cp(original, copy, { recursive: true });
      const rows = await readRows(path.join(copy, 'data', 'sft.json'));
      await writeFile(path.join(original, 'data', 'sft.json'), 'not this one');
      await writeFile(path.join(copy, 'data', 'sft.json'), JSON.stringify(rows.reverse()));
      project.folder = copy;
      const said = await project.resume();
      if (said.code !== 0) throw new Error(`it ended with ${said.code}: ${said.text}`);
      return told('The copy reads its own questions, not the original’s', project.beyondUsual(said));
    },
  },
  {
    kind: 'copy',
    does: 'copies a run’s folder beside itself, as a backup',
    async try(project) {
      await cp(project.inRun(), project.in('.video-r1', 'runs', 'sft-1 copy'), { recursive: true });
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'copy',
    does: 'copies a run into another project',
    async try(project) {
      const other = path.join(project.scratch, 'other');
      await cp(project.folder, other, { recursive: true, filter: (from) => !from.includes(`${path.sep}.video-r1`) });
      await cp(project.inRun(), path.join(other, '.video-r1', 'runs', runId), { recursive: true });
      await rm(project.folder, { recursive: true });
      project.folder = other;
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'copy',
    does: 'lets a cloud drive leave “conflicted copy” files in the run’s folder',
    async try(project) {
      await copyFile(project.inRun('run.db'), project.inRun('run (conflicted copy).db'));
      await copyFile(project.checkpoint(5, 'config.json'), project.checkpoint(5, 'config (conflicted copy).json'));
      await cp(project.checkpoint(4), `${project.checkpoint(4)} (conflicted copy)`, { recursive: true });
      return project.goesOn(await project.resume());
    },
  },
];

const renamed: Habit[] = [
  {
    kind: 'rename',
    does: 'renames the run’s folder to a name that tells more',
    async try(project) {
      const named = project.in('.video-r1', 'runs', 'baseline');
      await rename(project.inRun(), named);
      return refusedThenMended(project, () => rename(named, project.inRun()), 'With its old name');
    },
  },
  {
    kind: 'rename',
    does: 'renames the run file, or deletes it, after the run was created',
    async try(project) {
      await rename(project.in('sft.run.json'), project.in('first-try.run.json'));
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'rename',
    does: 'edits the run file’s parameters in the middle of the run',
    async try(project) {
      const file = JSON.parse(await readFile(project.in('sft.run.json'), 'utf8')) as Record<string, unknown>;
      await writeFile(project.in('sft.run.json'), JSON.stringify({ ...file, parameters: { learningRate: 1 } }));
      return project.goesOn(await project.resume());
    },
  },
];

const deleted: Habit[] = [
  {
    kind: 'delete',
    does: 'deletes an old checkpoint to gain space, while the run rests',
    async try(project) {
      await rm(project.checkpoint(2), { recursive: true });
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'delete',
    does: 'deletes an old checkpoint while the run trains',
    async try(project) {
      const started = await project.training();
      await rm(project.checkpoint(2), { recursive: true, force: true });
      await rm(project.checkpoint(4), { recursive: true, force: true });
      return project.goesOn(await started.ended);
    },
  },
  {
    kind: 'delete',
    does: 'deletes one file of an old checkpoint',
    async try(project) {
      await rm(project.checkpoint(2, 'model.safetensors'));
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'delete',
    does: 'deletes the newest checkpoint',
    async try(project) {
      await rm(project.checkpoint(5), { recursive: true });
      return refusedThenAgreed(project, 4);
    },
  },
  {
    kind: 'delete',
    does: 'deletes all checkpoints',
    async try(project) {
      await rm(project.inRun('checkpoints'), { recursive: true });
      return refusedThenAgreed(project, 0);
    },
  },
  {
    kind: 'delete',
    does: 'deletes the frame cache',
    async try(project) {
      await rm(project.in('.video-r1', 'cache'), { recursive: true });
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'delete',
    does: 'deletes videos of questions that are still to come',
    async try(project) {
      await rm(await laterClip(project));
      const rows = await readRows(project.in('data', 'sft.json'));
      for (const { path: clip, data_type } of rows.slice(0, 100))
        if (data_type === 'video') await rm(project.in('data', clip), { force: true });
      const said = await project.resume();
      return firstOf(project.goesOnWithout(said));
    },
  },
  {
    kind: 'delete',
    does: 'deletes the evaluation questions',
    async try(project) {
      const { evaluationDataset } = JSON.parse(await readFile(project.in('sft.run.json'), 'utf8')) as {
        evaluationDataset: string;
      };
      const file = project.in(evaluationDataset);
      const text = await readFile(file);
      await rm(file);
      return refusedThenMended(project, () => writeFile(file, text), 'With the file put back');
    },
  },
  {
    kind: 'delete',
    does: 'deletes the run’s plan.json',
    async try(project) {
      const text = await readFile(project.inRun('plan.json'));
      await rm(project.inRun('plan.json'));
      return refusedThenMended(project, () => writeFile(project.inRun('plan.json'), text), 'With the file put back');
    },
  },
  {
    kind: 'delete',
    does: 'deletes the run’s database and keeps its checkpoints',
    async try(project) {
      await rm(project.inRun('run.db'));
      const said = project.refuses(await project.resume());
      await writeFile(
        project.in('again.run.json'),
        JSON.stringify({
          ...JSON.parse(await readFile(project.in('sft.run.json'), 'utf8')),
          name: 'again',
          model: { checkpoint: path.relative(project.folder, project.checkpoint(5)) },
        }),
      );
      const again = await project.run(['run', 'again.run.json', ...settings, '--set', 'steps=1']);
      if (again.code !== 0) throw new Error(`a new run on its checkpoint ended with ${again.code}: ${again.text}`);
      return `${said} A new run starts from its checkpoint.`;
    },
  },
  {
    kind: 'delete',
    does: 'deletes all of .video-r1 and starts again',
    async try(project) {
      await rm(project.in('.video-r1'), { recursive: true });
      return project.goesOn(await project.run(['run', 'sft.run.json', ...settings]));
    },
  },
];

/** A page of the disk that is full, until it is given room. */
async function fill(project: Project, leaveKiB: number, ...parts: string[]): Promise<() => Promise<void>> {
  const filler = project.in(...parts, 'filler');
  const block = Buffer.alloc(16 * 1024, 1);
  try {
    for (;;) appendFileSync(filler, block);
  } catch {
    const { size } = await stat(filler);
    await truncate(filler, Math.max(0, size - leaveKiB * 1024));
  }
  return () => rm(filler);
}

async function fullDisk(project: Project, leaveKiB: number): Promise<string> {
  await project.smallDisk(80 * 1024, '.video-r1');
  const room = await fill(project, leaveKiB, '.video-r1');
  const said = await project.resume();
  if (said.code === 0) throw new Error(`it did not notice: ${said.text}`);
  const refused = project.refuses(said);
  await room();
  await project.goesOn(await project.resume());
  return `${refused.replace(/^Refused/, 'The run pauses')} With room again, it goes on to the same numbers.`;
}

const filled: Habit[] = [
  {
    kind: 'fill',
    does: 'fills the disk, so that the next checkpoint has no room',
    try: (project) => fullDisk(project, 2048),
  },
  {
    kind: 'fill',
    does: 'fills the disk to the last byte',
    try: (project) => fullDisk(project, 0),
  },
];

const truncated: Habit[] = [
  {
    kind: 'truncate',
    does: 'loses the end of the newest checkpoint’s weights, as a power cut leaves it',
    async try(project) {
      await truncate(project.checkpoint(5, 'model.safetensors'), 100_000);
      return refusedThenAgreed(project, 4);
    },
  },
  {
    kind: 'truncate',
    does: 'loses the end of its optimizer state',
    async try(project) {
      await truncate(project.checkpoint(5, 'optimizer.safetensors'), 1000);
      return refusedThenAgreed(project, 4);
    },
  },
  {
    kind: 'truncate',
    does: 'loses the end of an old checkpoint’s weights',
    async try(project) {
      await truncate(project.checkpoint(2, 'model.safetensors'), 100);
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'truncate',
    does: 'loses the second half of the run’s database',
    async try(project) {
      const { size } = await stat(project.inRun('run.db'));
      await truncate(project.inRun('run.db'), Math.floor(size / 2));
      const said = project.refuses(await project.resume());
      const other = await project.run(['run', 'sft.run.json', ...settings, '--set', 'steps=1']);
      if (other.code !== 0) throw new Error(`another run ended with ${other.code}: ${other.text}`);
      return `${said} Other runs work on.`;
    },
  },
  {
    kind: 'truncate',
    does: 'loses the end of videos of questions that are still to come',
    async try(project) {
      await laterClip(project);
      for (const { path: clip, data_type } of (await readRows(project.in('data', 'sft.json'))).slice(0, 100))
        if (data_type === 'video') await truncate(project.in('data', clip), 300);
      const said = await project.resume();
      return firstOf(project.goesOnWithout(said));
    },
  },
  {
    kind: 'truncate',
    does: 'loses the second half of the dataset file',
    async try(project) {
      const file = project.in('data', 'sft.json');
      const text = await readFile(file);
      await writeFile(file, text.subarray(0, text.length / 2));
      return refusedThenMended(project, () => writeFile(file, text), 'With the file put back');
    },
  },
];

/** How many steps are done again hangs on the moment of the kill. */
async function killedThenOn(project: Project, started: Started): Promise<string> {
  started.child.kill('SIGKILL');
  await started.ended;
  await project.goesOn(await project.resume());
  return 'What was done since the last checkpoint is done again, to the numbers of a run that was left alone.';
}

const killed: Habit[] = [
  {
    kind: 'kill',
    does: 'kills the trainer (kill -9) in the middle of a step',
    async try(project) {
      const started = await project.training();
      return killedThenOn(project, started);
    },
  },
  {
    kind: 'kill',
    does: 'kills it while it writes a checkpoint',
    async try(project) {
      const started = project.start(['run', '--resume', runId]);
      const before = await project.checkpoints();
      let over = false;
      void started.ended.then(() => {
        over = true;
      });
      while (!over && (await project.checkpoints()).every((name) => before.includes(name)))
        await new Promise((resolve) => setImmediate(resolve));
      if (over) throw new Error('it ended before it wrote a checkpoint');
      return killedThenOn(project, started);
    },
  },
  {
    kind: 'kill',
    does: 'kills it while it opens the model',
    async try(project) {
      const started = project.start(['run', '--resume', runId]);
      await started.says(/starting: loading the model/);
      return killedThenOn(project, started);
    },
  },
  {
    kind: 'kill',
    does: 'presses Ctrl-C, which the terminal sends to ffmpeg too, while videos are decoded',
    async try(project) {
      await rm(project.in('.video-r1', 'cache'), { recursive: true });
      const started = await project.training({ detached: true });
      process.kill(-(started.child.pid as number), 'SIGINT');
      const said = await started.ended;
      if (said.code !== 130) throw new Error(`it ended with ${said.code}: ${said.text}`);
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'kill',
    does: 'presses Ctrl-C twice',
    async try(project) {
      const started = await project.training();
      started.child.kill('SIGINT');
      await started.says(/Ctrl-C again/);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      started.child.kill('SIGINT');
      await started.ended;
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'kill',
    does: 'closes the terminal (SIGHUP)',
    async try(project) {
      const started = await project.training();
      started.child.kill('SIGHUP');
      await started.ended;
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'kill',
    does: 'shuts the machine down (SIGTERM, twice in a second)',
    async try(project) {
      const started = await project.training();
      started.child.kill('SIGTERM');
      started.child.kill('SIGTERM');
      const said = await started.ended;
      if (said.code !== 143) throw new Error(`it ended with ${said.code}: ${said.text}`);
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'kill',
    does: 'stops the process (Ctrl-Z) and lets it go on',
    async try(project) {
      const started = await project.training();
      started.child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 500));
      started.child.kill('SIGCONT');
      return project.goesOn(await started.ended);
    },
  },
];

const root = process.getuid?.() === 0;
/** A user of no rights; file modes mean nothing to root. */
const nobody = 65534;

/** All of the project belongs to a user of no rights, who runs the programs. */
async function asNobody(project: Project): Promise<{ uid: number; gid: number } | Record<string, never>> {
  if (!root) return {};
  await chmod(project.scratch, 0o755);
  if (spawnSync('chown', ['-R', `${nobody}:${nobody}`, project.scratch]).status !== 0)
    throw new NotTried('files can be given away by root alone');
  if (spawnSync(process.execPath, [program, '--version'], { uid: nobody, gid: nobody }).status !== 0)
    throw new NotTried('the programs lie where another user can not read them');
  return { uid: nobody, gid: nobody };
}

const revoked: Habit[] = [
  {
    kind: 'revoke',
    does: 'takes away the right to write into the run’s folder',
    async try(project) {
      const user = await asNobody(project);
      spawnSync('chmod', ['-R', 'a-w', project.inRun()]);
      const giveBack = () => spawnSync('chmod', ['-R', 'u+w', project.inRun()]);
      return refusedThenMended(project, giveBack, 'With the right given back', user);
    },
  },
  {
    kind: 'revoke',
    does: 'takes away the right to read the dataset',
    async try(project) {
      const user = await asNobody(project);
      await chmod(project.in('data', 'sft.json'), 0);
      const giveBack = () => chmod(project.in('data', 'sft.json'), 0o644);
      return refusedThenMended(project, giveBack, 'With the right given back', user);
    },
  },
  {
    kind: 'revoke',
    does: 'opens a project that is read-only',
    async try(project) {
      const user = await asNobody(project);
      await rm(project.in('.video-r1'), { recursive: true });
      await chmod(project.folder, 0o555);
      const said = project.refuses(await project.run(['run', 'sft.run.json', ...settings], user));
      await chmod(project.folder, 0o755);
      return said;
    },
  },
  {
    kind: 'revoke',
    does: 'uninstalls ffmpeg between two sittings',
    async try(project) {
      await rm(project.in('.video-r1', 'cache'), { recursive: true });
      const said = project.refuses(await project.resume({}, '--ffmpeg', path.join(project.scratch, 'ffmpeg')));
      await project.goesOn(await project.resume());
      return `${said} With an ffmpeg, it goes on to the same numbers.`;
    },
  },
];

const clocks: Habit[] = [
  {
    kind: 'clock',
    does: 'copies with a tool that sets every file’s time to now, or to 1980',
    async try(project) {
      for (const entry of await readdir(project.folder, { recursive: true })) {
        const odd = new Date(entry.length % 2 === 0 ? '1980-01-01' : '2107-01-01');
        await utimes(project.in(entry), odd, odd);
      }
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'clock',
    does: 'goes on in another time zone and another language',
    async try(project) {
      const env = { ...process.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
      return project.goesOn(await project.resume({ env }));
    },
  },
];

const linked: Habit[] = [
  {
    kind: 'link',
    does: 'opens the project by a symbolic link',
    async try(project) {
      const real = project.folder;
      const other = path.join(project.scratch, 'link');
      await symlink(real, other);
      project.folder = other;
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'link',
    does: 'opens it by the link while it is served by its own name',
    async try(project) {
      const other = path.join(project.scratch, 'link');
      await symlink(project.folder, other);
      const trainer = await project.serve();
      project.folder = other;
      const said = project.refuses(await project.run(['serve']));
      await trainer.stop();
      await project.goesOn(await project.resume());
      return said;
    },
  },
  {
    kind: 'link',
    does: 'moves the videos to a larger disk and leaves a symbolic link',
    async try(project) {
      const larger = path.join(project.scratch, 'larger');
      await rename(project.in('data', 'media'), larger);
      await symlink(larger, project.in('data', 'media'));
      await rm(project.in('.video-r1', 'cache'), { recursive: true });
      const said = firstOf(project.refuses(await project.resume()));
      await project.goesOn(await project.resume({}, '--allow-root', larger));
      return `${said} With the folder allowed, it goes on to the same numbers.`;
    },
  },
  {
    kind: 'link',
    does: 'gives out the videos as hard links',
    async try(project) {
      const folder = project.in('data', 'media');
      const held = path.join(project.scratch, 'held');
      await rename(folder, held);
      for (const entry of await readdir(held, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const from = path.join(entry.parentPath, entry.name);
        const to = path.join(folder, path.relative(held, from));
        await mkdir(path.dirname(to), { recursive: true });
        await link(from, to);
      }
      return project.goesOn(await project.resume());
    },
  },
];

const windows: Habit[] = [
  {
    kind: 'two windows',
    does: 'serves one folder twice',
    async try(project) {
      await project.serve();
      return project.refuses(await project.run(['serve']));
    },
  },
  {
    kind: 'two windows',
    does: 'goes on from a terminal while a window’s trainer has the folder',
    async try(project) {
      await project.serve();
      return project.goesOn(await project.resume());
    },
  },
  {
    kind: 'two windows',
    does: 'sends the same command from two shells at once',
    async try(project) {
      const trainer = await project.serve();
      const set = ['ctl', 'set', 'learningRate', '5e-5', '--run', runId, '--id', 'one', '--json'];
      const [one, two] = await Promise.all([project.run(set), project.run(set)]);
      if (one?.code !== 0 || one.text !== two?.text) throw new Error(`${one?.text} and ${two?.text}`);
      await trainer.stop();
      return 'It acts once; both are told of the same change.';
    },
  },
];

const others: Habit[] = [
  {
    kind: 'other user',
    does: 'shares a project whose .video-r1 another user made, writable for all',
    async try(project) {
      if (!root) throw new NotTried('files can be given to another user by root alone');
      const user = await asNobody(project);
      spawnSync('chown', ['-R', '0:0', project.in('.video-r1')]);
      spawnSync('chmod', ['-R', 'a+rwX', project.in('.video-r1')]);
      return project.goesOn(await project.resume(user));
    },
  },
  {
    kind: 'other user',
    does: 'ran once with sudo, so that the run’s files are root’s',
    async try(project) {
      if (!root) throw new NotTried('files can be given to another user by root alone');
      const user = await asNobody(project);
      await chown(project.inRun('run.db'), 0, 0);
      await chmod(project.inRun('run.db'), 0o644);
      const giveBack = () => chown(project.inRun('run.db'), nobody, nobody);
      return refusedThenMended(project, giveBack, 'With the file given back', user);
    },
  },
];

export const habits: readonly Habit[] = [
  ...moved,
  ...copied,
  ...renamed,
  ...deleted,
  ...filled,
  ...truncated,
  ...killed,
  ...revoked,
  ...clocks,
  ...linked,
  ...windows,
  ...others,
];
