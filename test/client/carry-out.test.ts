/** Commands as a client follows them: an id for each, one end, and the same id again after a lost connection. */
import { describe, expect, test } from 'vitest';
import { SentCommands } from '../../trainer/client/carry-out.ts';
import { type CommandRecord, commandId } from '../../trainer/protocol/commands.ts';
import type { Client } from '../../trainer/protocol/connection.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { recordOf } from '../extension/trainer/fake-trainer.ts';

interface Sent {
  readonly id: string;
  readonly answer: (record: CommandRecord) => void;
  readonly fail: (fault: StudioError) => void;
}

/** A connection on which each request waits until the test answers it. */
function connection(): { readonly client: Client; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const request = (_method: string, { id }: { id: string }) =>
    new Promise((resolve, reject) => {
      sent.push({ id, answer: (command) => resolve({ command }), fail: reject });
    });
  return { client: { request } as unknown as Client, sent };
}

const save = { kind: 'save' } as const;
const lost = new StudioError('connection-lost', 'The connection to the trainer was lost: cut');

describe('a command that was sent', () => {
  test('has an id of its own that the contract takes', () => {
    const { client, sent } = connection();
    const commands = new SentCommands();
    const ids = [commands.carryOut(client, 'r1', save).id, commands.carryOut(client, 'r1', save).id];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(commandId.safeParse(id).success).toBe(true);
    expect(sent.map(({ id }) => id)).toEqual(ids);
  });

  test('is taken when the trainer answers, and ends with the event that says so; others leave it alone', async () => {
    const { client, sent } = connection();
    const commands = new SentCommands();
    const { id, taken, ended } = commands.carryOut(client, 'r1', save);
    sent[0]?.answer(recordOf(id, save, { state: 'scheduled' }));
    expect(await taken).toMatchObject({ id, state: 'scheduled' });
    commands.take(recordOf('other', save, { state: 'applied' }));
    commands.take(recordOf(id, save, { state: 'failed', why: 'no space' }));
    expect(await ended).toMatchObject({ id, state: 'failed', why: 'no space' });
    expect(commands.runIds.size).toBe(0);
  });

  test('under an id that acted before ends with what became of it then', async () => {
    const { client, sent } = connection();
    const { ended } = new SentCommands().carryOut(client, 'r1', save, 'again');
    sent[0]?.answer(recordOf('again', save, { state: 'applied' }));
    expect(await ended).toMatchObject({ id: 'again', state: 'applied' });
  });

  test('that the trainer does not take fails with its words', async () => {
    const { client, sent } = connection();
    const { taken, ended } = new SentCommands().carryOut(client, 'r1', save);
    sent[0]?.fail(new StudioError('not-found', 'There is no run r1.'));
    await expect(taken).rejects.toThrow('There is no run r1.');
    await expect(ended).rejects.toThrow('There is no run r1.');
  });
});

describe('after a lost connection', () => {
  test('a command is sent again under its id, whether its answer or only its end is missing, and one that ended is not', async () => {
    const before = connection();
    const commands = new SentCommands();
    const unanswered = commands.carryOut(before.client, 'r1', save);
    const answered = commands.carryOut(before.client, 'r1', save);
    const over = commands.carryOut(before.client, 'r2', save);
    before.sent[1]?.answer(recordOf(answered.id, save, { state: 'scheduled' }));
    before.sent[2]?.answer(recordOf(over.id, save, { state: 'applied' }));
    await Promise.all([answered.taken, over.ended]);
    before.sent[0]?.fail(lost);
    expect([...commands.runIds]).toEqual(['r1']);

    const after = connection();
    commands.sendAgain(after.client);
    expect(after.sent.map(({ id }) => id)).toEqual([unanswered.id, answered.id]);
    for (const { id, answer } of after.sent) answer(recordOf(id, save, { state: 'applied' }));
    expect(await unanswered.ended).toMatchObject({ id: unanswered.id, state: 'applied' });
    expect(await answered.ended).toMatchObject({ id: answered.id, state: 'applied' });
  });

  test('that does not come back, every command that has no end says that nothing is known of it', async () => {
    const { client } = connection();
    const commands = new SentCommands();
    const { id, taken, ended } = commands.carryOut(client, 'r1', save);
    commands.abandon('The trainer has ended.');
    const fault = { kind: 'connection-lost', remedy: expect.stringContaining(id) };
    await expect(taken).rejects.toMatchObject(fault);
    await expect(ended).rejects.toMatchObject(fault);
    expect(commands.runIds.size).toBe(0);
  });
});
