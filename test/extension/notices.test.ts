/** Failures as messages: one sentence with the one button that takes away what stood in the way, and what goes on afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { pause } from '../../extension/commands/control-run.ts';
import { settings } from '../../extension/contributions.ts';
import { showFailure } from '../../extension/notices.ts';
import { NoTrainer } from '../../extension/preconditions.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { editor } from './fake-vscode.ts';
import { studioOn } from './studios.ts';

const installing = vi.hoisted(() => ({ run: async (): Promise<boolean> => true }));
vi.mock('../../extension/commands/install-ffmpeg.ts', () => ({ install: () => installing.run() }));

function studioInFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-notice-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return studioOn(folder);
}

const noFfmpeg = new StudioError('ffmpeg-missing', 'No ffmpeg was found (the system’s: spawn ffmpeg ENOENT).', {
  remedy: 'Install it:\n  video-r1 setup ffmpeg',
});

describe('a command that needs ffmpeg', () => {
  test('says so in one sentence with one button, and goes on by itself after the installation', async () => {
    const again = vi.fn(async () => {});
    const studio = studioInFolder();
    editor.presses = ['Install ffmpeg'];
    await showFailure(studio, 'Start SFT Run', noFfmpeg, again);
    expect(editor.messages).toEqual([
      ['Start SFT Run needs ffmpeg, which reads the videos, and this machine has none.', 'Install ffmpeg'],
    ]);
    expect(again).toHaveBeenCalledOnce();
  });

  test('stays as it is when nobody wants the installation, or it fails, which is said', async () => {
    const again = vi.fn(async () => {});
    const studio = studioInFolder();
    await showFailure(studio, 'Start SFT Run', noFfmpeg, again);
    installing.run = async () => {
      throw new StudioError('ffmpeg-missing', 'npm is missing.');
    };
    editor.presses = ['Install ffmpeg'];
    await showFailure(studio, 'Start SFT Run', noFfmpeg, again);
    expect(editor.messages.at(-1)).toEqual(['Install ffmpeg: npm is missing.', 'Show Log']);
    expect(again).not.toHaveBeenCalled();
  });

  test('leads to the setting that names one which does not run', async () => {
    const studio = studioInFolder();
    editor.presses = ['Open Settings'];
    const named = new StudioError('ffmpeg-missing', 'The ffmpeg that was named does not run.', {
      place: '/opt/ffmpeg',
    });
    await showFailure(studio, 'Start Run', named);
    expect(editor.executed).toEqual([['workbench.action.openSettings', '@id:videoR1.trainer.ffmpegPath']]);
  });
});

describe('a trainer that can not be started', () => {
  test('is offered where a command finds none, and what stands against it is said', async () => {
    const studio = studioInFolder();
    await expect(pause(studio)).rejects.toThrow(NoTrainer);
    editor.presses = ['Start Trainer'];
    const again = vi.fn(async () => {});
    await showFailure(studio, 'Pause', new NoTrainer(), again);
    expect(editor.messages.map(([text]) => text)).toEqual([
      expect.stringMatching(/^No trainer is at work in this folder\./),
      // The stand-in's extension has no program.
      expect.stringMatching(/^Start Trainer: The extension lacks its trainer program\./),
    ]);
    expect(again).not.toHaveBeenCalled();
  });

  test.each([
    ['node-missing', 'Open Settings', ['workbench.action.openSettings', '@id:videoR1.trainer.nodePath']],
    ['no-access', 'Choose Project Folder…', ['videoR1.chooseProject']],
  ] as const)('because of %s offers the way on', async (kind, button, command) => {
    const studio = studioInFolder();
    editor.presses = [button];
    await showFailure(studio, 'Start Trainer', new StudioError(kind, 'It does not go.', { remedy: 'Do so.' }));
    expect(editor.messages).toEqual([['Start Trainer: It does not go. Do so.', button]]);
    expect(editor.executed).toEqual([command]);
  });
});

test('a setting of the wrong type is said once, with what is taken, and leads to the setting', async () => {
  const studio = studioInFolder();
  editor.settings.set(settings.nodePath.id, 5);
  editor.presses = ['Open Settings'];
  expect([studio.setting(settings.nodePath), studio.setting(settings.nodePath)]).toEqual(['', '']);
  await vi.waitFor(() => expect(editor.executed).toHaveLength(1));
  expect(editor.messages).toEqual([
    ['The setting videoR1.trainer.nodePath must be a text, not 5; "" is taken.', 'Open Settings'],
  ]);
  expect(editor.executed).toEqual([['workbench.action.openSettings', '@id:videoR1.trainer.nodePath']]);
});

test('a lack of the verl engine leads to its set-up', async () => {
  const studio = studioInFolder();
  editor.presses = ['Set up the verl Engine…'];
  const lacking = new StudioError('engine-failed', 'No Python with verl was set up for GPUs.', {
    remedy: 'Run: video-r1 setup verl; or name one with engine.python in the run file.',
  });
  await showFailure(studio, 'Start Run', lacking);
  expect(editor.executed).toEqual([['videoR1.setUpVerl']]);
});
