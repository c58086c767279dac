/** A place and its link are the same thing in two forms; what is no link says what is wrong with it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { webviewPages } from '../../trainer/protocol/pages.ts';
import {
  editorLink,
  extensionId,
  foreignNote,
  linkKind,
  linkPath,
  type PlaceLink,
  place,
  projectName,
  readLink,
} from '../../trainer/protocol/place.ts';
import { queryLimits } from '../../trainer/protocol/query/lexemes.ts';
import { sortFields } from '../../trainer/protocol/query/sort.ts';
import { groupPurpose } from '../../trainer/protocol/records.ts';

const anyName = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const anyLink: fc.Arbitrary<PlaceLink> = fc.record({
  project: fc.option(anyName),
  place: fc.record(
    {
      page: fc.constantFrom(...webviewPages),
      runId: anyName,
      step: fc.nat(),
      groupId: anyName,
      rolloutId: anyName,
      ask: fc.nat(),
      span: fc
        .tuple(fc.nat(9999), fc.integer({ min: 1, max: 999 }))
        .map(([start, more]) => ({ start, end: start + more })),
      query: fc.string({ unit: 'binary', maxLength: 60 }),
      sort: fc.record({ by: fc.constantFrom(...sortFields), descending: fc.boolean() }),
      question: anyName,
      againstRolloutId: anyName,
      purpose: fc.constantFrom(...groupPurpose.options),
      againstRunId: anyName,
      evaluationId: anyName,
      againstEvaluationId: anyName,
      beside: fc.array(fc.stringMatching(/^[A-Za-z0-9._-]{1,80}$/), { minLength: 1, maxLength: 3 }),
      audit: anyName,
      family: anyName,
    },
    { requiredKeys: ['page'] },
  ),
});

const example: PlaceLink = {
  project: 'my clips',
  place: {
    page: 'rollouts',
    runId: 'tgrpo-1',
    step: 150,
    rolloutId: 's150-g0-o1',
    query: 'correct:false aha>=3 & "a+b"',
  },
};

/** What VS Code hands to an extension: path and query with their percent signs undone. */
function asVsCodeHandsOver(link: string): string {
  const [, scheme, authority, rest = ''] = /^([^:]+):\/\/([^/]+)(.*)$/s.exec(link) ?? [];
  const [pathPart = '', query] = rest.split('?');
  return `${scheme}://${authority}${decodeURIComponent(pathPart)}${query === undefined ? '' : `?${decodeURIComponent(query)}`}`;
}

const faultOf = (text: string): StudioError => {
  try {
    readLink(text);
  } catch (thrown) {
    if (thrown instanceof StudioError) return thrown;
    throw thrown;
  }
  throw new Error(`${text.slice(0, 80)} was read as a link`);
};

describe('a link', () => {
  it('has the project, the run and the page in its path, and the place behind it', () => {
    expect(linkPath(example)).toBe(
      '/my%20clips/tgrpo-1/rollouts?step=150&rollout=s150-g0-o1&query=correct%3Afalse%20aha%3E~3d3%20~26%20%22a~2bb%22',
    );
    expect(editorLink(example)).toBe(`vscode://${extensionId}${linkPath(example)}`);
    expect(linkPath({ project: null, place: { page: 'dashboard', runId: 'sft-1' } })).toBe('/dashboard?run=sft-1');
    expect(linkPath({ project: 'p', place: { page: 'dashboard' } })).toBe('/p/dashboard');
  });

  it('comes back as the place that it was made of, in every form and whatever the text', () => {
    fc.assert(
      fc.property(anyLink, (link) => {
        const forms = [linkPath(link), `http://127.0.0.1:4711${linkPath(link)}`, editorLink(link, 'vscode-insiders')];
        for (const form of [...forms, asVsCodeHandsOver(editorLink(link))]) {
          expect(readLink(form)).toEqual(link);
        }
        const address = new URL(forms[1] as string);
        expect(address.pathname + address.search).toBe(forms[0]);
        expect(linkKind(forms[0] as string)).toBe('link');
      }),
    );
  });

  it('leaves out what belongs to an address: the token of a trainer, the window of VS Code', () => {
    expect(readLink('http://localhost:9/p/r-1/dashboard?token=secret&step=3').place).toEqual({
      page: 'dashboard',
      runId: 'r-1',
      step: 3,
    });
    expect(readLink(`vscode://${extensionId}/p/rollouts?windowId=_blank`)).toEqual({
      project: 'p',
      place: { page: 'rollouts' },
    });
  });

  it('that is none says where and what to do', () => {
    const faults: readonly (readonly [string, string, string])[] = [
      ['vscode://other.thing/p/r/rollouts', 'vscode', 'not one of Video-R1 Studio, but of other.thing'],
      ['/p/r-1/rolouts', 'rolouts', 'names no page; the nearest is rollouts'],
      ['/a/b/c/rollouts', '/a/b/c/rollouts', 'not /PROJECT/RUN/PAGE'],
      ['//rollouts', '//rollouts', 'not /PROJECT/RUN/PAGE'],
      ['/p/r-1/rollouts?step=-3', 'step', 'as step is not a whole number'],
      ['/p/r-1/rollouts?select=9-3', 'select', 'not two places in the text'],
      ['/p/r-1/rollouts?sort=-colour', 'sort', 'not a field to sort by'],
      ['/p/r-1/dashboard?beside=a,b,c,d', 'beside', 'not the ids of 3 runs at most'],
      ['/p/r-1/dashboard?beside=a,..%2Fb', 'beside', 'not the ids of 3 runs at most'],
      ['/p/r-1/rollouts?roll=1', 'roll', 'knows no part "roll" of a link; the nearest is rollout'],
      ['/p/r-1/rollouts?step=1&step=2', 'step', 'says step twice'],
      ['/p/r-1/rollouts?run=r-2', 'run', 'says run twice'],
      ['/p/r-1/rollouts?query=%ff', 'query', 'can not be read'],
      ['/p/r-1/rollouts?query=a~zz', 'query', 'can not be read'],
      ['/p/r-1/rollouts#top', '#', 'too many'],
      [`/p/r-1/rollouts?query=${'a'.repeat(10_001)}`, 'query', 'a filter of at most 10,000 characters'],
    ];
    for (const [text, at, message] of faults) {
      expect(faultOf(text), text).toMatchObject({ kind: 'bad-request', place: at, remedy: expect.any(String) });
      expect(faultOf(text).message).toContain(message);
    }
    expect(faultOf(`/p/r-1/rollouts?query=${'a'.repeat(199_000)}`).message).toMatch(
      /199022 characters, more than the 114000/,
    );
  });

  it('of any text is a place or a fault, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })), (text) => {
        try {
          expect(place.safeParse(readLink(text).place).success).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(StudioError);
        }
      }),
    );
  });
});

describe('what is typed into the filter', () => {
  it('is a link only where it can be nothing else', () => {
    for (const text of [
      ' /p/r-1/rollouts?step=3 ',
      `vscode://${extensionId}/any`,
      'http://127.0.0.1:3/rollouts',
      '/dashboard',
    ])
      expect(linkKind(text), text).toBe('link');
    for (const text of [
      'rollouts',
      'step>3',
      'left / right',
      'a://',
      'https://a.example/page',
      'file:///etc/passwd',
      '/think/ answer',
      '"http"',
      'and/or',
    ])
      expect(linkKind(text), text).toBe(null);
  });
});

it('a link holds the longest filter there can be, whatever its characters', () => {
  for (const character of ['a', '&', '€', '\u0000', '\ud800']) {
    const query = character.repeat(queryLimits.length);
    const link = { project: 'p'.repeat(255), place: { page: 'rollouts' as const, runId: 'r'.repeat(255), query } };
    for (const form of [editorLink(link), linkPath(link)]) expect(readLink(form)).toEqual(link);
  }
});

it('an address of a page is a link at this machine and at the origin of the page, and elsewhere it is foreign', () => {
  const rest = '/p/r-1/rollouts?step=3';
  for (const origin of ['http://localhost', 'http://127.0.0.1:4712', 'http://[::1]:9', 'https://LOCALHOST:1'])
    expect(linkKind(origin + rest), origin).toBe('link');
  for (const origin of [
    'https://evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'http://127.0.0.1:80:evil.example',
    `https://${extensionId}`,
    'http://',
    'vscode://a.b',
    'ftp://localhost',
  ])
    expect(linkKind(origin + rest, 'https://tunnel.example'), origin).toBe('foreign');
  expect(linkKind(`https://tunnel.example${rest}`, 'https://tunnel.example')).toBe('link');
  expect(linkKind(`https://tunnel.example.evil${rest}`, 'https://tunnel.example')).toBe('foreign');
  expect(foreignNote(` https://evil.example${rest}`)).toBe('An address of evil.example leads to none of these pages');
});

it('a project is called as its folder is, on every system', () => {
  expect(['/home/ada/clips', '/home/ada/clips/', 'C:\\work\\clips', '/'].map(projectName)).toEqual([
    'clips',
    'clips',
    'clips',
    'root',
  ]);
});

it('the id of the extension is that of its manifest', () => {
  const { publisher, name } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as {
    publisher: string;
    name: string;
  };
  expect(extensionId).toBe(`${publisher}.${name}`);
});
