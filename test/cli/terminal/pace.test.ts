import { describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../trainer/cli/terminal/progress.ts';

describe('the pace of a long work', () => {
  it('knows the time left once a piece of every kind that is left was timed, and where it stands', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const lasting = (ms: number) => async () => {
      now.mockReturnValue(performance.now() + ms);
    };
    const pace = new Pace();
    pace.expect('train', 4);
    pace.expect('evaluate', 2);
    expect([pace.place, pace.leftMs]).toEqual(['1/6', null]);
    pace.passOver('train');
    await pace.timed('train', lasting(1000));
    expect([pace.place, pace.leftMs]).toEqual(['3/6', null]);
    await pace.timed('evaluate', lasting(100));
    expect([pace.place, pace.leftMs]).toEqual(['4/6', 2100]);
    await pace.timed('train', lasting(2000));
    expect([pace.place, pace.leftMs]).toEqual(['5/6', 2100]);
    await pace.timed('train', lasting(2000));
    await pace.timed('evaluate', lasting(100));
    expect([pace.place, pace.leftMs]).toEqual(['6/6', 0]);
    now.mockRestore();
  });

  it('goes by guesses where nothing was timed, as much slower or faster as what was timed beside its own', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const pace = new Pace();
    pace.expect('train', 2, 1000);
    pace.expect('evaluate', 2, 100);
    expect(pace.leftMs).toBe(2200);
    await pace.timed('train', async () => void now.mockReturnValue(3000));
    expect(pace.leftMs).toBe(3000 + 2 * 300);
    const thereAlready = () => false;
    pace.expect('evaluate');
    await pace.timed('evaluate', async () => void now.mockReturnValue(3001), thereAlready);
    expect(pace.leftMs).toBe(3000 + 2 * 300);
    await pace.timed('evaluate', async () => void now.mockReturnValue(3051));
    expect(pace.leftMs).toBe(3000 + 50);
    now.mockRestore();
  });

  it('does not count a piece that failed', async () => {
    const pace = new Pace();
    pace.expect('train');
    await expect(pace.timed('train', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(pace.place).toBe('1/1');
    expect(pace.leftMs).toBeNull();
  });
});
