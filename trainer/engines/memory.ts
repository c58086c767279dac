/** What a run of the engine verl takes of memory, known before anything is started. */
export type { Work } from './verl/memory/estimate.ts';
export {
  type Asked,
  billions,
  gib,
  judge,
  phaseWords,
  type Room,
  refuseWhatCantFit,
  waysToFit,
  wayWords,
} from './verl/memory/fit.ts';
export { folderConfig, publishedConfig, publishedSizes } from './verl/memory/models.ts';
export { requireRoom } from './verl/memory/start.ts';
export { workOf } from './verl/memory/work.ts';
