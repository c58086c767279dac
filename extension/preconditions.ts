/** What must hold before anything is started; each has its own way on in `notices.ts`. */

/** Nothing is started in a folder that is not trusted. */
export class NotTrusted extends Error {
  constructor() {
    super('This folder is not trusted, so Video-R1 starts nothing in it and attaches to nothing.');
  }
}

/** No folder is open. */
export class NoProject extends Error {
  constructor() {
    super('Open a folder first: Video-R1 keeps its run files and runs in it.');
  }
}

/** Nobody is there to ask. */
export class NoTrainer extends Error {
  constructor() {
    super('No trainer is at work in this folder. One that is started shows earlier runs, and lets them go on.');
  }
}
