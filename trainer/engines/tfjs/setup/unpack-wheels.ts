/** Takes out of Python wheels what the native backend needs, with the machine's own Python: Node reads no zip files. */
import { z } from 'zod';
import { runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';

/** Libraries, what they load by themselves, licences, and the headers that the addon is compiled with. */
const wanted = [
  String.raw`tensorflow/libtensorflow_(cc|framework)\.so\.2$`,
  'tensorflow/include/tensorflow/(c|core/platform)/',
  'tensorflow/include/(xla/)?tsl/(c|platform)/',
  String.raw`tensorflow/THIRD_PARTY_NOTICES\.txt$`,
  String.raw`nvidia/(?!.*(/include/|\.a$|\.py$))`,
  String.raw`[^/]+\.dist-info/(METADATA|.*[Ll]i[Cc][Ee][Nn][Ss][Ee].*)$`,
].join('|');

/** Prints a JSON object a line: the bytes in all, the bytes so far, and the SHA-256 of each file. */
const script = `
import hashlib, json, os, re, sys, zipfile
folder, wanted, *wheels = sys.argv[1:]
wanted = re.compile(wanted)
say = lambda **found: print(json.dumps(found), flush=True)
archives = [zipfile.ZipFile(wheel) for wheel in wheels]
members = [(archive, member) for archive in archives for member in archive.infolist()
           if wanted.match(member.filename) and not member.is_dir()]
say(total=sum(member.file_size for _, member in members))
done = 0
for archive, member in members:
    parts = member.filename.split('/')
    if '..' in parts or '' in parts: sys.exit('a file of the wheel has the name ' + member.filename)
    target = os.path.join(folder, *parts)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(member) as source, open(target, 'wb') as file:
        while chunk := source.read(1 << 23):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            say(done=done)
    if member.external_attr >> 16 & 0o111: os.chmod(target, 0o755)
    say(file=member.filename, sha256=digest.hexdigest())
`;

const line = z.union([
  z.object({ total: z.number() }),
  z.object({ done: z.number() }),
  z.object({ file: z.string(), sha256: z.string() }),
]);

/**
 * Unpacks into the folder.
 * @returns SHA-256 by path of each file
 * @throws StudioError `engine-failed`; the signal's reason when aborted
 */
export async function unpackWheels(
  wheels: readonly string[],
  folder: string,
  { signal, onProgress }: { readonly signal: AbortSignal; onProgress(done: number, total: number): void },
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  let total = 0;
  const end = await runProgram('python3', ['-c', script, folder, wanted, ...wheels], {
    signal,
    onLine: (text) => {
      const found = line.parse(JSON.parse(text));
      if ('total' in found) total = found.total;
      else if ('done' in found) onProgress(found.done, total);
      else files[found.file] = found.sha256;
    },
  });
  if (end.kind === 'ended' && end.code === 0) return files;
  const why = end.kind === 'ended' ? end.said || `Python ended with code ${end.code}` : end.cause.message;
  throw new StudioError('engine-failed', `The wheels could not be unpacked: ${why}`, {
    place: folder,
    remedy: 'It takes Python 3.8 or newer, and space on the disk.',
  });
}
