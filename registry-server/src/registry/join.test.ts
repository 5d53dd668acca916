import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceRecord } from '../store/instance-record.ts';
import { alive, joinLife, type Life } from './join.ts';
import { aRecord } from './records.fixture.ts';

const moment = fc.integer({ min: 1, max: 12 });
const override = fc.option(
  fc.record({ status: fc.constantFrom('UP', 'OUT_OF_SERVICE', 'DOWN', undefined), setAt: moment }),
  { nil: undefined },
) as fc.Arbitrary<InstanceRecord['override']>;
const record: fc.Arbitrary<InstanceRecord> = fc
  .record({ dirty: moment, acceptedAt: moment, override, host: fc.constantFrom('h1', 'h2') })
  .map(({ dirty, acceptedAt, override, host }) =>
    aRecord({ lastDirtyTimestamp: dirty, hostName: host }, { acceptedAt, updatedAt: acceptedAt, override }),
  );
const life: fc.Arbitrary<Life> = fc.record({
  heard: fc.integer({ min: 0, max: 12 }),
  cancelledAt: fc.integer({ min: 0, max: 12 }),
  record: fc.option(record, { nil: undefined }),
});

/** What the join promises to be order-free: life, body, override. The served status follows from them. */
function essence({ heard, cancelledAt, record }: Life): unknown {
  const { info, override, acceptedAt } = record ?? {};
  return { heard, cancelledAt, dirty: info?.lastDirtyTimestamp, host: info?.hostName, acceptedAt, override };
}

test('joining is commutative, associative and idempotent', () => {
  fc.assert(
    fc.property(life, life, life, (a, b, c) => {
      expect(essence(joinLife(a, b))).toEqual(essence(joinLife(b, a)));
      expect(essence(joinLife(joinLife(a, b), c))).toEqual(essence(joinLife(a, joinLife(b, c))));
      const once = joinLife(a, b);
      expect(joinLife(once, once)).toEqual(once);
      expect(essence(joinLife(once, b))).toEqual(essence(once));
    }),
    { numRuns: 20_000 },
  );
});

test('the latest word counts, and a tie between a cancel and a sign of life is a cancel', () => {
  const held = aRecord();
  expect(alive({ heard: 5, cancelledAt: 4, record: held })).toBe(true);
  expect(alive({ heard: 5, cancelledAt: 5, record: held })).toBe(false);
  expect(alive({ heard: 5, cancelledAt: 4, record: undefined })).toBe(false);
});

test('an override set elsewhere is taken over with its status, and one cleared elsewhere gives way', () => {
  const plain = aRecord({ status: 'UP' });
  const out = aRecord(
    { status: 'OUT_OF_SERVICE' },
    { override: { status: 'OUT_OF_SERVICE', setAt: 5 }, acceptedAt: 1 },
  );
  const cleared = aRecord({ status: 'UP' }, { override: { status: undefined, setAt: 6 }, acceptedAt: 1 });
  const joined = (a: InstanceRecord, b: InstanceRecord) =>
    joinLife({ heard: 9, cancelledAt: 0, record: a }, { heard: 9, cancelledAt: 0, record: b }).record;

  expect(joined(plain, out)).toMatchObject({ info: { status: 'OUT_OF_SERVICE' }, override: { setAt: 5 } });
  expect(joined(out, cleared)).toMatchObject({ info: { status: 'UP' }, override: { status: undefined } });
});

test('an override dies with the instance that it was set on', () => {
  const out = aRecord({ status: 'OUT_OF_SERVICE' }, { override: { status: 'OUT_OF_SERVICE', setAt: 5 } });
  const again = aRecord({ lastDirtyTimestamp: 9_000 });
  const joined = joinLife({ heard: 4, cancelledAt: 7, record: out }, { heard: 9, cancelledAt: 0, record: again });
  expect(joined.record?.override).toBeUndefined();
  expect(joined.record?.info.status).toBe('UP');
});

/** Three nodes that do not hear each other, some events on random ones, then all join: nobody is lost, nobody comes back. */
test('over 50,000 random histories no instance is lost and none is resurrected', () => {
  const event = fc.record({ node: fc.nat(2), is: fc.constantFrom('register', 'beat', 'cancel', 'sync') });
  let lost = 0;
  let resurrected = 0;
  let histories = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), (events) => {
      histories++;
      const nothing: Life = { heard: 0, cancelledAt: 0, record: undefined };
      const nodes: Life[] = [nothing, nothing, nothing];
      let truth = false;
      for (const [index, { node, is }] of events.entries()) {
        const at = index + 1;
        const own = nodes[node]!;
        if (is === 'register') {
          nodes[node] = { ...own, heard: at, record: aRecord({ lastDirtyTimestamp: at }, { acceptedAt: at }) };
          truth = true;
        } else if (is === 'beat') {
          // A node that does not know the instance answers 404, and the client registers.
          if (!alive(own)) continue;
          nodes[node] = { ...own, heard: at };
          truth = true;
        } else if (is === 'cancel') {
          nodes[node] = { ...own, cancelledAt: at };
          truth = false;
        } else {
          const other = (node + 1) % 3;
          nodes[node] = joinLife(own, nodes[other]!);
          nodes[other] = nodes[node]!;
        }
      }
      const end = alive(joinLife(joinLife(nodes[0]!, nodes[1]!), nodes[2]!));
      if (truth && !end) lost++;
      if (!truth && end) resurrected++;
    }),
    { numRuns: 50_000 },
  );
  console.log(`join: ${histories} histories, ${lost} lost, ${resurrected} resurrected`);
  expect({ lost, resurrected }).toEqual({ lost: 0, resurrected: 0 });
});
