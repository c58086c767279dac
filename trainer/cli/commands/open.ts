/** `video-r1 open`: points at a place of a run, so that a script, an assistant or another person's terminal can show it. */
import { userInfo } from 'node:os';
import path from 'node:path';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import { placeAddress } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import { webviewPages } from '../../protocol/pages.ts';
import {
  editorLink,
  foreignNote,
  linkKind,
  linkPath,
  type PlaceLink,
  place,
  projectName,
  readLink,
} from '../../protocol/place.ts';
import { callable } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, oneOf, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { queryOption, sortOption } from '../terminal/rollout-options.ts';
import { requireRun } from './require-run.ts';

export const openCommand: CliCommand = {
  name: 'open',
  summary: 'show a place of a run in the pages that are open, or print its links',
  help: `
video-r1 open RUN [--rollout ID] [--group ID] [--step N] [--query FILTER] [--sort FIELD] [--select START-END] [--ask N]
              [--page PAGE] [--against RUN] [--print] [--folder DIR]
video-r1 open LINK [--print] [--folder DIR]

Every page that is open for the project goes to the place and says who pointed; where none is open, the address for a browser
and the link for VS Code are printed. The address holds the token of the trainer that is at work, the links hold none: they work
as long as the run is there.
PAGE is ${webviewPages.join(', ')}; rollouts where it is left out. --against names the run that compare puts
beside it. --sort takes a field, with a - before it for the largest first.
--select marks a passage of the answer: places in its text, as a link of the page has them. --ask opens what was asked again beside it,
with ask N, or 0 to ask.
--print shows nothing and prints the path that any page of the project takes, and the link for VS Code. It needs no trainer.

  video-r1 open tgrpo-1 --rollout s50-0-o1 --folder sample
  video-r1 open tgrpo-1 --query "correct:false aha>=3" --sort=-length --folder sample
  video-r1 open tgrpo-2 --page compare --against tgrpo-1 --folder sample
  video-r1 open tgrpo-1 --step 150 --print`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        rollout: { type: 'string' },
        group: { type: 'string' },
        step: { type: 'string' },
        query: { type: 'string' },
        sort: { type: 'string' },
        select: { type: 'string' },
        ask: { type: 'string' },
        page: { type: 'string' },
        against: { type: 'string' },
        print: { type: 'boolean', default: false },
        folder: { type: 'string', default: '.' },
      },
      1,
    );
    const [named] = positionals;
    if (named === undefined) throw usage('Name a run, or give a link.');
    const project = path.resolve(values.folder);
    const kind = linkKind(named);
    if (kind === 'foreign')
      throw new StudioError('bad-request', `${foreignNote(named)}.`, {
        remedy: 'Give the path after the address of a page, or name a run.',
      });
    const link =
      kind === 'link' ? linkGiven(named, project) : { project: projectName(project), place: placeOf(named, values) };
    if (link.place.runId !== undefined) requireRun(project, link.place.runId);
    if (values.print) {
      process.stdout.write(`${linkPath(link)}\n${editorLink(link)}\n`);
      return exitCodes.done;
    }
    process.stdout.write(await shown(link, project));
    return exitCodes.done;
  },
};

interface Words {
  readonly rollout?: string | undefined;
  readonly group?: string | undefined;
  readonly step?: string | undefined;
  readonly query?: string | undefined;
  readonly sort?: string | undefined;
  readonly select?: string | undefined;
  readonly ask?: string | undefined;
  readonly page?: string | undefined;
  readonly against?: string | undefined;
}

/** Read as a link is, so that a place means the same wherever it is named. @throws StudioError `bad-request` */
function placeOf(
  run: string,
  { rollout, group, step, query, sort, select, ask, page = 'rollouts', against }: Words,
): PlaceLink['place'] {
  const shownPage = oneOf('--page', page, webviewPages);
  const [, start, end] = /^(\d+)-(\d+)$/.exec(select ?? '') ?? [];
  if (select !== undefined && !(Number(start) < Number(end))) throw usage(`--select ${select} is not START-END.`);
  if (against !== undefined && shownPage !== 'compare')
    throw usage(`--against is of --page compare, and not of ${shownPage}.`);
  if (query !== undefined) queryOption(query);
  const given = {
    page: shownPage,
    runId: run,
    ...(rollout !== undefined && { rolloutId: rollout }),
    ...(group !== undefined && { groupId: group }),
    ...(step !== undefined && { step: wholeNumber('step', step, 0) }),
    ...(query !== undefined && { query }),
    ...(sort !== undefined && { sort: sortOption(sort) }),
    ...(against !== undefined && { againstRunId: against }),
    ...(ask !== undefined && { ask: wholeNumber('ask', ask, 0) }),
    ...(start !== undefined && { span: { start: Number(start), end: Number(end) } }),
  };
  const checked = place.safeParse(given);
  if (checked.success) return checked.data;
  const at = checked.error.issues[0]?.path[0];
  const option = { rolloutId: '--rollout', groupId: '--group', againstRunId: '--against', span: '--select' }[
    String(at)
  ];
  throw usage(`What is given as ${option ?? 'RUN'} does not fit.`);
}

/** @throws StudioError `conflict` for a link of another project */
function linkGiven(text: string, project: string): PlaceLink {
  const link = readLink(text);
  const name = projectName(project);
  if (link.project === null || link.project === name) return { ...link, project: name };
  throw new StudioError('conflict', `The link leads to the project ${link.project}; this folder is ${name}.`, {
    place: project,
    remedy: 'Name its folder with --folder.',
  });
}

/** @throws StudioError `not-found` without a trainer, or for a run that is not there; `bad-request` for a filter with a fault */
async function shown(link: PlaceLink, project: string): Promise<string> {
  const at = await findTrainer(project);
  if (at === null)
    throw new StudioError('not-found', 'No trainer is at work in this folder, so no page is open either.', {
      place: project,
      remedy: callable(`Start one with video-r1 serve, or open ${editorLink(link)} in VS Code.`),
    });
  const client = await connectTrainer(at, { client: 'video-r1 open', author: userInfo().username });
  try {
    const { pages, note } = await client.request('place/show', { place: link.place });
    const said = note === null ? '' : `${note}\n`;
    if (pages > 0) return `${said}Shown in ${pages === 1 ? 'the page that is' : `the ${pages} pages that are`} open.\n`;
    return `${said}No page of this project is in sight. Open one of these:\n  ${placeAddress(at, link)}\n  ${editorLink(link)}\n`;
  } finally {
    client.close();
  }
}
