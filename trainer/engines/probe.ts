/** What this machine offers the engines, and how to get what it lacks; starts nothing. */
export { probeBackends } from './tfjs/backends/probe.ts';
export { lookAtMachine, machineWords } from './verl/machine.ts';
