/** Asks ffprobe what a video file holds. What the answers mean is for `probe.ts`. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { interrupted, interruption } from './ended-child.ts';
import { complaintLines, doesNotStart, type FfmpegTools, videoFormats } from './ffmpeg.ts';
import type { StatedTurn } from './turn.ts';

const timeoutMs = 120_000;
const longestAnswerBytes = 512 * 1024 * 1024;

/** What ffprobe prints, as far as it is asked for; numbers are texts there. */
export interface ProbeOutput {
  readonly streams?: readonly {
    readonly index: number;
    readonly codec_type?: string;
    readonly codec_name?: string;
    readonly width?: number;
    readonly height?: number;
    readonly pix_fmt?: string;
    readonly nb_frames?: string;
    readonly duration?: string;
    readonly avg_frame_rate?: string;
    readonly r_frame_rate?: string;
    readonly disposition?: { readonly attached_pic?: number; readonly default?: number };
    readonly tags?: Readonly<Record<string, string>>;
    readonly side_data_list?: NonNullable<StatedTurn['side_data_list']>;
  }[];
  readonly format?: { readonly format_name?: string; readonly duration?: string };
  readonly packets?: readonly ProbedTime[];
  readonly frames?: readonly ProbedTime[];
}

/** Time of a packet, or of a decoded frame, in seconds, and the bytes of a packet. */
export interface ProbedTime {
  readonly stream_index?: number;
  readonly pts_time?: string;
  readonly dts_time?: string;
  readonly best_effort_timestamp_time?: string;
  readonly duration_time?: string;
  readonly size?: string;
  /** `K` key frame, `D` to be discarded (outside the edit list), `C` corrupt. */
  readonly flags?: string;
}

/** What to look at besides the pictures' streams: nothing, every packet, or every frame (which decodes the whole file). */
export type ProbeDepth = 'streams' | 'packets' | 'frames';

const streamEntries =
  'stream=index,codec_name,width,height,pix_fmt,nb_frames,duration,avg_frame_rate,r_frame_rate:stream_tags=rotate,DURATION' +
  ':stream_disposition=attached_pic,default:stream_side_data=rotation,displaymatrix:format=format_name,duration';
const timeEntries = {
  streams: '',
  packets: ':packet=stream_index,pts_time,dts_time,duration_time,size,flags',
  frames: ':frame=stream_index,pts_time,best_effort_timestamp_time,duration_time',
} satisfies Record<ProbeDepth, string>;

export interface ProbeAnswer {
  readonly output: ProbeOutput;
  /** One a line, without addresses. */
  readonly complaints: string[];
  readonly ok: boolean;
}

/**
 * Asks ffprobe about a video file. Where it crashes on the container, as the build of the npm packages does on every
 * transport stream, it is given the streams as ffmpeg copies them, undecoded, into another container.
 * @param depth `kinds` asks what every stream is, sound and the like among them, and nothing more
 * @throws StudioError `ffmpeg-missing` when a program does not start; `cancelled` when one was ended from outside
 */
export async function probe(tools: FfmpegTools, file: string, depth: ProbeDepth | 'kinds'): Promise<ProbeAnswer> {
  const answer = await ask(tools, file, depth, 'file');
  if (!answer.crashed) return answer;
  const ofCopy = await ask(tools, file, depth, 'copy');
  return ofCopy.ok && ofCopy.output.streams?.length ? ofCopy : answer;
}

/** ffmpeg, writing a copy of the streams to its output; packets before the first key frame are copied too. */
function startCopying(tools: FfmpegTools, file: string, depth: ProbeDepth | 'kinds'): ChildProcess {
  const streams = depth === 'kinds' ? ['-map', '0:v?', '-map', '0:a?'] : ['-map', '0:v'];
  return spawn(
    tools.ffmpeg,
    [
      ...['-v', 'error', '-nostdin', '-protocol_whitelist', 'file', '-format_whitelist', videoFormats],
      ...['-i', path.resolve(file), ...streams, '-c', 'copy', '-copyinkf'],
      ...['-f', 'nut', 'pipe:1'],
    ],
    { windowsHide: true, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

function ask(
  tools: FfmpegTools,
  file: string,
  depth: ProbeDepth | 'kinds',
  of: 'file' | 'copy',
): Promise<ProbeAnswer & { readonly crashed: boolean }> {
  const [protocol, formats, input] =
    of === 'file' ? ['file', videoFormats, path.resolve(file)] : ['pipe', 'nut', 'pipe:0'];
  const options = [
    ...['-v', 'error', '-protocol_whitelist', protocol, '-format_whitelist', formats],
    ...(depth === 'kinds'
      ? ['-show_entries', 'stream=index,codec_type']
      : ['-select_streams', 'v', '-show_entries', streamEntries + timeEntries[depth]]),
    ...['-of', 'json'],
    ...['-i', input],
  ];
  return new Promise((resolve, reject) => {
    const copying = of === 'copy' ? startCopying(tools, file, depth) : null;
    const child = spawn(tools.ffprobe, options, { windowsHide: true, timeout: timeoutMs });
    copying?.on('error', (cause) => reject(doesNotStart(tools.ffmpeg, cause)));
    copying?.on('close', (code, signal) => {
      const from = copying.killed ? null : interruption(code, signal);
      // One whose reader ended first meets a closed pipe, which is no interruption.
      if (from !== null && child.exitCode === null && signal !== 'SIGPIPE') reject(interrupted('ffmpeg', from));
    });
    child.stdin.on('error', () => {
      // ffprobe closes its input as soon as it has seen enough.
    });
    if (copying?.stdout) copying.stdout.pipe(child.stdin);
    else child.stdin.end();
    const answer: Buffer[] = [];
    let answerBytes = 0;
    let complaints = '';
    child.stdout.on('data', (data: Buffer) => {
      answerBytes += data.length;
      if (answerBytes > longestAnswerBytes) child.kill('SIGKILL');
      else answer.push(data);
    });
    child.stderr.on('data', (data: Buffer) => {
      if (complaints.length < 100_000) complaints += data.toString('utf8');
    });
    child.on('error', (cause) => reject(doesNotStart(tools.ffprobe, cause)));
    child.on('close', (code, signal) => {
      copying?.kill();
      const lines = complaintLines(complaints);
      const from = child.killed ? null : interruption(code, signal);
      if (from !== null) return reject(interrupted('ffprobe', from));
      if (child.killed) lines.push('ffprobe took too long, or its answer was too large');
      else if (signal) lines.push(`ffprobe ${tools.version} crashed on it (${signal}); another build may read it`);
      let output: ProbeOutput = {};
      try {
        output = JSON.parse(Buffer.concat(answer).toString('utf8')) as ProbeOutput;
      } catch {
        if (signal === null) lines.push('ffprobe gave no answer that can be read');
      }
      resolve({
        output,
        complaints: lines,
        ok: code === 0 && signal === null,
        crashed: !child.killed && signal !== null,
      });
    });
  });
}
