import { expect, test } from 'vitest';
import { Follower, type FollowerParts } from './follower.ts';

/** Of a store whose log ends at once. */
function follower(): Follower {
  return new Follower({ store: { async *changes() {} }, course: {} } as unknown as FollowerParts);
}

test('a fault between the join and the first step of following is not lost: it ends the stretch as it begins', async () => {
  const follows = follower();
  follows.begin();
  follows.broken(new Error('refused'));
  follows.broken(new Error('what followed from it'));
  await expect(follows.follow(new AbortController().signal)).rejects.toThrow('refused');
});

test('a fault of before the join is past', async () => {
  const follows = follower();
  follows.broken(new Error('refused'));
  follows.begin();
  await expect(follows.follow(AbortSignal.abort())).resolves.toBeUndefined();
});
