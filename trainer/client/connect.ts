/** A connection to a trainer on which both sides have said who they are. */
import * as rpc from 'vscode-jsonrpc/node';
import { Client } from '../protocol/connection.ts';
import type { Discovery } from '../protocol/discovery.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { protocolVersion, speaksOurProtocol } from '../protocol/version.ts';
import { connectSocket } from './socket.ts';

/** `client` names the program; `author` signs commands and flags. */
export interface Caller {
  readonly client: string;
  readonly author: string;
}

/** @throws StudioError `connection-lost`; `protocol-version` with the process to shut down. */
export async function connectTrainer(
  at: Discovery,
  caller: Caller,
  onFault?: (fault: StudioError) => void,
): Promise<Client> {
  const client = new Client(rpc, await connectSocket(at), onFault);
  try {
    const { protocol } = await client.request('initialize', { protocol: protocolVersion, ...caller });
    if (!speaksOurProtocol(protocol)) {
      throw new StudioError(
        'protocol-version',
        `The trainer speaks protocol ${protocol.major}, and ${caller.client} speaks ${protocolVersion.major}.`,
      );
    }
    return client;
  } catch (thrown) {
    client.close();
    const fault = asStudioError(thrown);
    if (fault.kind !== 'protocol-version') throw fault;
    throw new StudioError('protocol-version', fault.message, {
      remedy: `Shut down the trainer that is at work in this folder (process ${at.pid}) and start it from this version; its runs go on from their last checkpoint.`,
    });
  }
}
