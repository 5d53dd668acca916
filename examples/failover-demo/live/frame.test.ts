import { expect, test } from 'vitest';
import { type Facts, frame, type InstanceFacts, type Line, type Style } from './frame.ts';

const SIZE = { columns: 112, rows: 34 };

function instance(name: string, change: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    name,
    zone: `zone-${name[0]}`,
    process: 'up',
    isListed: true,
    health: 'healthy',
    breaker: 'closed',
    inflight: 0,
    latencyMs: 6,
    share: 0.25,
    ...change,
  };
}

function facts(change: Partial<Facts> = {}): Facts {
  return {
    at: 12_345,
    act: { number: 2, of: 7, title: 'kill -9 of one instance (a1)' },
    callsPerSecond: 99.7,
    calls: 1_200,
    failed: 0,
    slowestMs: 31.4,
    crossZoneShare: 0.04,
    registry: { process: 'up', mode: 'push', ageMs: 400, isStale: false },
    instances: ['a1', 'a2', 'b1', 'b2'].map((name) => instance(name)),
    selected: { is: 'instance', name: 'a2' },
    log: [],
    ...change,
  };
}

const text = (line: Line): string => line.map((segment) => segment.text).join('');
const texts = (lines: readonly Line[]): string[] => lines.map(text);
const styleOf = (lines: readonly Line[], word: string): Style | undefined =>
  lines.flat().find((segment) => segment.text.includes(word))?.style;

test('says which event is on, and the figures of the last seconds', () => {
  const shown = texts(frame(facts(), SIZE)).join('\n');
  expect(shown).toContain('12.3 s  event 2 of 7');
  expect(shown).toContain('kill -9 of one instance (a1)');
  expect(shown).toMatch(/ 100 +1200 +0 +31 ms +4 % +by push, 0\.4 s old/);
});

test('each instance has a line with process, list, health, breaker, calls in flight, latency and share', () => {
  const killed = instance('a1', { process: 'killed', health: 'ejected', breaker: 'open', inflight: 2, share: 0 });
  const lines = frame(facts({ instances: [killed, instance('b1', { share: 0.5, latencyMs: 12.6 })] }), SIZE);
  expect(texts(lines)).toContainEqual(expect.stringMatching(/1 a1 +zone-a +killed +yes +ejected +open +2 +6 ms +0 %$/));
  expect(texts(lines)).toContainEqual(
    expect.stringMatching(/2 b1 +zone-b +up +yes +healthy +closed +0 +13 ms +█{10} 50 %$/),
  );
});

test('an instance that the caller does not know has no health, breaker or latency', () => {
  const gone = instance('a1', { isListed: false, health: undefined, breaker: undefined, share: 0 });
  expect(texts(frame(facts({ instances: [gone] }), SIZE))).toContainEqual(
    expect.stringMatching(/1 a1 +zone-a +up +no +- +- +0 +- +0 %$/),
  );
});

test('a zone counts who is alive and what it answers; the registry says what was done to it', () => {
  const instances = [instance('a1', { process: 'killed', share: 0 }), instance('a2', { share: 0.6 }), instance('b1')];
  const lines = frame(
    facts({ instances, registry: { process: 'stopped', mode: 'poll', ageMs: 9_000, isStale: true } }),
    SIZE,
  );
  expect(texts(lines)).toContainEqual(expect.stringMatching(/a zone-a +1 of 2 alive +60 % of the answers$/));
  expect(texts(lines)).toContainEqual(expect.stringMatching(/r registry +stopped$/));
  expect(texts(lines).join('\n')).toContain('by poll, stale, 9.0 s old');
});

test('exactly what is picked is marked', () => {
  const marked = (selected: Facts['selected']): string[] =>
    texts(frame(facts({ selected }), SIZE)).filter((line) => line.startsWith(' > '));
  expect(marked({ is: 'instance', name: 'a2' })).toEqual([expect.stringMatching(/^ > 2 a2 /)]);
  expect(marked({ is: 'zone', name: 'zone-b' })).toEqual([expect.stringMatching(/^ > b zone-b /)]);
  expect(marked({ is: 'registry', name: 'registry' })).toEqual([expect.stringMatching(/^ > r registry /)]);
});

test('what is bad is not shown like what is good', () => {
  expect(styleOf(frame(facts({ failed: 0, calls: 1_111 }), SIZE), '        0')).toBe('good');
  expect(styleOf(frame(facts({ failed: 777 }), SIZE), '777')).toBe('bad');
  const ejected = frame(facts({ instances: [instance('a1', { health: 'ejected', breaker: 'open' })] }), SIZE);
  expect([styleOf(ejected, 'ejected'), styleOf(ejected, 'open')]).toEqual(['bad', 'bad']);
});

test('the log shows its newest lines, and gives way first when the terminal is short', () => {
  const log = Array.from({ length: 50 }, (_, at) => ({ at: at * 1_000, who: 'demo' as const, text: `event <${at}>` }));
  const tall = texts(frame(facts({ log }), SIZE));
  expect(tall).toHaveLength(SIZE.rows);
  expect(tall.join('\n')).toContain('49.0 s  demo   event <49>');
  expect(tall.join('\n')).not.toContain('event <10>');

  const short = texts(frame(facts({ log }), { columns: 112, rows: 18 }));
  expect(short).toHaveLength(18);
  expect(short.join('\n')).not.toContain('event <');
  expect(short.at(-1)).toContain('kill -9');

  expect(frame(facts({ log }), { columns: 112, rows: 5 })).toHaveLength(5);
});
