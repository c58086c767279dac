// Stands in for Python where a test starts a gateway: it does what FAKE_GATEWAY says, with the arguments of the real one.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { encodeMessage, MessageReader } from '../../../trainer/engines/verl/wire.ts';
import { greeting } from './scripted-gateway.ts';

const does = process.env.FAKE_GATEWAY;
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];

if (does === 'no module') {
  console.error('UserWarning: megatron engine is not available: ModuleNotFoundError("No module named \'megatron\'")');
  console.error(
    "/usr/bin/python: Error while finding module specification (ModuleNotFoundError: No module named 'verl')",
  );
  process.exit(1);
}
if (does === 'traceback') {
  for (let i = 0; i < 40; i++) console.log(`line ${i}`);
  console.error(
    '\u001b[31mTraceback (most recent call last):\u001b[0m\n  File "x.py"\nRuntimeError: the GPU is on fire\u0007',
  );
  process.exit(3);
}
if (does === 'launch')
  process.on('SIGTERM', () => {
    process.stdout.write('Sending process 1 closing signal SIGTERM\n');
    process.stderr.write('Traceback (most recent call last):\nSignalException: got signal: 15\n', () =>
      process.exit(1),
    );
  });
if (does === 'stubborn') process.on('SIGTERM', () => console.log('No.'));

// What a launcher starts, and what Ray does, in a group of its own.
const [rank, agent] = [false, true].map((detached) =>
  spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
    ...{ stdio: 'ignore', detached },
  }),
);
const token = readFileSync(argument('--token-file'), 'utf8').trim();
const server = createServer((socket) => {
  socket.on('error', () => {});
  const reader = new MessageReader();
  socket.on('data', (chunk) => {
    if (does === 'greet') {
      for (const { id, method } of reader.push(chunk)) {
        socket.write(Buffer.concat(encodeMessage({ id, result: method === 'hello' ? greeting : {} })));
        if (method === 'shutdown') process.exit(0);
      }
      return;
    }
    console.error("UserWarning: No module named 'megatron'");
    console.error('RuntimeError: out of memory');
    console.error('exit 13');
    process.exit(13);
  });
});
server.listen(0, '127.0.0.1', () => {
  const ready = argument('--ready');
  const said = {
    ...{
      address: `127.0.0.1:${server.address().port}`,
      pid: process.pid,
      protocol: 1,
      rank: rank.pid,
      agent: agent.pid,
    },
    ...{ token, arguments: process.argv.slice(2), packages: process.env.PYTHONPATH },
  };
  console.log(JSON.stringify(said));
  writeFileSync(`${ready}.new`, JSON.stringify(said));
  renameSync(`${ready}.new`, ready);
});
