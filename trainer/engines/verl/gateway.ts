/** The gateway that an engine speaks to: one that it starts, and ends with itself; or one that someone else started. */
import { readFile } from 'node:fs/promises';
import { StudioError } from '../../protocol/errors.ts';
import type { PositionGeneration, VerlSettings } from '../../protocol/runfile.ts';
import { GatewayProcess, type GatewayStart } from './gateway-process.ts';
import { GatewayLink, type LinkOptions } from './link.ts';
import type { Hello } from './messages.ts';
import { noEnvironment } from './setup/environment.ts';

export interface GatewaySurroundings extends Pick<GatewayStart, 'packages' | 'logs'> {
  /** The Python that was set up for a device; null where none was. */
  pythonFor(device: VerlSettings['device']): string | null;
  /** For tests: how long silence is borne. */
  readonly link?: Pick<LinkOptions, 'pingEveryMs' | 'mostUnanswered' | 'greetingMs'>;
}

/** What counts positions itself must be followed. */
const positionsOfVllm: PositionGeneration = '4.49';
/** How long it may take to let go before it is ended. */
const goodbyeMs = 5000;

export class Gateway {
  readonly link: GatewayLink;
  readonly hello: Hello;
  /** Null leaves it to the checkpoint. */
  readonly positions: PositionGeneration | null;
  /** Null for one that someone else started. */
  private readonly process: GatewayProcess | null;

  private constructor(
    settings: VerlSettings,
    { link, hello, process }: { link: GatewayLink; hello: Hello; process: GatewayProcess | null },
  ) {
    this.link = link;
    this.hello = hello;
    this.process = process;
    this.positions = hello.sampler === 'vllm' ? positionsOfVllm : (settings.mropePositions ?? null);
  }

  /** @throws StudioError `engine-failed`; then nothing of it stays */
  static async open(settings: VerlSettings, around: GatewaySurroundings): Promise<Gateway> {
    const opened =
      settings.attach === undefined ? await started(settings, around) : await attached(settings.attach, around);
    const gateway = new Gateway(settings, opened);
    const fault = gateway.mismatch(settings);
    if (fault === null) return gateway;
    await gateway.close();
    throw fault;
  }

  get logFile(): string | null {
    return this.process?.logFile ?? null;
  }

  recentLog(): readonly string[] {
    return this.process?.recentLog() ?? [];
  }

  /** Lets it go; one of our own is ended with all that it started. */
  async close(): Promise<void> {
    const goodbye = this.link.request('shutdown', {}).then(
      () => true,
      () => false,
    );
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      late = setTimeout(() => resolve(false), goodbyeMs);
    });
    const isAsked = await Promise.race([goodbye, tooLate]);
    clearTimeout(late);
    this.link.close();
    await this.process?.dispose(isAsked);
  }

  /** Where what answered is not what the settings ask for. */
  private mismatch({ ranks, mropePositions }: VerlSettings): StudioError | null {
    const { hello } = this;
    if (this.process !== null && hello.ranks !== ranks)
      return new StudioError('engine-failed', `The gateway runs ${hello.ranks} ranks, not ${ranks}.`, {
        place: 'engine.ranks',
      });
    const wanted = mropePositions ?? positionsOfVllm;
    if (hello.sampler === 'vllm' && wanted !== positionsOfVllm)
      return new StudioError(
        'engine-failed',
        `The gateway samples with vLLM, which counts positions as ${positionsOfVllm} does, not as ${wanted}; what is trained must follow it.`,
        { place: 'engine.mropePositions', remedy: 'Take mropePositions away.' },
      );
    return null;
  }
}

interface Opened {
  readonly link: GatewayLink;
  readonly hello: Hello;
  readonly process: GatewayProcess | null;
}

async function attached(
  { address, tokenFile }: NonNullable<VerlSettings['attach']>,
  around: GatewaySurroundings,
): Promise<Opened> {
  return { ...(await GatewayLink.open(address, await readToken(tokenFile), around.link)), process: null };
}

async function started(settings: VerlSettings, around: GatewaySurroundings): Promise<Opened> {
  const python = settings.python ?? around.pythonFor(settings.device);
  if (python === null) throw noEnvironment(settings.device);
  const process = await GatewayProcess.start({ python, settings, packages: around.packages, logs: around.logs });
  try {
    const explain = (lost: StudioError) => process.explain(lost.message.replace(/\.$/, ''));
    const address = await process.address();
    return { ...(await GatewayLink.open(address, process.token, { ...around.link, explain })), process };
  } catch (error) {
    await process.dispose(false);
    throw error;
  }
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new StudioError('engine-failed', `The token of the gateway can't be read: ${cause.message}`, {
      place: file,
      remedy:
        "Is a gateway there? It says at its start what engine.attach is to be: in its terminal, or in the log of its job. A relative tokenFile starts at the run file's folder.",
      cause,
    });
  });
  return text.trim();
}
