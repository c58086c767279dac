/** What a file is that is no dataset, by its first bytes, so that the refusal can name it and say what to do. */

export interface ForeignFile {
  /** Completes "This is …". */
  readonly what: string;
  readonly remedy: string;
}

/** How many of a file's first bytes are looked at. */
export const headBytes = 1024;

const unpack = 'Unpack it and name the dataset inside.';
const convert =
  'Write it as JSONL or Parquet, such as with pandas: to_json(orient="records", lines=True) or to_parquet.';
const again = 'Download the file itself again; the address may need a login, or "resolve" in place of "blob".';

interface Signature extends ForeignFile {
  readonly at?: number;
  readonly bytes: string;
}

/** `bytes` as Latin-1. */
const signatures: readonly Signature[] = [
  {
    bytes: 'version https://git-lfs.github.com/',
    what: 'a Git LFS pointer, not the file it stands for',
    remedy: 'Run "git lfs pull" in the repository, or download the file from its page.',
  },
  { bytes: 'PK\x03\x04', what: 'a zip archive', remedy: unpack },
  { bytes: 'PK\x05\x06', what: 'an empty zip archive', remedy: 'Download the archive again.' },
  { bytes: 'ustar', at: 257, what: 'a tar archive', remedy: unpack },
  { bytes: "7z\xbc\xaf'\x1c", what: 'a 7z archive', remedy: unpack },
  { bytes: 'Rar!\x1a\x07', what: 'a RAR archive', remedy: unpack },
  { bytes: 'BZh', what: 'compressed with bzip2, which is not read here', remedy: 'Unpack it with bunzip2.' },
  { bytes: '\xfd7zXZ\0', what: 'compressed with xz, which is not read here', remedy: 'Unpack it with unxz.' },
  {
    bytes: '(\xb5/\xfd',
    what: 'compressed with zstd, which is read inside Parquet alone',
    remedy: 'Unpack it with unzstd.',
  },
  {
    bytes: '\x04"M\x18',
    what: 'compressed with lz4, which is read inside Parquet alone',
    remedy: 'Unpack it with unlz4.',
  },
  { bytes: 'SQLite format 3\0', what: 'an SQLite database', remedy: convert },
  { bytes: '\x93NUMPY', what: 'a NumPy array', remedy: convert },
  { bytes: '\x89HDF', what: 'an HDF5 file', remedy: convert },
  { bytes: 'FEA1', what: 'a Feather file of version 1', remedy: convert },
  { bytes: 'ORC', what: 'an ORC file', remedy: convert },
  { bytes: 'Obj\x01', what: 'an Avro file', remedy: convert },
  { bytes: 'PARE', what: 'an encrypted Parquet file', remedy: 'Write it without encryption.' },
  { bytes: '%PDF-', what: 'a PDF', remedy: 'Name the dataset.' },
  { bytes: '\x89PNG', what: 'a PNG picture', remedy: 'Name the dataset, not one of its pictures.' },
  { bytes: '\xff\xd8\xff', what: 'a JPEG picture', remedy: 'Name the dataset, not one of its pictures.' },
  { bytes: 'ftyp', at: 4, what: 'an MP4 video', remedy: 'Name the dataset, not one of its videos.' },
  { bytes: '\x1aE\xdf\xa3', what: 'a Matroska or WebM video', remedy: 'Name the dataset, not one of its videos.' },
];

/** A first line that names several of a dataset's keys, parted by commas, tabs or semicolons. */
function separatedBy(line: string): string | null {
  for (const [separator, name] of [
    [',', 'CSV'],
    ['\t', 'TSV'],
    [';', 'CSV with semicolons'],
  ] as const) {
    const names = line.split(separator).map((one) => one.trim().replace(/^"(.*)"$/, '$1'));
    if (names.length >= 3 && names.every((one) => /^[\p{L}\p{N}_ .-]{0,60}$/u.test(one))) return name;
  }
  return null;
}

/** @param head the first bytes of the file. @returns null where nothing is recognised */
export function recogniseForeign(head: Buffer): ForeignFile | null {
  const latin = head.subarray(0, headBytes).toString('latin1');
  const found = signatures.find(({ bytes, at = 0 }) => latin.startsWith(bytes, at));
  if (found) return { what: found.what, remedy: found.remedy };
  if (latin[0] === '\x80' && latin.charCodeAt(1) >= 2 && latin.charCodeAt(1) <= 5)
    return { what: 'a Python pickle, which can run code when it is read and is not opened', remedy: convert };
  const text = head
    .subarray(0, headBytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (/^<(!doctype html|html|head|body|!--)/i.test(text)) return { what: 'an HTML page', remedy: again };
  if (text.startsWith('<')) return { what: 'XML or HTML', remedy: again };
  const separated = separatedBy((text.split(/\r?\n/, 1)[0] ?? '').slice(0, 600));
  if (separated !== null) return { what: separated, remedy: convert };
  if (/^(---\s|[\w-]+:\s)/.test(text)) return { what: 'YAML', remedy: 'Write it as JSON or JSONL.' };
  return null;
}
