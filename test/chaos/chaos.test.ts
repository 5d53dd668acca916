/** The short form of `npm run chaos`: every fault once, and nobody is lost, comes back from the dead, or is evicted while it beats. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { line } from './report.ts';
import { runFault } from './run-fault.ts';
import { type Backend, OneRedis, Scene, SHORT } from './scene.ts';
import { SENTINEL_FAULTS, SentinelRedis } from './sentinel-faults.ts';

/** Of one fault with its lease to wait for; more than it takes, as others may use this machine. */
const FAULT_MS = 90_000;
/** `docs/reliability.md` has the 2 s of an idle machine; a busy one stretches everything. */
const AGREED_WITHIN_MS = 6_000;

async function costs<B extends Backend>(fault: Fault<B>, scene: Scene<B>): Promise<void> {
  const outcome = await runFault(fault, scene);
  const why = [line(outcome), ...outcome.details].join('\n');
  const { lost, resurrected, evicted, failed } = outcome;
  expect({ lost, resurrected, evicted, failed }, why).toEqual({ lost: 0, resurrected: 0, evicted: 0, failed: 0 });
  expect(outcome.agreedAfterMs, why).toBeLessThan(AGREED_WITHIN_MS);
}

describe('three nodes on one Redis', () => {
  let scene: Scene<OneRedis>;
  beforeAll(async () => {
    scene = await Scene.begin(await OneRedis.start(3), SHORT);
  });
  afterAll(() => scene?.end());

  test.each(FAULTS)('$what: no beating instance is missing, and all agree afterwards', { timeout: FAULT_MS }, (fault) =>
    costs(fault, scene),
  );
});

test.each(SENTINEL_FAULTS)('$what: all agree afterwards', { timeout: FAULT_MS }, async (fault) => {
  const scene = await Scene.begin(await SentinelRedis.start(), SHORT);
  try {
    await costs(fault, scene);
  } finally {
    await scene.end();
  }
});
