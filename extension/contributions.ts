/**
 * Commands, context keys, settings, views and menus, each once. `package.json` is written from here (`manifest.ts`), and
 * the code takes its ids from here, so the two can't drift apart. Imports nothing of VS Code, since it also runs outside.
 */
import type { CommandKind } from '../trainer/protocol/commands.ts';

export const category = 'Video-R1';

interface CommandInfo {
  readonly id: `videoR1.${string}`;
  readonly title: string;
  readonly icon?: `$(${string})`;
  /** A `when` clause; the palette hides the command where it does not hold. */
  readonly enablement?: string;
}

const key = <K extends string>(name: K): `videoR1.${K}` => `videoR1.${name}`;

/** What the editor offers for a run. When, the protocol's `commands.ts` says; it is not loaded for this. */
export type Control = CommandKind | 'delete';

/** Each control with the command that stands for it. */
export const controls = {
  start: 'startCreated',
  queue: 'queueRun',
  dequeue: 'dequeueRun',
  pause: 'pause',
  resume: 'resume',
  step: 'stepOnce',
  'run-to': 'runTo',
  stop: 'stop',
  save: 'saveCheckpoint',
  evaluate: 'evaluate',
  'read-labels': 'readLabels',
  mask: 'leaveOut',
  rescore: 'scoreAnew',
  skip: 'skipQuestion',
  mix: 'changeMix',
  break: 'addBreakpoint',
  set: 'setParameter',
  pin: 'pinCheckpoint',
  unpin: 'unpinCheckpoint',
  'remove-checkpoint': 'deleteCheckpoint',
  delete: 'deleteRun',
} as const satisfies Record<Control, string>;
export const controlNames = Object.keys(controls) as Control[];

/** Context keys that the code sets. `can.x`: some run takes the control x. */
export const contextKeys = {
  trainer: key('trainer'),
  hasRuns: key('hasRuns'),
  hasRunFiles: key('hasRunFiles'),
  datasetInFront: key('datasetInFront'),
  ...(Object.fromEntries(controlNames.map((control) => [`can.${control}`, key(`can.${control}`)])) as {
    [C in Control as `can.${C}`]: `videoR1.can.${C}`;
  }),
} as const;
export type ContextKey = keyof typeof contextKeys;

const can = (control: Control): string => contextKeys[`can.${control}`];
const hasTrainer = `${contextKeys.trainer} == connected`;

export const commands = {
  createSampleProject: { id: key('createSampleProject'), title: 'Create Sample Project…', icon: '$(new-folder)' },
  startSft: { id: key('startSft'), title: 'Start SFT Run', icon: '$(play)' },
  startTgrpo: { id: key('startTgrpo'), title: 'Start T-GRPO Run', icon: '$(play)' },
  startRun: { id: key('startRun'), title: 'Start Run…', icon: '$(play)' },
  startCreated: {
    id: key('startCreated'),
    title: 'Start Created or Queued Run',
    icon: '$(play)',
    enablement: can('start'),
  },
  queueRun: { id: key('queueRun'), title: 'Queue', icon: '$(list-ordered)', enablement: can('queue') },
  dequeueRun: {
    id: key('dequeueRun'),
    title: 'Take off the Queue',
    icon: '$(close)',
    enablement: can('dequeue'),
  },
  pause: { id: key('pause'), title: 'Pause', icon: '$(debug-pause)', enablement: can('pause') },
  pauseAt: { id: key('pauseAt'), title: 'Pause At…', icon: '$(debug-pause)', enablement: can('pause') },
  resume: { id: key('resume'), title: 'Resume', icon: '$(debug-continue)', enablement: can('resume') },
  stop: { id: key('stop'), title: 'Stop', icon: '$(debug-stop)', enablement: can('stop') },
  stepOnce: { id: key('stepOnce'), title: 'One Step, Then Pause', icon: '$(debug-step-over)', enablement: can('step') },
  runTo: { id: key('runTo'), title: 'Run To…', icon: '$(debug-line-by-line)', enablement: can('run-to') },
  leaveOut: { id: key('leaveOut'), title: 'Leave out of Update…', icon: '$(eye-closed)', enablement: can('mask') },
  scoreAnew: { id: key('scoreAnew'), title: 'Score Anew…', icon: '$(edit)', enablement: can('rescore') },
  skipQuestion: {
    id: key('skipQuestion'),
    title: 'Skip Question…',
    icon: '$(debug-step-over)',
    enablement: can('skip'),
  },
  changeMix: { id: key('changeMix'), title: 'Change Mix of Sources…', icon: '$(settings)', enablement: can('mix') },
  setParameter: { id: key('setParameter'), title: 'Set Parameter…', icon: '$(settings)', enablement: can('set') },
  addBreakpoint: {
    id: key('addBreakpoint'),
    title: 'Add Breakpoint…',
    icon: '$(add)',
    enablement: can('break'),
  },
  editBreakpoint: { id: key('editBreakpoint'), title: 'Edit Breakpoint…', icon: '$(edit)', enablement: can('break') },
  toggleBreakpoint: {
    id: key('toggleBreakpoint'),
    title: 'Enable or Disable Breakpoint',
    icon: '$(circle-slash)',
    enablement: can('break'),
  },
  removeBreakpoint: {
    id: key('removeBreakpoint'),
    title: 'Remove Breakpoint',
    icon: '$(close)',
    enablement: can('break'),
  },
  openBreakpointHit: {
    id: key('openBreakpointHit'),
    title: 'Open What Hit the Breakpoint',
    icon: '$(go-to-file)',
    enablement: can('break'),
  },
  saveCheckpoint: { id: key('saveCheckpoint'), title: 'Save Checkpoint', icon: '$(save)', enablement: can('save') },
  evaluate: { id: key('evaluate'), title: 'Evaluate', icon: '$(beaker)', enablement: can('evaluate') },
  evaluateWith: {
    id: key('evaluateWith'),
    title: 'Evaluate With…',
    icon: '$(beaker)',
    enablement: can('evaluate'),
  },
  readLabels: { id: key('readLabels'), title: 'Read Labels Again', icon: '$(tag)', enablement: can('read-labels') },
  openDashboard: { id: key('openDashboard'), title: 'Open Dashboard', icon: '$(dashboard)' },
  openDataset: {
    id: key('openDataset'),
    title: 'Open as Dataset',
    icon: '$(table)',
    enablement: contextKeys.datasetInFront,
  },
  openRollouts: { id: key('openRollouts'), title: 'Open Rollouts', icon: '$(list-tree)' },
  openReview: {
    id: key('openReview'),
    title: 'Review Rollouts',
    icon: '$(checklist)',
    enablement: contextKeys.hasRuns,
  },
  auditDataset: {
    id: key('auditDataset'),
    title: 'Audit Dataset…',
    icon: '$(telescope)',
    enablement: contextKeys.hasRuns,
  },
  openAudits: { id: key('openAudits'), title: 'Open Audits', icon: '$(telescope)', enablement: contextKeys.hasRuns },
  compareRuns: { id: key('compareRuns'), title: 'Compare with…', icon: '$(diff)', enablement: contextKeys.hasRuns },
  openInBrowser: { id: key('openInBrowser'), title: 'Open in Browser', icon: '$(globe)', enablement: hasTrainer },
  copyPageAddress: { id: key('copyPageAddress'), title: 'Copy Page Address', icon: '$(link)', enablement: hasTrainer },
  attach: { id: key('attach'), title: 'Attach to Trainer', icon: '$(plug)' },
  shutDownTrainer: {
    id: key('shutDownTrainer'),
    title: 'Shut Down Trainer',
    icon: '$(debug-disconnect)',
    enablement: hasTrainer,
  },
  openTerminal: { id: key('openTerminal'), title: 'Open Terminal with video-r1', icon: '$(terminal)' },
  showLog: { id: key('showLog'), title: 'Show Log', icon: '$(output)' },
  exportAnnotations: {
    id: key('exportAnnotations'),
    title: 'Export Annotations…',
    icon: '$(export)',
    enablement: contextKeys.hasRuns,
  },
  exportRun: { id: key('exportRun'), title: 'Export Run…', icon: '$(export)', enablement: contextKeys.hasRuns },
  analyseRun: {
    id: key('analyseRun'),
    title: 'Analyse Answers Anew',
    icon: '$(sparkle)',
    enablement: contextKeys.hasRuns,
  },
  deleteRun: { id: key('deleteRun'), title: 'Delete Run…', icon: '$(trash)', enablement: can('delete') },
  forkRun: {
    id: key('forkRun'),
    title: 'Fork Run from Checkpoint…',
    icon: '$(repo-forked)',
    enablement: contextKeys.hasRuns,
  },
  resumeFrom: {
    id: key('resumeFrom'),
    title: 'Resume from Checkpoint…',
    icon: '$(history)',
    enablement: can('resume'),
  },
  pinCheckpoint: { id: key('pinCheckpoint'), title: 'Pin Checkpoint…', icon: '$(pin)', enablement: can('pin') },
  unpinCheckpoint: {
    id: key('unpinCheckpoint'),
    title: 'Unpin Checkpoint',
    icon: '$(pinned)',
    enablement: can('unpin'),
  },
  deleteCheckpoint: {
    id: key('deleteCheckpoint'),
    title: 'Delete Checkpoint…',
    icon: '$(trash)',
    enablement: can('remove-checkpoint'),
  },
  revealCheckpoint: {
    id: key('revealCheckpoint'),
    title: 'Reveal Checkpoint',
    icon: '$(folder-opened)',
    enablement: contextKeys.hasRuns,
  },
  installFfmpeg: { id: key('installFfmpeg'), title: 'Install ffmpeg', icon: '$(cloud-download)' },
  setUpVerl: { id: key('setUpVerl'), title: 'Set up the verl Engine…', icon: '$(cloud-download)' },
  chooseProject: { id: key('chooseProject'), title: 'Choose Project Folder…', icon: '$(folder)' },
} as const satisfies Record<string, CommandInfo>;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as CommandName[];

export const views = { runs: key('runs'), breakpoints: key('breakpoints'), runFiles: key('runFiles') } as const;
export const viewContainer = 'videoR1';
/** `viewType` of the webview panels. */
export const panels = { dashboard: key('dashboard'), rollouts: key('rollouts') } as const;
/** `viewType` of the editor of dataset files. */
export const datasetEditor = key('dataset');

/** `restricted`: not read from an untrusted workspace, since it decides what is run. */
export const settings = {
  nodePath: {
    id: key('trainer.nodePath'),
    type: 'string',
    default: '',
    restricted: true,
    markdownDescription:
      'Node.js 22.13 or newer that runs the trainer. When empty, the Node.js of VS Code itself is used.',
  },
  ffmpegPath: {
    id: key('trainer.ffmpegPath'),
    type: 'string',
    default: '',
    restricted: true,
    markdownDescription:
      'The `ffmpeg` that decodes videos, with its `ffprobe` beside it. When empty, the one on the `PATH` is used, else the one that *Install ffmpeg* fetched. Takes effect when the next trainer starts.',
  },
  allowedRoots: {
    id: key('trainer.allowedRoots'),
    type: 'array',
    items: { type: 'string' },
    default: [] as readonly string[],
    restricted: true,
    markdownDescription:
      "Folders, by their absolute paths, that links among a dataset's videos and images may lead into, such as another disk. Without it a link that leads out of the dataset's folder is passed over. A run keeps the folders that were allowed when it was created. Takes effect when the next trainer starts.",
  },
  autoAttach: {
    id: key('trainer.autoAttach'),
    type: 'boolean',
    default: true,
    restricted: false,
    markdownDescription:
      'Attach on start to a trainer that is already at work in the folder. A trainer is started only when one is asked for: by starting a run, by opening a page, or by *Attach to Trainer*.',
  },
  openDashboard: {
    id: key('dashboard.openOnStart'),
    type: 'boolean',
    default: true,
    restricted: false,
    markdownDescription: 'Open the dashboard when a run is started from VS Code.',
  },
  author: {
    id: key('author'),
    type: 'string',
    default: '',
    restricted: false,
    markdownDescription:
      "Name that signs your labels and commands, or name and e-mail address: `Ann Example <ann@example.org>`. When empty, the user of the project's git, else the name you are logged in with.",
  },
} as const;

/** The controls that a run takes as its tree item's `contextValue`, which the menus below read: `run;pause;stop;`. */
export function contextValueOf(taken: readonly Control[]): string {
  return ['run', ...taken].map((word) => `${word};`).join('');
}

const isRun = 'viewItem =~ /^run;/';
const runTakes = (control: Control) => `view == ${views.runs} && viewItem =~ /^run;(.+;)?${control};/`;
const isBreakpoint = `view == ${views.breakpoints} && viewItem =~ /^breakpoint/`;
const isCheckpoint = `view == ${views.runs} && viewItem =~ /^(pinnedC|c)heckpoint$/`;
const isRunFile = 'resourceFilename =~ /\\.run\\.json$/';
const inPanel = `(activeWebviewPanelId == '${panels.dashboard}' || activeWebviewPanelId == '${panels.rollouts}')`;

interface MenuItem {
  readonly command: CommandName;
  readonly when: string;
  readonly group?: string;
}

export const menus: Readonly<Record<string, readonly MenuItem[]>> = {
  'view/title': [
    { command: 'startRun', when: `view == ${views.runFiles}`, group: 'navigation@1' },
    { command: 'createSampleProject', when: `view == ${views.runFiles}`, group: '1_project' },
    { command: 'chooseProject', when: `view == ${views.runFiles}`, group: '1_project' },
    { command: 'openDashboard', when: `view == ${views.runs} && ${contextKeys.hasRuns}`, group: 'navigation@1' },
    { command: 'openRollouts', when: `view == ${views.runs} && ${contextKeys.hasRuns}`, group: 'navigation@2' },
    { command: 'attach', when: `view == ${views.runs} && ${contextKeys.trainer} != connected`, group: '1_trainer' },
    { command: 'openInBrowser', when: `view == ${views.runs}`, group: '1_trainer' },
    { command: 'copyPageAddress', when: `view == ${views.runs}`, group: '1_trainer' },
    { command: 'showLog', when: `view == ${views.runs}`, group: '1_trainer' },
    { command: 'shutDownTrainer', when: `view == ${views.runs}`, group: '2_end' },
    { command: 'addBreakpoint', when: `view == ${views.breakpoints} && ${can('break')}`, group: 'navigation@1' },
  ],
  'view/item/context': [
    { command: 'startCreated', when: runTakes('start'), group: 'inline@1' },
    { command: 'pause', when: runTakes('pause'), group: 'inline@1' },
    { command: 'resume', when: runTakes('resume'), group: 'inline@1' },
    { command: 'stop', when: runTakes('stop'), group: 'inline@2' },
    { command: 'dequeueRun', when: runTakes('dequeue'), group: 'inline@2' },
    { command: 'openDashboard', when: `view == ${views.runs} && ${isRun}`, group: '1_open@1' },
    { command: 'openRollouts', when: `view == ${views.runs} && ${isRun}`, group: '1_open@2' },
    { command: 'openReview', when: `view == ${views.runs} && ${isRun}`, group: '1_open@3' },
    { command: 'compareRuns', when: `view == ${views.runs} && ${isRun}`, group: '1_open@4' },
    { command: 'startCreated', when: runTakes('start'), group: '2_control@1' },
    { command: 'pause', when: runTakes('pause'), group: '2_control@1' },
    { command: 'pauseAt', when: runTakes('pause'), group: '2_control@1' },
    { command: 'resume', when: runTakes('resume'), group: '2_control@1' },
    { command: 'queueRun', when: runTakes('queue'), group: '2_control@1' },
    { command: 'dequeueRun', when: runTakes('dequeue'), group: '2_control@1' },
    { command: 'stepOnce', when: runTakes('step'), group: '2_control@2' },
    { command: 'runTo', when: runTakes('run-to'), group: '2_control@2' },
    { command: 'stop', when: runTakes('stop'), group: '2_control@3' },
    { command: 'setParameter', when: runTakes('set'), group: '3_change@1' },
    { command: 'addBreakpoint', when: runTakes('break'), group: '3_change@2' },
    { command: 'saveCheckpoint', when: runTakes('save'), group: '3_change@2' },
    { command: 'evaluate', when: runTakes('evaluate'), group: '3_change@3' },
    { command: 'evaluateWith', when: runTakes('evaluate'), group: '3_change@4' },
    { command: 'readLabels', when: runTakes('read-labels'), group: '3_change@5' },
    { command: 'leaveOut', when: runTakes('mask'), group: '3_change@6' },
    { command: 'scoreAnew', when: runTakes('rescore'), group: '3_change@7' },
    { command: 'skipQuestion', when: runTakes('skip'), group: '3_change@8' },
    { command: 'changeMix', when: runTakes('mix'), group: '3_change@9' },
    { command: 'exportAnnotations', when: `view == ${views.runs} && ${isRun}`, group: '4_export@1' },
    { command: 'exportRun', when: `view == ${views.runs} && ${isRun}`, group: '4_export@2' },
    { command: 'analyseRun', when: `view == ${views.runs} && ${isRun}`, group: '4_export@3' },
    { command: 'pinCheckpoint', when: runTakes('pin'), group: '5_checkpoints@1' },
    { command: 'unpinCheckpoint', when: runTakes('unpin'), group: '5_checkpoints@2' },
    { command: 'deleteCheckpoint', when: runTakes('remove-checkpoint'), group: '5_checkpoints@3' },
    { command: 'deleteRun', when: runTakes('delete'), group: '6_delete@1' },
    { command: 'deleteRun', when: `view == ${views.runs} && viewItem == unreadableRun`, group: 'inline@1' },
    { command: 'addBreakpoint', when: `view == ${views.breakpoints} && viewItem == run`, group: 'inline@1' },
    {
      command: 'openBreakpointHit',
      when: `view == ${views.breakpoints} && viewItem == breakpointHit`,
      group: 'inline@1',
    },
    { command: 'editBreakpoint', when: isBreakpoint, group: 'inline@2' },
    { command: 'removeBreakpoint', when: isBreakpoint, group: 'inline@3' },
    { command: 'toggleBreakpoint', when: isBreakpoint, group: '1_change@1' },
    { command: 'forkRun', when: isCheckpoint, group: 'inline@2' },
    { command: 'revealCheckpoint', when: isCheckpoint, group: 'inline@1' },
    { command: 'resumeFrom', when: isCheckpoint, group: '1_use@1' },
    { command: 'forkRun', when: isCheckpoint, group: '1_use@2' },
    { command: 'pinCheckpoint', when: isCheckpoint, group: '2_keep@1' },
    { command: 'unpinCheckpoint', when: `view == ${views.runs} && viewItem == pinnedCheckpoint`, group: '2_keep@2' },
    { command: 'deleteCheckpoint', when: isCheckpoint, group: '3_delete@1' },
    { command: 'startRun', when: `view == ${views.runFiles} && viewItem == runFile`, group: 'inline@1' },
  ],
  'editor/title': [
    { command: 'openDataset', when: contextKeys.datasetInFront, group: 'navigation@1' },
    { command: 'startRun', when: isRunFile, group: 'navigation@1' },
    { command: 'pause', when: `${inPanel} && ${can('pause')}`, group: 'navigation@1' },
    { command: 'resume', when: `${inPanel} && ${can('resume')}`, group: 'navigation@1' },
    { command: 'stop', when: `${inPanel} && ${can('stop')}`, group: 'navigation@2' },
  ],
  'explorer/context': [{ command: 'startRun', when: isRunFile, group: 'navigation@90' }],
};

/**
 * Keys that the dashboard answers itself. A webview's keys reach VS Code too, where they would start a debugger or move the
 * focus; while the dashboard is in front they do nothing there.
 */
const dashboardKeys = ['f5', 'f6', 'f10', 'shift+f5'];
const dashboardInFront = `activeWebviewPanelId == '${panels.dashboard}' && !sideBarFocus && !panelFocus && !auxiliaryBarFocus`;

/** Shown in place of an empty view. `command:` links run commands. */
const link = (command: CommandName, text: string) => `[${text}](command:${commands[command].id})`;
export const welcomes: readonly { readonly view: string; readonly contents: string; readonly when: string }[] = [
  {
    view: views.breakpoints,
    when: can('break'),
    contents: `A breakpoint pauses a run where its condition holds, such as any(aha >= 4) or stalled(accuracy, 50).\n${link('addBreakpoint', 'Add Breakpoint')}`,
  },
  {
    view: views.runFiles,
    when: 'isWorkspaceTrusted',
    contents: `No run file (*.run.json) here yet. The sample project holds small videos, questions about them, and run files for SFT and T-GRPO.\n${link('createSampleProject', 'Create Sample Project')}`,
  },
  {
    view: views.runs,
    when: `isWorkspaceTrusted && ${contextKeys.trainer} == connected`,
    contents: `No run yet.\n${link('startSft', 'Start SFT Run')}\n${link('startTgrpo', 'Start T-GRPO Run')}`,
  },
  {
    view: views.runs,
    when: `isWorkspaceTrusted && ${contextKeys.trainer} == none && ${contextKeys.hasRunFiles}`,
    contents: `No trainer is at work in this folder. Starting a run or opening a page starts one; it goes on when this window closes.\n${link('startSft', 'Start SFT Run')}\n${link('openDashboard', 'Show Earlier Runs')}`,
  },
  {
    view: views.runs,
    when: `isWorkspaceTrusted && ${contextKeys.trainer} == none && !${contextKeys.hasRunFiles}`,
    contents: 'Runs appear here with their state, step and accuracy.',
  },
  { view: views.runs, when: `${contextKeys.trainer} == starting`, contents: 'The trainer is starting …' },
  {
    view: views.runs,
    when: '!isWorkspaceTrusted',
    contents:
      'This folder is not trusted, so nothing is started in it, and runs that are over can not be read either: a run file names files to read and programs work on them.\n[Manage Workspace Trust](command:workbench.trust.manage)',
  },
];

interface WalkthroughStep {
  readonly id: string;
  readonly title: string;
  readonly command: CommandName;
  readonly button: string;
  readonly text: string;
}

export const walkthroughSteps: readonly WalkthroughStep[] = [
  {
    id: 'sample',
    title: 'Create the sample project',
    command: 'createSampleProject',
    button: 'Create Sample Project',
    text: 'Real video files of moving shapes, with questions whose answers need the order of the frames.',
  },
  {
    id: 'sft',
    title: 'Start with SFT',
    command: 'startSft',
    button: 'Start SFT Run',
    text: 'Supervised fine-tuning on chain-of-thought answers: the cold start.',
  },
  {
    id: 'rollouts',
    title: 'Watch the rollouts',
    command: 'openRollouts',
    button: 'Open Rollouts',
    text: 'Every answer, with the frames that the model saw; also of runs that are over.',
  },
  {
    id: 'flag',
    title: 'Flag bad reasoning',
    command: 'exportAnnotations',
    button: 'Export Annotations',
    text: 'Select a passage of the reasoning and say what is wrong with it.',
  },
  {
    id: 'tgrpo',
    title: 'Go on with T-GRPO',
    command: 'startTgrpo',
    button: 'Start T-GRPO Run',
    text: 'Reinforcement learning that rewards answers only where the order of frames helped.',
  },
];

/** The parts of `package.json` that are written from this file. */
export function manifestParts() {
  const runsOnDemand = Object.values(panels).map((panel) => `onWebviewPanel:${panel}`);
  return {
    main: './dist/extension.cjs',
    extensionKind: ['workspace'],
    activationEvents: ['onStartupFinished', 'onUri', ...runsOnDemand],
    capabilities: {
      untrustedWorkspaces: {
        supported: 'limited',
        description:
          'In an untrusted folder run files and datasets can be read, but no trainer is started and none is attached to.',
        restrictedConfigurations: Object.values(settings)
          .filter((setting) => setting.restricted)
          .map((setting) => setting.id),
      },
      virtualWorkspaces: { supported: false, description: 'Training needs files on a disk.' },
    },
    contributes: {
      commands: commandNames.map((name) => {
        const { id, ...rest }: CommandInfo = commands[name];
        return { command: id, category, ...rest };
      }),
      menus: Object.fromEntries(
        Object.entries(menus).map(([place, items]) => [
          place,
          items.map(({ command, ...rest }) => ({ command: commands[command].id, ...rest })),
        ]),
      ),
      keybindings: dashboardKeys.map((pressed) => ({ command: 'noop', key: pressed, when: dashboardInFront })),
      viewsContainers: { activitybar: [{ id: viewContainer, title: 'Video-R1', icon: 'media/icon.svg' }] },
      views: {
        [viewContainer]: [
          { id: views.runs, name: 'Runs', contextualTitle: 'Video-R1', icon: 'media/icon.svg' },
          { id: views.breakpoints, name: 'Breakpoints', contextualTitle: 'Video-R1', icon: 'media/icon.svg' },
          { id: views.runFiles, name: 'Run Files', contextualTitle: 'Video-R1', icon: 'media/icon.svg' },
        ],
      },
      viewsWelcome: welcomes,
      configuration: {
        title: 'Video-R1',
        properties: Object.fromEntries(
          Object.values(settings).map(({ id, default: initial, restricted, markdownDescription, ...kind }, order) => [
            id,
            {
              ...kind,
              default: initial,
              markdownDescription,
              order,
              scope: restricted ? 'machine-overridable' : 'resource',
            },
          ]),
        ),
      },
      customEditors: [
        {
          viewType: datasetEditor,
          displayName: 'Video-R1 Dataset',
          selector: [{ filenamePattern: '*.json' }, { filenamePattern: '*.jsonl' }],
          priority: 'option',
        },
      ],
      jsonValidation: [
        { fileMatch: '*.run.json', url: './media/run-file.schema.json' },
        { fileMatch: '**/.video-r1/annotations/labels.json', url: './media/labels.schema.json' },
      ],
      walkthroughs: [
        {
          id: 'start',
          title: 'Train a video-reasoning model',
          description: 'From nothing to a model whose reasoning you can watch, question and steer.',
          steps: walkthroughSteps.map(({ id, title, command, button, text }) => ({
            id,
            title,
            description: `${text}\n${link(command, button)}`,
            media: { markdown: `media/walkthrough/${id}.md` },
            completionEvents: [`onCommand:${commands[command].id}`],
          })),
        },
      ],
    },
  };
}
