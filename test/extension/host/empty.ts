/** A suite without a test: what the harness must not take for success. */
import { suiteRunner } from '../harness/mocha-suite.ts';

export const run = suiteRunner(() => {});
