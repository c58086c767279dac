/** Audits of datasets that lie in a project, as `video-r1 audit` wrote them: read when they are asked for, never written. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readAudit } from '../audit/audit-file.ts';
import { familyOf, isOrderUnused, seenShare } from '../audit/results.ts';
import {
  type AuditEntry,
  type AuditLine,
  type AuditResults,
  auditFiles,
  auditResults,
  auditsFolder,
} from '../protocol/audit.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import type { RequestParams, RequestResult } from '../protocol/messages.ts';
import { type AuditSurroundings, auditCost, auditQuestion } from './audit-question.ts';
import type { AuditService } from './service.ts';

export class Audits implements AuditService {
  private readonly folder: string;
  /** The lines that were read last, since a page asks for one family after the other. */
  private read: { readonly file: string; readonly stamp: string; readonly lines: readonly AuditLine[] } | null = null;

  private readonly around: AuditSurroundings;

  constructor(projectFolder: string, around: AuditSurroundings) {
    this.around = around;
    this.folder = path.join(projectFolder, trainerFolder, auditsFolder);
  }

  async list(): Promise<AuditEntry[]> {
    const entries = await Promise.all((await this.names()).map((name) => this.entry(name)));
    return entries.filter((entry) => entry !== null).sort((a, b) => b.at - a.at);
  }

  async get(name: string): Promise<AuditResults> {
    const file = await this.fileOf(name, auditFiles.results);
    const checked = auditResults.safeParse(parseJson(await readFile(file, 'utf8')));
    if (checked.success) return checked.data;
    throw new StudioError('bad-input', 'This is no result of an audit that this version can read.', {
      place: file,
      remedy: 'Give the command video-r1 audit again: it asks nothing twice.',
    });
  }

  async rows({
    name,
    dataset,
    family,
    from = 0,
    limit = 100,
  }: RequestParams<'audits/rows'>): Promise<RequestResult<'audits/rows'>> {
    const lines = await this.lines(await this.fileOf(name, auditFiles.answers));
    const own = lines
      .filter((line) => line.dataset === dataset && familyOf(line) === family)
      .sort((a, b) => a.row - b.row);
    const asked = own.filter((line) => line.outcome === 'audited');
    const unused = new Set<AuditLine>(asked.filter(isOrderUnused));
    const rows = [...unused, ...own.filter((line) => !unused.has(line))];
    return {
      rows: rows.slice(from, from + limit),
      total: rows.length,
      asked: asked.length,
      right: asked.filter((line) => seenShare(line) >= 0.5).length,
      unused: asked.some(({ shuffled }) => shuffled.length > 0) ? unused.size : null,
    };
  }

  async question({
    runId,
    name,
    dataset,
    row,
  }: RequestParams<'audits/question'>): Promise<RequestResult<'audits/question'>> {
    const lines = await this.lines(await this.fileOf(name, auditFiles.answers));
    const line = lines.find((one) => one.dataset === dataset && one.row === row);
    if (!line) throw new StudioError('not-found', `The audit ${name} has no row ${row} of ${dataset}.`);
    return auditQuestion(line, await this.get(name), this.around.beside(runId), () => this.around.media());
  }

  async cost(runId: string): Promise<RequestResult<'audits/cost'>> {
    return auditCost(this.around.beside(runId));
  }

  private async names(): Promise<string[]> {
    const found = await readdir(this.folder, { withFileTypes: true }).catch(() => []);
    return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  /** A name is compared with what is there, and never made a path. @throws StudioError `not-found` */
  private async fileOf(name: string, file: string): Promise<string> {
    const known = (await this.names()).find((one) => one === name);
    const found = known === undefined ? null : path.join(this.folder, known, file);
    if (found !== null && (await stat(found).catch(() => null))?.isFile()) return found;
    throw new StudioError('not-found', `There is no audit ${name}, or it has no results yet.`, {
      place: this.folder,
      remedy: 'Choose another one, or give its command video-r1 audit again.',
    });
  }

  /** Null while it has no results. */
  private async entry(name: string): Promise<AuditEntry | null> {
    const file = path.join(this.folder, name, auditFiles.results);
    const at = (await stat(file).catch(() => null))?.mtimeMs;
    if (at === undefined) return null;
    try {
      const { label, datasets } = await this.get(name);
      const families = datasets.flatMap(({ byFamily }) => byFamily);
      return {
        ...{ name, at, fault: null },
        model: label.step === null ? label.model : `${label.model}, step ${label.step}`,
        datasets: datasets.map((dataset) => dataset.name),
        questions: datasets.reduce((sum, { all }) => sum + all.count, 0),
        shortcuts: families.filter(({ verdict }) => verdict?.kind === 'shortcut').length,
      };
    } catch (thrown) {
      const fault = asStudioError(thrown).message;
      return { ...{ name, at, fault }, model: null, datasets: [], questions: 0, shortcuts: 0 };
    }
  }

  private async lines(file: string): Promise<readonly AuditLine[]> {
    const { mtimeMs, size } = await stat(file);
    const stamp = `${mtimeMs} ${size}`;
    if (this.read?.file !== file || this.read.stamp !== stamp)
      this.read = { file, stamp, lines: readAudit(file).lines };
    return this.read.lines;
  }
}
