import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Applications } from './applications.ts';
import { applyDelta, byApp, type InstancesByApp } from './apply-delta.ts';
import { appsHashCode } from './apps-hash-code.ts';
import { type ActionType, INSTANCE_STATUSES, type InstanceInfo, type InstanceStatus } from './instance-info.ts';
import { decodeInstance } from './json-decoder.ts';

function entry(app: string, id: string, actionType?: ActionType, status: InstanceStatus = 'UP'): InstanceInfo {
  return { ...decodeInstance({ app, hostName: id, instanceId: id, status }), actionType };
}

/** A list as a server writes it: grouped by application. */
function list(...infos: readonly InstanceInfo[]): Applications {
  const apps = new Map<string, InstanceInfo[]>();
  for (const info of infos) apps.set(info.app, [...(apps.get(info.app) ?? []), info]);
  return {
    versionsDelta: '2',
    appsHashCode: '',
    applications: [...apps].map(([name, instances]) => ({ name, instances })),
  };
}

const held = byApp(list(entry('A', 'a1'), entry('A', 'a2'), entry('B', 'b1')));
const shown = (registry: InstancesByApp) =>
  [...registry].flatMap(([app, instances]) => [...instances].map(([id, { status }]) => `${app}/${id} ${status}`));

test('a list is held by application and effective id', () => {
  const noId = { ...entry('A', 'h1'), instanceId: undefined };
  const amazon = decodeInstance({
    app: 'A',
    hostName: 'h',
    dataCenterInfo: { name: 'Amazon', metadata: { 'instance-id': 'i-1' } },
  });
  expect([...byApp(list(noId, amazon)).get('A')!.keys()]).toEqual(['h1', 'i-1']);
});

test('ADDED and MODIFIED both insert or replace', () => {
  for (const action of ['ADDED', 'MODIFIED'] as const) {
    const next = applyDelta(held, list(entry('A', 'a1', action, 'DOWN'), entry('C', 'c1', action)));
    expect(shown(next)).toEqual(['A/a1 DOWN', 'A/a2 UP', 'B/b1 UP', 'C/c1 UP']);
  }
});

test('DELETED removes, and an application without instances is gone', () => {
  const next = applyDelta(held, list(entry('A', 'a1', 'DELETED'), entry('B', 'b1', 'DELETED')));
  expect(shown(next)).toEqual(['A/a2 UP']);
  expect(next.has('B')).toBe(false);
});

test('DELETED of what is not held changes nothing', () => {
  const next = applyDelta(held, list(entry('A', 'zz', 'DELETED'), entry('Z', 'a1', 'DELETED')));
  expect(shown(next)).toEqual(shown(held));
  expect(next.has('Z')).toBe(false);
});

test('an entry without action is ignored', () => {
  expect(applyDelta(held, list(entry('A', 'a1', undefined, 'DOWN'), entry('Q', 'q1')))).toEqual(held);
});

test('within one delta the later entry of an id counts', () => {
  const back = applyDelta(held, list(entry('A', 'a1', 'DELETED'), entry('A', 'a1', 'ADDED', 'STARTING')));
  expect(shown(back)).toContain('A/a1 STARTING');
  const gone = applyDelta(held, list(entry('B', 'b1', 'ADDED'), entry('B', 'b1', 'DELETED')));
  expect(gone.has('B')).toBe(false);
});

test('what was held before stays as it was, and untouched applications are shared', () => {
  const before = shown(held);
  const next = applyDelta(held, list(entry('A', 'a1', 'DELETED')));
  expect(shown(held)).toEqual(before);
  expect(next.get('B')).toBe(held.get('B'));
});

const ids = fc.constantFrom('1', '2', '3');
const changes = fc.array(
  fc.record({
    app: fc.constantFrom('A', 'B'),
    id: ids,
    action: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'),
    status: fc.constantFrom(...INSTANCE_STATUSES),
  }),
);

test('applying a delta again changes nothing, and the hash of what came of it is the server’s', () => {
  fc.assert(
    fc.property(changes, changes, (first, then) => {
      const infos = (all: typeof first) => all.map(({ app, id, action, status }) => entry(app, id, action, status));
      const server = applyDelta(applyDelta(new Map(), list(...infos(first))), list(...infos(then)));

      // The client saw the first half, and gets both in one delta: an entry for each id, its latest.
      const latest = new Map([...infos(first), ...infos(then)].map((info) => [`${info.app}/${info.instanceId}`, info]));
      const delta = list(...latest.values());
      const once = applyDelta(applyDelta(new Map(), list(...infos(first))), delta);

      expect(shown(once).sort()).toEqual(shown(server).sort());
      expect(applyDelta(once, delta)).toEqual(once);
      const hash = (registry: InstancesByApp) =>
        appsHashCode([...registry.values()].flatMap((app) => [...app.values()]));
      expect(hash(once)).toBe(hash(server));
    }),
  );
});
