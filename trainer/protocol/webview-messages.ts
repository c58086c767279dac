/**
 * Messages between a webview and the extension host. The host is a pipe: it passes the trainer's socket through, one
 * socket a panel, and does the few things that only an editor can do. A browser tab needs none of this.
 */
import { z } from 'zod';
import { exportForm, selection } from './messages.ts';
import { place } from './place.ts';

/**
 * The socket to the trainer. `starting`: the host is starting one. `closed`: the socket is lost, the host tries again.
 * `gone`: there is no trainer and the host does not try; `reason` says why, for people.
 */
export const linkState = z.enum(['starting', 'open', 'closed', 'gone']);
export type LinkState = z.infer<typeof linkState>;

const runCommand = { type: z.literal('run-command') };
const aboutRun = { runId: z.string().optional() };

/** What a page may ask the host to do; the host maps each to a command of its own and knows no other. */
export const hostCommand = z.discriminatedUnion('command', [
  z.strictObject({ ...runCommand, command: z.literal('open-dashboard'), ...aboutRun }),
  z.strictObject({ ...runCommand, command: z.literal('open-rollouts'), ...aboutRun }),
  /** Shows a place of this project in the panel of its page. */
  z.strictObject({ ...runCommand, command: z.literal('open-place'), place, by: z.string().optional() }),
  /** Asks where to, and writes rollouts there. */
  z.strictObject({
    ...runCommand,
    command: z.literal('export-rollouts'),
    runId: z.string(),
    selection,
    form: exportForm,
  }),
  /** Asks where it must, and moves it to the trash where there is one. */
  z.strictObject({
    ...runCommand,
    command: z.literal('delete-checkpoint'),
    runId: z.string(),
    step: z.number().int().min(0),
  }),
  z.strictObject({ ...runCommand, command: z.literal('show-log') }),
  z.strictObject({ ...runCommand, command: z.literal('show-problems') }),
  z.strictObject({ ...runCommand, command: z.literal('start-trainer') }),
  z.strictObject({ ...runCommand, command: z.literal('start-run') }),
  /** Asks which dataset and by which run. */
  z.strictObject({ ...runCommand, command: z.literal('audit-dataset') }),
]);
export type HostCommand = z.infer<typeof hostCommand>;

/** `by` points there; without it, whoever reads wants to go there. */
export const showMessage = place.extend({ type: z.literal('show'), by: z.string().optional() });

export const hostToPage = z.discriminatedUnion('type', [
  /** A text message of the trainer, as it came. */
  z.object({ type: z.literal('message'), data: z.string() }),
  /** A binary message of the trainer, as it came. */
  z.object({ type: z.literal('binary'), data: z.instanceof(ArrayBuffer) }),
  /** Every `open` is a new connection: the page initializes and subscribes again. `author` signs flags and commands. */
  z.object({
    type: z.literal('status'),
    state: linkState,
    reason: z.string().default(''),
    author: z.string().optional(),
    /** How this editor begins its links. */
    scheme: z.string().optional(),
  }),
  showMessage,
  /** The oldest `copy` that was not answered yet; `fault` says why nothing was copied. */
  z.object({ type: z.literal('copied'), fault: z.string().optional() }),
  /** The editor's theme changed: canvases are to be painted again. */
  z.object({ type: z.literal('theme') }),
]);
export type HostToPage = z.infer<typeof hostToPage>;
export type HostToPageInput = z.input<typeof hostToPage>;

export const pageToHost = z.discriminatedUnion('type', [
  /** The page listens: the host answers with `status`, and `show` where it has something to show. */
  z.object({ type: z.literal('ready') }),
  /** The run that the page shows from now on, with what there is to say of it. */
  z.object({ type: z.literal('shows'), runId: z.string() }),
  /** A text message for the trainer. */
  z.object({ type: z.literal('send'), data: z.string() }),
  /** Path as the trainer gave it (relative to the project folder, or absolute inside it); `row` counts from 1. */
  z.object({ type: z.literal('open-file'), path: z.string(), row: z.number().int().optional() }),
  hostCommand,
  z.object({
    type: z.literal('save-file'),
    name: z.string(),
    content: z.union([z.string(), z.instanceof(ArrayBuffer)]),
  }),
  z.object({ type: z.literal('copy'), text: z.string() }),
  /** Text that a model or a dataset wrote, to be read in an editor of its own. */
  z.object({ type: z.literal('open-document'), title: z.string(), text: z.string() }),
]);
export type PageToHost = z.infer<typeof pageToHost>;
export type PageToHostInput = z.input<typeof pageToHost>;
