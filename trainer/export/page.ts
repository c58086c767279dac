/**
 * What every exported page has in common: a policy that forbids all that it does not need, and text from outside as text alone.
 * What is returned is HTML.
 */
import { createHash } from 'node:crypto';
import { shownLine, shownText } from '../protocol/hostile-text.ts';
import { pageStyle } from './page-style.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
/** Text from outside, its deceiving characters as their code. */
export const text = (from: string) => escaped(shownText(from));
export const line = (from: string) => escaped(shownLine(from));

export const plural = (count: number, noun: string) =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;

/** All before what the page says. @param title as HTML. @param pictures inside the page, or in files beside it */
export function pageHead(title: string, pictures: 'data:' | "'self' file:" = 'data:'): string {
  const policy = [
    "default-src 'none'",
    `img-src ${pictures}`,
    `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${title}</h1>`;
}

export const pageEnd = '</main>\n</body>\n</html>\n';

export const writtenAt = (at: Date) =>
  `Written ${escaped(at.toISOString().slice(0, 16).replace('T', ' '))} UTC by Video-R1 Studio.`;
