/** What the system says of a file or folder that it does not give, as a sentence with a place and a way out. */

export interface FileFault {
  readonly kind: 'bad-input' | 'not-found' | 'disk-full';
  readonly message: string;
  readonly place: string | undefined;
  readonly remedy: string;
}

const goesOn = 'Free some space, then give the command again or resume the run: it goes on from its last checkpoint.';
const permissions = 'Give the user who runs this command the right to it, or choose another place.';
const path = 'Check the path. A folder in which a file is to be made has to be there first.';

/** By the system's own name of the error (errno). */
const faults: Readonly<Record<string, Omit<FileFault, 'place'>>> = {
  ENOSPC: { kind: 'disk-full', message: 'No space is left on the disk.', remedy: goesOn },
  EDQUOT: { kind: 'disk-full', message: "This user's share of the disk is used up.", remedy: goesOn },
  ENOENT: { kind: 'not-found', message: 'There is no such file or folder.', remedy: path },
  ENOTDIR: { kind: 'bad-input', message: 'A part of this path is a file where a folder is expected.', remedy: path },
  EISDIR: { kind: 'bad-input', message: 'This is a folder where a file is expected.', remedy: path },
  EEXIST: {
    kind: 'bad-input',
    message: 'Something of this name is here already, and not what is expected.',
    remedy: 'Move it away, or choose another name.',
  },
  ENOTEMPTY: { kind: 'bad-input', message: 'This folder is not empty.', remedy: 'Choose another name.' },
  EACCES: { kind: 'bad-input', message: 'This user has no right to do this here.', remedy: permissions },
  EPERM: { kind: 'bad-input', message: 'The system does not allow this user to do this here.', remedy: permissions },
  EROFS: {
    kind: 'bad-input',
    message: 'This place can only be read.',
    remedy: 'Choose a place that can be written, or mount it so that it can.',
  },
  ELOOP: { kind: 'bad-input', message: 'Links lead in a circle here.', remedy: path },
  ENAMETOOLONG: {
    kind: 'bad-input',
    message: 'This name is too long for the file system.',
    remedy: 'Choose a shorter.',
  },
  EMFILE: {
    kind: 'bad-input',
    message: 'Too many files are open.',
    remedy: 'Raise the limit (ulimit -n), or close other programs.',
  },
  EIO: {
    kind: 'bad-input',
    message: 'The disk does not do as it is told (input/output error).',
    remedy: 'Check the disk and its connection, then try again.',
  },
  ESTALE: {
    kind: 'bad-input',
    message: 'The network folder is no longer what it was.',
    remedy: 'Mount it again, then try again.',
  },
};

/** Null for an error that is not the system's about a file; those of sockets and child processes are for who opened them. */
export function fileFault(error: Error): FileFault | null {
  const { code, syscall, path: place, dest } = error as NodeJS.ErrnoException & { dest?: string };
  if (code === undefined || syscall === undefined || !Object.hasOwn(faults, code)) return null;
  const isOfFiles = !/^(spawn|connect|listen|bind|getaddrinfo|kill|uv_)/.test(syscall);
  if (!isOfFiles) return null;
  const where = place === undefined ? undefined : dest === undefined ? place : `${place} -> ${dest}`;
  return { ...(faults[code] as Omit<FileFault, 'place'>), place: where };
}
