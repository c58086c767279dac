import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultRules } from '../../trainer/cot/filter.ts';
import { type Generating, generate, type Progress, sampleSeed } from '../../trainer/cot/generate.ts';
import { Journal } from '../../trainer/cot/journal.ts';
import {
  type Teacher,
  type TeacherAnswer,
  type TeacherRequest,
  TeacherUnavailable,
} from '../../trainer/cot/teacher.ts';
import { makeProject, type Project, rightAnswer } from './questions.ts';

/** Answers by a function, and remembers what it was asked. */
class ScriptedTeacher implements Teacher {
  readonly samplesPerCall: number;
  readonly callsAtOnce: number;
  readonly retries = 0;
  readonly asked: TeacherRequest[] = [];
  running = 0;
  mostAtOnce = 0;
  private readonly answer: (asked: TeacherRequest, number: number) => TeacherAnswer | Promise<TeacherAnswer>;

  constructor(
    answer: (asked: TeacherRequest, number: number) => TeacherAnswer | Promise<TeacherAnswer>,
    { samplesPerCall = 1, callsAtOnce = 1 } = {},
  ) {
    this.answer = answer;
    this.samplesPerCall = samplesPerCall;
    this.callsAtOnce = callsAtOnce;
  }

  async sample(samples: readonly TeacherRequest[]): Promise<TeacherAnswer[]> {
    this.running++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      return await Promise.all(samples.map((asked) => this.answer(asked, this.asked.push(asked))));
    } finally {
      this.running--;
    }
  }

  async dispose(): Promise<void> {}
}

const missing = 2;
let project: Project;
let journal: Journal;
let notices: string[];
let progresses: Progress[];
beforeEach(async () => {
  project = await makeProject(5, [missing]);
  journal = Journal.open(path.join(project.folder, 'data', 'j.jsonl'), project.header);
  notices = [];
  progresses = [];
});
afterEach(() => {
  journal.dispose();
  project.remove();
});

const right = ({ question }: TeacherRequest) => rightAnswer(question.problemType);
const run = (teacher: Teacher, change: Partial<Generating> = {}) =>
  generate({
    dataset: project.dataset,
    journal,
    teacher,
    media: { kind: 'file' },
    rows: 5,
    samples: 2,
    seed: 1,
    rules: defaultRules,
    retryFailed: false,
    mostFailures: 3,
    stop: new AbortController().signal,
    onProgress: (progress) => progresses.push(progress),
    onNotice: (message) => notices.push(message),
    ...change,
  });
const named = (asked: readonly TeacherRequest[]) => asked.map(({ question, sample }) => `${question.row}.${sample}`);

describe('generate', () => {
  it('asks every sample of every readable row once, each with its own seed, and nothing when asked again', async () => {
    const teacher = new ScriptedTeacher(right);
    const end = await run(teacher);
    expect(named(teacher.asked)).toEqual(['0.0', '0.1', '1.0', '1.1', '3.0', '3.1', '4.0', '4.1']);
    expect(teacher.asked.map(({ seed }) => seed)).toEqual(
      teacher.asked.map(({ question, sample }) => sampleSeed(1, question.row, sample)),
    );
    expect(new Set(teacher.asked.map(({ seed }) => seed)).size).toBe(8);
    expect(end).toMatchObject({
      total: 8,
      done: 8,
      answers: 8,
      passing: 8,
      unanswered: 0,
      lastFailure: null,
      tokensIn: 80,
      tokensOut: 24,
    });
    const again = new ScriptedTeacher(right);
    expect(await run(again)).toMatchObject({ total: 8, done: 8, answers: 0 });
    expect(again.asked).toEqual([]);
  });

  it('writes an answer down before it counts', async () => {
    const lines = () => readFileSync(journal.file, 'utf8').split('\n').length - 2;
    await run(new ScriptedTeacher(right), {
      onProgress: ({ answers }) => {
        const unreadable = journal.unreadable.size;
        expect(lines()).toBe(answers + unreadable);
      },
    });
  });

  it('names a row whose media can not be read once, and asks it when they are there', async () => {
    await run(new ScriptedTeacher(right));
    expect(notices).toEqual([expect.stringContaining('./media/2.mp4')]);
    expect([...journal.unreadable.keys()]).toEqual([missing]);
    writeFileSync(path.join(project.folder, 'data', 'media', '2.mp4'), 'video');
    const teacher = new ScriptedTeacher(right);
    await run(teacher);
    expect(named(teacher.asked)).toEqual(['2.0', '2.1']);
  });

  it('asks as many at once as the teacher takes, and the same seeds in any arrangement', async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const wide = new ScriptedTeacher(
      async (asked, number) => {
        if (number === 6) release();
        await gate;
        return right(asked);
      },
      { samplesPerCall: 2, callsAtOnce: 3 },
    );
    await run(wide);
    expect(wide.mostAtOnce).toBe(3);
    expect(named(wide.asked).sort()).toEqual(['0.0', '0.1', '1.0', '1.1', '3.0', '3.1', '4.0', '4.1']);
    for (const { question, sample, seed } of wide.asked) expect(seed).toBe(sampleSeed(1, question.row, sample));
  });

  it('asks only the rows it is limited to, and goes on when the limit is raised', async () => {
    const few = new ScriptedTeacher(right);
    await run(few, { rows: 1 });
    expect(named(few.asked)).toEqual(['0.0', '0.1']);
    const more = new ScriptedTeacher(right);
    await run(more, { rows: 2, samples: 3 });
    expect(named(more.asked)).toEqual(['0.2', '1.0', '1.1', '1.2']);
  });

  it('leaves a sample open that the teacher could not be asked, and asks it the next time', async () => {
    const shaky = new ScriptedTeacher((asked, number) => {
      if (number % 2 === 0) throw new TeacherUnavailable('HTTP 503: busy', false);
      return right(asked);
    });
    expect(await run(shaky)).toMatchObject({ total: 8, done: 4, unanswered: 4 });
    const next = new ScriptedTeacher(right);
    expect(await run(next)).toMatchObject({ done: 8, unanswered: 0 });
    expect(named(next.asked)).toEqual(['0.1', '1.1', '3.1', '4.1']);
  });

  it('ends after so many failures in a row, of either kind, and says the last', async () => {
    const dead = new ScriptedTeacher((_, number) => {
      if (number === 1) return { outcome: 'failed', message: 'HTTP 400: too long' };
      throw new TeacherUnavailable('HTTP 500: oops', false);
    });
    await expect(run(dead)).rejects.toMatchObject({
      kind: 'engine-failed',
      message: expect.stringMatching(/3 requests in a row failed.*HTTP 500: oops/),
    });
    expect(dead.asked.length).toBe(3);
  });

  it('ends at once when nothing can be asked, whatever else is under way', async () => {
    const locked = new ScriptedTeacher(
      (asked, number) => {
        if (number === 2) throw new TeacherUnavailable('HTTP 401: wrong key', true);
        return right(asked);
      },
      { callsAtOnce: 2 },
    );
    await expect(run(locked)).rejects.toMatchObject({ message: expect.stringContaining('HTTP 401') });
    expect(locked.asked.length).toBeLessThanOrEqual(4);
  });

  it('does not ask again what the server found wrong, unless it is told to', async () => {
    const refusing = new ScriptedTeacher((asked) =>
      asked.sample === 0 ? { outcome: 'failed', message: 'HTTP 400: no' } : right(asked),
    );
    await run(refusing);
    const quiet = new ScriptedTeacher(right);
    await run(quiet);
    expect(quiet.asked).toEqual([]);
    const eager = new ScriptedTeacher(right);
    await run(eager, { retryFailed: true });
    expect(named(eager.asked)).toEqual(['0.0', '1.0', '3.0', '4.0']);
    expect(journal.entries(0).map(({ outcome }) => outcome)).toEqual(['answered', 'answered']);
  });

  it('begins nothing new once it is stopped, and writes down what was under way', async () => {
    const stop = new AbortController();
    const teacher = new ScriptedTeacher((asked, number) => {
      if (number === 3) stop.abort();
      return right(asked);
    });
    expect(await run(teacher, { stop: stop.signal })).toMatchObject({ done: 3, total: 10 });
    expect(journal.count).toBe(3);
  });

  it('says that an answer can not be written down, also when it is stopped meanwhile', async () => {
    const stop = new AbortController();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    journal.append = () => {
      stop.abort();
      throw full;
    };
    await expect(run(new ScriptedTeacher(right), { stop: stop.signal })).rejects.toMatchObject({ kind: 'disk-full' });
  });
});
