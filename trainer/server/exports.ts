/** Files that were made for clients: each is fetched once, over HTTP, and goes then, with its client, or with the trainer. */
import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { trainerFolder } from '../protocol/discovery.ts';

/** Below the address of the pages. */
export const exportsPath = 'exports/';

interface Offered {
  readonly file: string;
  /** As the browser calls it. */
  readonly name: string;
}

export class Exports {
  private readonly folder: string;
  private readonly offered = new Map<string, Offered>();

  /** What a trainer that was killed left there goes. */
  constructor(projectFolder: string) {
    this.folder = path.join(projectFolder, trainerFolder, 'exports');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A place for a file that nobody else writes to. */
  newFile(): { readonly id: string; readonly file: string } {
    const id = randomBytes(18).toString('base64url');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return { id, file: path.join(this.folder, id) };
  }

  /** @returns the path by which it is fetched */
  offer(id: string, file: string, name: string): string {
    this.offered.set(id, { file, name: name.replace(/[^\w.-]/g, '_') });
    return `/${exportsPath}${id}`;
  }

  remove(id: string): void {
    const offered = this.offered.get(id);
    this.offered.delete(id);
    if (offered) rmSync(offered.file, { force: true });
  }

  /** @returns false where there is no such file; rejects where it can't be sent whole, and the browser sees that it broke off */
  async send(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<boolean> {
    const offered = this.offered.get(id);
    if (!offered) return false;
    const length = statSync(offered.file).size;
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${offered.name}"`,
      'Content-Length': length,
    });
    if (request.method === 'HEAD') {
      response.end();
      return true;
    }
    this.offered.delete(id);
    try {
      await pipeline(createReadStream(offered.file), response);
    } finally {
      rmSync(offered.file, { force: true });
    }
    return true;
  }

  dispose(): void {
    this.offered.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
