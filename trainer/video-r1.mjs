#!/usr/bin/env node
/** `video-r1` in a source tree: the same as `npm run video-r1 --`, from any folder. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
process.argv.splice(2, 0, path.join(here, 'main.ts'));
await import('./launch.mjs');
