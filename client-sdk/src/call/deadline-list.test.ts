import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { DeadlineList, Waiting } from './deadline-list.ts';

class Guest extends Waiting {
  expiredAt: number | undefined;
  override expired(now: number): void {
    this.expiredAt = now;
  }
}

test('who is still there when its time is up is told, once, in order; who left is not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ pause: fc.nat(50), leaves: fc.boolean() }), { maxLength: 30 }),
      async (plan) => {
        const clock = new FakeClock();
        const list = new DeadlineList(100, clock);
        const guests: { guest: Guest; at: number; leaves: boolean }[] = [];
        for (const { pause, leaves } of plan) {
          await clock.advance(pause);
          const guest = new Guest();
          list.add(guest, clock.monotonic());
          guests.push({ guest, at: clock.monotonic(), leaves });
          if (leaves) DeadlineList.remove(guest);
        }
        await clock.advance(200);
        for (const { guest, at, leaves } of guests) expect(guest.expiredAt).toBe(leaves ? undefined : at + 100);
        expect(list.empty).toBe(true);
        list.close();
        expect(clock.timers).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});

test('any number of waiting calls costs one timer', () => {
  const clock = new FakeClock();
  const list = new DeadlineList(100, clock);
  for (let index = 0; index < 1_000; index++) list.add(new Guest(), 0);
  expect(clock.timers).toBe(1);
  expect(list.all()).toHaveLength(1_000);
});
