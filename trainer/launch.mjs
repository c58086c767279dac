/**
 * Starts a program of this tree on a machine that has Node 20 and npm: installs the locked packages where they are
 * missing, takes the Node 24 that is among them, builds what is older than its source, and says what it does.
 * Plain JavaScript, since it runs before any of that is there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const modules = path.join(root, 'node_modules');
const marker = path.join(modules, '.installed-lock');

/** Newer Node runs the TypeScript sources as they are. */
const runsTypeScript = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
};

function say(text) {
  process.stderr.write(`${text}\n`);
}

function run(command, args, env = process.env) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env,
    shell: process.platform === 'win32',
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Whether somebody called npm already: npm keeps beside the packages which of the lock's it installed. */
function isInstalledByNpm(lock) {
  const installed = path.join(modules, '.package-lock.json');
  if (!existsSync(installed)) return false;
  const { packages: found = {} } = JSON.parse(readFileSync(installed, 'utf8'));
  return Object.entries(JSON.parse(lock).packages).every(
    ([place, { version, integrity, optional }]) =>
      place === '' ||
      (found[place] === undefined
        ? optional === true
        : found[place].version === version && found[place].integrity === integrity),
  );
}

function installWhatIsMissing() {
  const text = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  const lock = createHash('sha256').update(text).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return;
  if (isInstalledByNpm(text)) {
    writeFileSync(marker, lock);
    return;
  }
  say(
    'Installing the packages that package-lock.json names (npm ci; about 1 GB, one to three minutes). No install script is run.',
  );
  const status = run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']);
  if (status !== 0) {
    say(`npm ci ended with code ${status}: see above. Is the npm registry within reach, and is there 1 GB of space?`);
    process.exit(status);
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(marker, lock);
}

function findNode() {
  const own = path.join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(own)) {
    const version =
      spawnSync(own, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' }).stdout?.trim() ?? '';
    if (runsTypeScript(version)) return own;
  }
  if (runsTypeScript(process.version)) return process.execPath;
  say(
    `Node ${process.version} can't run TypeScript, and no newer one came with the packages for ${process.platform} ${process.arch}. Install Node 24 and try again.`,
  );
  process.exit(1);
}

installWhatIsMissing();
const node = findNode();
const [program, ...args] = process.argv.slice(2);
const built = run(node, [path.join(root, 'trainer', 'build.ts'), '--when-older']);
if (built !== 0) process.exit(built);
const child = spawn(node, [path.resolve(root, program), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env.PATH ?? ''}` },
});
// A terminal sends Ctrl-C to the child as well, which takes two at once for one; who signals this process alone means the child.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
child.on('exit', (code, signal) => process.exit(code ?? { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal] ?? 1));
