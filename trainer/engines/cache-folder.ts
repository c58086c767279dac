/** The folder in the user's cache where the engines keep what they fetch on request. */
import { join } from 'node:path';

/** @param home the user's home, for where XDG_CACHE_HOME names no other place */
export function cacheFolder(home: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(home, '.cache'), 'video-r1-studio');
}
