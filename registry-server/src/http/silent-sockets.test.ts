import { EventEmitter } from 'node:events';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { SilentSockets, type WatchedSocket } from './silent-sockets.ts';

const SILENCE_MS = 120_000;

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  writableLength = 0;
  timeout: number | undefined;
  destroyed = false;
  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}

function watched(sockets: SilentSockets, timeout?: number): FakeSocket {
  const socket = new FakeSocket();
  socket.timeout = timeout;
  sockets.add(socket as unknown as WatchedSocket);
  return socket;
}

test('a connection on which no byte moves for so long ends, one that moves a byte now and then does not', async () => {
  const clock = new FakeClock();
  const sockets = new SilentSockets(clock, SILENCE_MS);
  const silent = watched(sockets);
  const reading = watched(sockets);
  const writing = watched(sockets);
  for (let at = 0; at < 3 * SILENCE_MS; at += SILENCE_MS / 2) {
    expect(silent.destroyed).toBe(at >= SILENCE_MS);
    reading.bytesWritten++;
    writing.bytesRead++;
    await clock.advance(SILENCE_MS / 2);
  }
  expect([reading.destroyed, writing.destroyed]).toEqual([false, false]);
});

test('what still waits for its reader has not moved: who reads a little of it now and then goes on, who reads nothing ends', async () => {
  const clock = new FakeClock();
  const sockets = new SilentSockets(clock, SILENCE_MS);
  const [slow, stuck] = [watched(sockets), watched(sockets)];
  for (const socket of [slow, stuck]) Object.assign(socket, { bytesWritten: 9_000, writableLength: 9_000 });
  for (let half = 0; half < 6; half++) {
    await clock.advance(SILENCE_MS / 2);
    slow.writableLength -= 1_000;
    // A comment for an event stream, say.
    stuck.bytesWritten += 10;
    stuck.writableLength += 10;
  }
  expect([slow.destroyed, stuck.destroyed]).toEqual([false, true]);
});

test('an idle connection, which has a time-out of its own, is left to it', async () => {
  const clock = new FakeClock();
  const sockets = new SilentSockets(clock, SILENCE_MS);
  const idle = watched(sockets, 3_600_000);
  await clock.advance(5 * SILENCE_MS);
  expect(idle.destroyed).toBe(false);
  // It asks, and reads no answer.
  idle.timeout = 0;
  await clock.advance(1.25 * SILENCE_MS);
  expect(idle.destroyed).toBe(true);
});

test('without connections, and when stopped, no timer runs', async () => {
  const clock = new FakeClock();
  const sockets = new SilentSockets(clock, SILENCE_MS);
  watched(sockets).emit('close');
  await clock.advance(SILENCE_MS);
  expect(clock.timers).toBe(0);
  const late = watched(sockets);
  sockets.stop();
  await clock.advance(2 * SILENCE_MS);
  expect([clock.timers, late.destroyed]).toEqual([0, false]);
});
