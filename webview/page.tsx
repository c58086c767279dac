/** Starts the page: theme, controls, the connection, and whichever of the pages was asked for. */
import './ui/page-language.ts';
import './page.css';
import { render } from 'preact';
import * as rpc from 'vscode-jsonrpc/browser';
import { z } from 'zod';
import { App } from './app.tsx';
import { datasetDoor } from './dataset/dataset-door.ts';
import { DatasetModel } from './dataset/dataset-model.ts';
import { DatasetPage } from './dataset/dataset-page.tsx';
import { connectHost } from './host.ts';
import { Connection } from './state/connection.ts';
import { Session } from './state/session.ts';
import { followTheme } from './ui/theme.ts';
import { registerToolkit } from './ui/toolkit.tsx';

/* The page's content security policy allows no code from strings, which zod would otherwise try first. */
z.config({ jitless: true });

const hiddenMs = 250;

const root = document.getElementById('page');
if (document.body.dataset.page === 'dataset') showDataset();
else showRuns();

/** The page of a dataset's file speaks with the editor of the file, and never with a trainer. */
function showDataset(): void {
  followTheme('vscode');
  registerToolkit();
  const model = new DatasetModel(datasetDoor(acquireVsCodeApi()));
  if (root) render(<DatasetPage model={model} />, root);
}

function showRuns(): void {
  const host = connectHost();
  followTheme(host.place);
  registerToolkit();
  const session = new Session(new Connection(rpc, host.place), nextPaint);
  if (root) render(<App host={host} session={session} />, root);
}

/** A hidden page is not painted; what waits there is done by the clock. */
function nextPaint(run: () => void): void {
  if (document.hidden) setTimeout(run, hiddenMs);
  else requestAnimationFrame(run);
}
