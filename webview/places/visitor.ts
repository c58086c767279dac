/**
 * Goes to the places that links and other people point at. What is no longer there is said in a sentence, and the nearest is
 * shown; a place of another project is not gone to.
 */
import { asStudioError } from '../../trainer/protocol/errors.ts';
import { nearby } from '../../trainer/protocol/nearest.ts';
import { type Place, type PlaceLink, projectName, readLink } from '../../trainer/protocol/place.ts';
import type { Session } from '../state/session.ts';
import { Store } from '../ui/store.ts';

/** A place that is there. */
export interface Found extends Omit<Place, 'runId' | 'groupId' | 'rolloutId'> {
  /** Null where there is no run yet. */
  readonly runId: string | null;
  readonly groupId: string | null;
  readonly rolloutId: string | null;
}

export interface VisitState {
  /** Who pointed; null where a person came by a link. */
  readonly by: string | null;
  /** What of the place is not there, or is not what it was. */
  readonly note: string | null;
  /** To where one was before. */
  readonly back: (() => void) | null;
}

export interface Pages {
  /** Shows a place. @returns false where another panel of the editor does, which says what is to be said */
  go(found: Found, by: string | null): boolean;
  /** What brings back what is shown now; null where nothing is. */
  here(): (() => void) | null;
}

export class Visitor {
  /** Null when there is nothing to say. */
  readonly state = new Store<VisitState | null>(null);
  private readonly session: Session;
  private readonly pages: Pages;
  private turn = 0;

  constructor(session: Session, pages: Pages) {
    this.session = session;
    this.pages = pages;
    session.connection.on('place/show', ({ place, by }) => void this.visit({ project: null, place }, { by }));
  }

  /**
   * A link that was pasted, or an address that was opened; what is wrong with it is shown.
   * @param canReturn whether there is something to go back to
   */
  async follow(text: string, canReturn: boolean): Promise<void> {
    try {
      await this.visit(readLink(text), { canReturn });
    } catch (thrown) {
      /* What the page shows then takes its place no more. */
      await this.known();
      this.session.connection.fail(asStudioError(thrown));
    }
  }

  /** Resolves when the place is shown, or it is said why it is not. */
  async visit(
    link: PlaceLink,
    { by = null, canReturn = by !== null }: { by?: string | null; canReturn?: boolean } = {},
  ): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    const { connection, state } = this.session;
    // Before there are runs to choose from, the one of the link is to come first.
    if (link.place.runId !== undefined && state.get().runs === null) this.session.choose(link.place.runId);
    const { runId: wanted, groupId, rolloutId, ...rest } = link.place;
    let { folder, runs, unreadable } = await this.known();
    // A run that has just begun may be pointed at before the page has heard of it.
    if (wanted !== undefined && !runs.includes(wanted)) {
      await this.session.readRuns();
      ({ folder, runs, unreadable } = await this.known());
    }
    if (turn !== this.turn) return;
    const here = projectName(folder);
    if (link.project !== null && link.project !== here) {
      this.say(
        by,
        `The link leads to the project ${link.project}, and this page shows ${here}. Open it in a page of that project, or in VS Code.`,
      );
      return;
    }
    const damaged = unreadable.find(({ id }) => id === wanted);
    if (damaged) return this.say(by, `The run ${damaged.id} can't be read: ${damaged.message}`);
    const isThere = wanted === undefined || runs.includes(wanted);
    const runId = isThere ? (wanted ?? this.session.state.get().runId) : nearby(wanted, runs);
    if (!isThere) {
      const nearest = runId === null ? '' : ` Shown is ${runId}, whose name is the nearest.`;
      this.say(
        by,
        `There is no run ${wanted} in ${here}. ${runs.length === 0 ? 'There are none.' : `There are ${listed(runs)}.`}${nearest}`,
      );
      connection.dismissFault();
      if (runId !== null) this.pages.go({ page: rest.page, runId, groupId: null, rolloutId: null }, null);
      return;
    }
    let found: Pick<Found, 'groupId' | 'rolloutId'> & { readonly note: string | null } = {
      groupId: null,
      rolloutId: null,
      note: null,
    };
    if (runId !== null && (groupId ?? rolloutId ?? rest.step) !== undefined) {
      try {
        const { step } = rest;
        found = await connection.request('places/find', { runId, groupId, rolloutId, step });
      } catch (thrown) {
        if (turn === this.turn) connection.fail(asStudioError(thrown));
        return;
      }
      if (turn !== this.turn) return;
    }
    const back = canReturn ? this.pages.here() : null;
    const { note, ...where } = found;
    // A passage of another answer would be any passage.
    const { span, ...asked } = rest;
    if (!this.pages.go({ ...asked, ...(span && where.rolloutId === rolloutId && { span }), runId, ...where }, by))
      return;
    if (by !== null || note !== null || back !== null) this.state.set({ by, note, back });
    else this.dismiss();
  }

  dismiss(): void {
    this.state.set(null);
  }

  private say(by: string | null, note: string): void {
    this.state.set({ by, note, back: null });
  }

  /** The project and its runs, as soon as they are known. */
  private known(): Promise<{
    folder: string;
    runs: readonly string[];
    unreadable: readonly { id: string; message: string }[];
  }> {
    const { connection, state } = this.session;
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const look = (): boolean => {
        const { trainer } = connection.state.get();
        const { runs, unreadable } = state.get();
        if (trainer === null || runs === null) return false;
        for (const stop of stops) stop();
        resolve({ folder: trainer.folder, runs: runs.map(({ id }) => id), unreadable });
        return true;
      };
      if (!look()) stops.push(connection.state.watch(look), state.watch(look));
    });
  }
}

const mostListed = 6;

/** Names in a sentence, the last ones as a number where they are many. */
function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return names.slice(0, mostListed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
