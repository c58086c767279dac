/** A client of the trainer of a project: of one that runs there, or of one in this process for as long as the work takes. */
import { userInfo } from 'node:os';
import { connectTrainer } from '../../client/connect.ts';
import { findTrainer } from '../../client/find-trainer.ts';
import type { Client } from '../../protocol/connection.ts';
import { host } from './hosting.ts';

export interface ClientWanted {
  /** Absolute. */
  readonly project: string;
  /** What the client calls itself. */
  readonly name: string;
  readonly ffmpeg?: string | undefined;
  readonly allowedRoots?: readonly string[] | undefined;
}

/** @throws StudioError `connection-lost`, `protocol-version`, `folder-busy`; as the work does */
export async function withClient<T>(wanted: ClientWanted, work: (client: Client) => Promise<T>): Promise<T> {
  const { project, name, ffmpeg, allowedRoots } = wanted;
  const running = await findTrainer(project);
  const hosting = running ? null : await host({ folder: project, ffmpeg, allowedRoots, log: () => undefined });
  try {
    const at = running ?? (hosting as NonNullable<typeof hosting>).server.discovery;
    const client = await connectTrainer(at, { client: name, author: userInfo().username });
    try {
      return await work(client);
    } finally {
      client.close();
    }
  } finally {
    await hosting?.close();
  }
}
