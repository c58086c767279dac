/** A page's connection greets each link first, knows when it has none, and never mixes one with the next. */
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { held, newConnection, ScriptedTrainer, until } from './scripted-trainer.ts';

const run = aRunThat({ state: 'created' });

describe('Connection', () => {
  it('says of a request that there is no connection, by that name', async () => {
    await expect(newConnection().request('runs/list', {})).rejects.toMatchObject({ kind: 'connection-lost' });
    await expect(newConnection().frames('a', 'k')).rejects.toMatchObject({ kind: 'connection-lost' });
  });

  it('greets first; what is asked meanwhile waits for that', async () => {
    const trainer = new ScriptedTrainer([run]);
    const connection = newConnection();
    trainer.link(connection);
    await expect(connection.request('runs/list', {})).resolves.toMatchObject({ runs: [{ id: run.id }] });
    expect(trainer.methods()).toEqual(['initialize', 'runs/list']);
    expect(connection.state.get().trainer?.folder).toBe('/project');
  });

  it('shows why a trainer refused to be greeted, and gives that to whoever asks', async () => {
    const trainer = new ScriptedTrainer([], {
      initialize: async () => {
        throw new StudioError('protocol-version', 'This trainer speaks another version.', { remedy: 'Reload.' });
      },
    });
    const connection = newConnection();
    trainer.link(connection);
    await expect(connection.request('runs/list', {})).rejects.toMatchObject({ kind: 'protocol-version' });
    expect(connection.state.get().fault).toMatchObject({ kind: 'protocol-version', remedy: 'Reload.' });
  });

  it('tells who waits for a link of each one, and at once where one is there', async () => {
    const trainer = new ScriptedTrainer([run]);
    const connection = newConnection();
    let told = 0;
    connection.whenReady(() => {
      told += 1;
    });
    const first = trainer.link(connection);
    await connection.request('runs/list', {});
    expect(told).toBe(1);
    const stop = connection.whenReady(() => {
      told += 10;
    });
    expect(told).toBe(11);
    stop();
    first.cut();
    trainer.link(connection);
    await connection.request('runs/list', {});
    expect(told).toBe(12);
  });

  it('gives up what is asked of a link that ends', async () => {
    const trainer = new ScriptedTrainer([run], { 'runs/list': () => held<never>().promise });
    const connection = newConnection();
    const link = trainer.link(connection);
    await connection.request('commands/list', { runId: run.id });
    const asked = connection.request('runs/list', {});
    asked.catch(() => {});
    await Promise.resolve();
    link.cut();
    await expect(asked).rejects.toMatchObject({ kind: 'connection-lost' });
    expect(connection.isReady).toBe(false);
  });

  it('hears the newest link alone', async () => {
    const trainer = new ScriptedTrainer([run]);
    const connection = newConnection();
    const names: (string | undefined)[] = [];
    connection.on('runs/changed', (changed) => names.push(changed.run?.name));
    const first = trainer.link(connection);
    await connection.request('runs/list', {});
    const second = trainer.link(connection);
    await connection.request('runs/list', {});
    first.peer.notify('runs/changed', { run: { ...run, name: 'old' } });
    second.peer.notify('runs/changed', { run: { ...run, name: 'new' } });
    await connection.request('runs/list', {});
    expect(names).toEqual(['new']);
  });

  it('drops what was wrong once a trainer is there again', async () => {
    const trainer = new ScriptedTrainer([run]);
    const connection = newConnection();
    connection.fail(new StudioError('internal', 'something'));
    trainer.link(connection);
    await until(connection.state, ({ trainer: there }) => there !== null);
    expect(connection.state.get().fault).toBeNull();
  });
});
