/** A place in a project, as links, the command line and the pages name it: never with a port or a token. */
import { z } from 'zod';
import { span } from './records.ts';

export const webviewPages = ['dashboard', 'rollouts'] as const;
export const webviewPage = z.enum(webviewPages);
export type WebviewPage = z.infer<typeof webviewPage>;

/** What is left out is as a person would find it who opens the page. */
export const place = z.object({
  page: webviewPage,
  runId: z.string().optional(),
  step: z.number().int().optional(),
  groupId: z.string().optional(),
  rolloutId: z.string().optional(),
  /** What is selected of the rollout's text. */
  span: span.optional(),
  /** The filter as it is typed. */
  query: z.string().optional(),
});
export type Place = z.infer<typeof place>;
