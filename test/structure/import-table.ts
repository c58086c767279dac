/**
 * Who may import whom: one ordered table. A room stands on the rooms that its row names, and they all stand above its row;
 * so no arrow goes back up. A file belongs to the room with the longest name that fits it. `imports.test.ts` holds the tree
 * to this table; trainer/ARCHITECTURE.md says in words what the rooms are for.
 */

export interface Room {
  /** Folder or file from the root; a folder with all that lies below it and has no row of its own. */
  readonly room: string;
  /** Rooms that it may import. */
  readonly on: readonly string[];
  /**
   * Where it runs, and so what it may import that is not ours: `pure` everywhere, so no module of Node's; `node` has those;
   * `editor` those and `vscode`.
   */
  readonly runs: 'pure' | 'node' | 'editor';
  /** Folders inside it that only the room itself may look into, and those who say so in `looksInto`. */
  readonly closed?: readonly string[];
  readonly looksInto?: readonly string[];
  /** The row is kept for what is planned; nothing may be there yet. */
  readonly planned?: true;
}

export const rooms: readonly Room[] = [
  // The manifest, and the contract, which everything may speak.
  { room: 'package.json', on: [], runs: 'pure' },
  { room: 'trainer/protocol', on: [], runs: 'pure' },

  // What computes, from the ground up.
  { room: 'trainer/programs', on: ['trainer/protocol'], runs: 'node' },
  { room: 'trainer/journal', on: ['trainer/protocol'], runs: 'node' },
  { room: 'trainer/rewards', on: ['trainer/protocol'], runs: 'pure' },
  // What follows from log-probabilities, for pages too.
  { room: 'trainer/evidence', on: ['trainer/protocol'], runs: 'pure' },
  { room: 'trainer/advantages', on: ['trainer/evidence', 'trainer/protocol'], runs: 'pure' },
  {
    room: 'trainer/engines',
    on: ['trainer/programs', 'trainer/protocol'],
    runs: 'node',
    closed: ['trainer/engines/qwen', 'trainer/engines/tfjs', 'trainer/engines/verl'],
  },
  { room: 'trainer/video', on: ['trainer/engines', 'trainer/programs', 'trainer/protocol'], runs: 'node' },
  { room: 'trainer/reasoning', on: ['trainer/engines', 'trainer/protocol', 'trainer/rewards'], runs: 'node' },
  // Of these two the extension host runs what it edits datasets with: no decoder, no native package.
  { room: 'trainer/data/json', on: ['trainer/protocol'], runs: 'node' },
  { room: 'trainer/data/editable', on: ['trainer/data/json', 'trainer/protocol'], runs: 'node' },
  {
    room: 'trainer/data',
    on: [
      'trainer/data/json',
      'trainer/engines',
      'trainer/programs',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
      'trainer/video',
    ],
    runs: 'node',
  },
  // How log-probabilities are got from an engine.
  {
    room: 'trainer/evidence/interventions',
    on: ['trainer/data', 'trainer/engines', 'trainer/protocol', 'trainer/reasoning'],
    runs: 'node',
  },
  { room: 'trainer/store', on: ['trainer/protocol'], runs: 'node' },
  { room: 'trainer/annotations/agreement', on: ['trainer/data', 'trainer/protocol'], runs: 'pure' },
  {
    room: 'trainer/annotations',
    on: ['trainer/journal', 'trainer/programs', 'trainer/protocol', 'trainer/store'],
    runs: 'node',
  },
  {
    room: 'trainer/annotations/dealing',
    on: ['trainer/annotations', 'trainer/annotations/agreement', 'trainer/protocol'],
    runs: 'node',
  },
  {
    room: 'trainer/annotations/exchange',
    on: ['trainer/annotations', 'trainer/journal', 'trainer/protocol'],
    runs: 'node',
  },
  {
    room: 'trainer/annotations/rows',
    on: [
      'trainer/annotations',
      'trainer/annotations/exchange',
      'trainer/data/editable',
      'trainer/protocol',
      'trainer/rewards',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/learning',
    on: [
      'trainer/advantages',
      'trainer/data',
      'trainer/engines',
      'trainer/evidence',
      'trainer/evidence/interventions',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/evaluation',
    on: [
      'trainer/data',
      'trainer/engines',
      'trainer/evidence/interventions',
      'trainer/journal',
      'trainer/learning',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
      'trainer/video',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/cot',
    on: [
      'trainer/data',
      'trainer/data/json',
      'trainer/engines',
      'trainer/journal',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
      'trainer/video',
    ],
    runs: 'node',
  },

  // What lasts longer than a step.
  {
    room: 'trainer/export',
    on: ['trainer/evidence', 'trainer/protocol', 'trainer/store', 'trainer/video'],
    runs: 'node',
  },
  // Above evaluation, whose work it does with changed questions, and export, whose pages it writes.
  {
    room: 'trainer/audit',
    on: [
      'trainer/data',
      'trainer/engines',
      'trainer/evaluation',
      'trainer/evidence',
      'trainer/evidence/interventions',
      'trainer/export',
      'trainer/learning',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/annotations/report',
    on: ['trainer/annotations/agreement', 'trainer/export', 'trainer/protocol'],
    runs: 'node',
  },
  {
    room: 'trainer/annotations/export',
    on: ['trainer/annotations', 'trainer/annotations/exchange', 'trainer/export', 'trainer/protocol', 'trainer/video'],
    runs: 'node',
  },
  {
    room: 'trainer/runs',
    on: [
      'trainer/annotations',
      'trainer/annotations/agreement',
      'trainer/annotations/dealing',
      'trainer/annotations/rows',
      'trainer/audit',
      'trainer/data',
      'trainer/engines',
      'trainer/evaluation',
      'trainer/evidence',
      'trainer/evidence/interventions',
      'trainer/export',
      'trainer/journal',
      'trainer/learning',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
      'trainer/store',
      'trainer/video',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/server',
    on: ['trainer/programs', 'trainer/protocol', 'trainer/runs', 'trainer/store'],
    runs: 'node',
  },

  // Those who ask a trainer.
  { room: 'trainer/client', on: ['trainer/programs', 'trainer/protocol'], runs: 'node' },
  { room: 'trainer/cli/terminal', on: ['package.json', 'trainer/learning', 'trainer/protocol'], runs: 'node' },
  {
    room: 'trainer/cli/experiments',
    on: [
      'trainer/audit',
      'trainer/cli/terminal',
      'trainer/client',
      'trainer/data',
      'trainer/engines',
      'trainer/evaluation',
      'trainer/evidence/interventions',
      'trainer/journal',
      'trainer/learning',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/runs',
      'trainer/server',
      'trainer/store',
      'trainer/video',
    ],
    runs: 'node',
  },
  {
    room: 'trainer/cli/commands',
    on: [
      'trainer/annotations',
      'trainer/annotations/dealing',
      'trainer/annotations/exchange',
      'trainer/annotations/export',
      'trainer/annotations/report',
      'trainer/annotations/rows',
      'trainer/audit',
      'trainer/cli/experiments',
      'trainer/cli/terminal',
      'trainer/client',
      'trainer/cot',
      'trainer/data',
      'trainer/data/editable',
      'trainer/engines',
      'trainer/evaluation',
      'trainer/evidence',
      'trainer/export',
      'trainer/journal',
      'trainer/learning',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
      'trainer/runs',
      'trainer/store',
      'trainer/video',
    ],
    runs: 'node',
  },

  // The pages.
  { room: 'webview/ui', on: [], runs: 'pure' },
  { room: 'webview/formulas', on: ['trainer/protocol', 'webview/ui'], runs: 'pure' },
  { room: 'webview/query', on: ['trainer/protocol'], runs: 'pure' },
  { room: 'webview/host.ts', on: ['trainer/protocol'], runs: 'pure' },
  { room: 'webview/state', on: ['trainer/protocol', 'webview/host.ts', 'webview/ui'], runs: 'pure' },
  { room: 'webview/places', on: ['trainer/protocol', 'webview/host.ts', 'webview/state', 'webview/ui'], runs: 'pure' },
  {
    room: 'webview/run',
    on: ['trainer/protocol', 'webview/host.ts', 'webview/state', 'webview/ui'],
    runs: 'pure',
  },
  {
    room: 'webview/dashboard',
    on: [
      'trainer/protocol',
      'webview/formulas',
      'webview/host.ts',
      'webview/places',
      'webview/query',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },
  {
    room: 'webview/rollout',
    on: ['trainer/evidence', 'trainer/protocol', 'webview/formulas', 'webview/state', 'webview/ui'],
    runs: 'pure',
  },
  {
    room: 'webview/ask',
    on: [
      'trainer/protocol',
      'webview/host.ts',
      'webview/places',
      'webview/rollout',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },
  {
    room: 'webview/rollouts',
    on: [
      'trainer/advantages',
      'trainer/evidence',
      'trainer/protocol',
      'webview/ask',
      'webview/formulas',
      'webview/host.ts',
      'webview/places',
      'webview/query',
      'webview/rollout',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },

  {
    room: 'webview/across',
    on: [
      'trainer/protocol',
      'webview/host.ts',
      'webview/places',
      'webview/rollout',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },
  {
    room: 'webview/audit',
    on: [
      'trainer/protocol',
      'webview/formulas',
      'webview/host.ts',
      'webview/places',
      'webview/rollout',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },
  {
    room: 'webview/review',
    on: ['trainer/protocol', 'webview/host.ts', 'webview/rollout', 'webview/run', 'webview/state', 'webview/ui'],
    runs: 'pure',
  },
  {
    room: 'webview/compare',
    on: [
      'trainer/protocol',
      'webview/host.ts',
      'webview/places',
      'webview/rollout',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },

  { room: 'webview/dataset', on: ['trainer/protocol', 'webview/rollout', 'webview/ui'], runs: 'pure' },
  {
    room: 'webview',
    on: [
      'trainer/protocol',
      'webview/across',
      'webview/audit',
      'webview/compare',
      'webview/dashboard',
      'webview/dataset',
      'webview/formulas',
      'webview/host.ts',
      'webview/places',
      'webview/review',
      'webview/rollouts',
      'webview/run',
      'webview/state',
      'webview/ui',
    ],
    runs: 'pure',
  },

  // The editor's side.
  { room: 'extension/trainer', on: ['trainer/client', 'trainer/protocol'], runs: 'editor' },
  {
    room: 'extension',
    on: [
      'extension/trainer',
      'trainer/annotations',
      'trainer/annotations/agreement',
      'trainer/annotations/rows',
      'trainer/client',
      'trainer/data/editable',
      'trainer/protocol',
      'trainer/reasoning',
      'trainer/rewards',
    ],
    runs: 'editor',
  },

  // What puts the parts together.
  { room: 'webview/build.ts', on: [], runs: 'node' },
  { room: 'extension/build.ts', on: [], runs: 'node' },
  {
    room: 'trainer/build.ts',
    on: ['extension/build.ts', 'trainer/engines', 'trainer/video', 'webview/build.ts'],
    runs: 'node',
    looksInto: ['trainer/engines/tfjs'],
  },
  { room: 'trainer/main.ts', on: ['trainer/cli/commands', 'trainer/cli/terminal', 'trainer/protocol'], runs: 'node' },
];
