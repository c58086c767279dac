/** Starts the page: theme, controls, the connection, and whichever of the pages was asked for. */
import './ui/page-language.ts';
import { render } from 'preact';
import { z } from 'zod';
import { App } from './app.tsx';
import { connectHost } from './host.ts';
import { Session } from './state/session.ts';
import { followTheme } from './ui/theme.ts';
import { registerToolkit } from './ui/toolkit.tsx';

/* The page's content security policy allows no code from strings, which zod would otherwise try first. */
z.config({ jitless: true });

const host = connectHost();
followTheme(host.place);
registerToolkit();
const root = document.getElementById('page');
if (root) render(<App host={host} session={new Session(host)} />, root);
