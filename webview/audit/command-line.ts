/** The command that audits a dataset, as it is typed into a shell. */
import { shellCommand } from '../run/shell-command.ts';

interface Audited {
  /** Of a run: absolute, or relative to the project. */
  readonly dataset: string;
  readonly run: string;
  /** Absolute, of any system. */
  readonly project: string;
}

/** Null where a name can't be written so that every shell of that system takes it as a name. */
export function auditCommandLine({ dataset, run, project }: Audited): string | null {
  const isPosix = project.startsWith('/');
  const isAbsolute = isPosix ? dataset.startsWith('/') : /^([a-z]:)?[\\/]/i.test(dataset);
  const separator = isPosix ? '/' : '\\';
  const file = isAbsolute ? dataset : `${project.replace(/[\\/]$/, '')}${separator}${dataset}`;
  return shellCommand(['audit', file, '--checkpoint', run], project);
}
