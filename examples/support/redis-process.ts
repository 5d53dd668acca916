/**
 * A Redis for an example: the one that REDIS_URL names, else one of our own from a program on PATH, in a temporary folder.
 * Where neither is there, it says so in a sentence.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ended, freePort } from './registry-process.ts';

const READY_WITHIN_MS = 10_000;

export interface RedisProcess {
  readonly url: string;
  /** Ends it if it is ours. */
  stop(): Promise<void>;
}

/** What a person can put right. */
export class NoRedis extends Error {
  override readonly name = 'NoRedis';
}

/** @throws {NoRedis} when there is none and none can be started */
export async function findRedis(): Promise<RedisProcess> {
  const given = process.env['REDIS_URL'];
  if (given) return { url: given, stop: async () => {} };
  const program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  if (program === undefined) {
    throw new NoRedis(
      'This example needs Redis 6.2 or newer: set REDIS_URL, or put redis-server or valkey-server on PATH.',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'heureka-example-'));
  const port = await freePort();
  const redis = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''], {
    stdio: 'ignore',
  });
  const stop = async (): Promise<void> => {
    await ended(redis, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  for (const deadline = performance.now() + READY_WITHIN_MS; !(await accepts(port)); await pause(20)) {
    if (redis.exitCode === null && performance.now() < deadline) continue;
    await stop();
    throw new NoRedis(`${program} did not start within ${READY_WITHIN_MS} ms.`);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.end(() => resolve(true))).once('error', () => resolve(false));
  });
}
