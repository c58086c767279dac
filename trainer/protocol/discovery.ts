/** How a client finds the trainer that owns a project folder: a file that only its owner can read. */
import { z } from 'zod';
import { linkPath, type PlaceLink } from './place.ts';

/** Folder inside a project that holds everything the trainer writes. */
export const trainerFolder = '.video-r1';
/** Inside `trainerFolder`. Written with mode 0600 when the server listens, removed when it ends. */
export const discoveryFile = 'trainer.json';
/** Inside `trainerFolder`: what the trainer logs. */
export const logFile = 'trainer.log';

export const discovery = z.object({
  pid: z.number().int(),
  host: z.string(),
  port: z.number().int(),
  token: z.string(),
  protocol: z.object({ major: z.number().int(), minor: z.number().int() }),
  version: z.string(),
  startedAt: z.number(),
  /** Absolute path of the project, by which a copy of it is told from the original; trainers of older versions leave it out. */
  project: z.string().optional(),
  /** Of the process, by which another one that was given its number is told from it; absent where the system does not tell. */
  identity: z.string().optional(),
});
export type Discovery = z.infer<typeof discovery>;

/** Address of the WebSocket; the token is checked before the connection is taken. */
export function socketAddress(at: Discovery): string {
  return `ws://${at.host}:${at.port}/socket?token=${at.token}`;
}

/** Pages that need no place to begin with. */
const listedPages = ['dashboard', 'rollouts', 'review', 'audit'] as const;
type ListedPage = (typeof listedPages)[number];

/** The pages with their addresses, a line each, for a terminal. */
export function pageLines(at: Discovery): string {
  return listedPages.map((page) => `${page.padEnd(11)}${pageAddress(at, page)}\n`).join('');
}

/** Address of the pages in a browser tab. */
export function pageAddress(at: Discovery, page: ListedPage = 'dashboard'): string {
  return `http://${at.host}:${at.port}/${page}?token=${at.token}`;
}

/** Address of a place in a browser tab; it holds the token, and is for this machine alone. */
export function placeAddress(at: Discovery, link: PlaceLink): string {
  const path = linkPath(link);
  return `http://${at.host}:${at.port}${path}${path.includes('?') ? '&' : '?'}token=${at.token}`;
}
