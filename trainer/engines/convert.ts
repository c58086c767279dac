/** Writes a checkpoint again in the form that another program wants; no engine is started for it. */
export { convertCheckpoint } from './tfjs/checkpoint/convert.ts';
export { dtypes } from './tfjs/checkpoint/safetensors.ts';
