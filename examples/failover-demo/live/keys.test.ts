import { expect, test } from 'vitest';
import type { Target } from '../targets.ts';
import { keysOf, meaning } from './keys.ts';

const TARGETS: readonly Target[] = [
  { is: 'instance', name: 'a1' },
  { is: 'instance', name: 'b1' },
  { is: 'zone', name: 'zone-a' },
  { is: 'zone', name: 'zone-b' },
  { is: 'registry', name: 'registry' },
];
const pressed = (key: string, picked = TARGETS[0]!) => meaning(key, TARGETS, picked);

test('digits pick instances, letters a zone or the registry', () => {
  expect(pressed('2')).toEqual({ is: 'pick', target: TARGETS[1] });
  expect(pressed('b')).toEqual({ is: 'pick', target: TARGETS[3] });
  expect(pressed('r')).toEqual({ is: 'pick', target: TARGETS[4] });
});

test('the arrow keys go through all of them, around the ends', () => {
  expect(pressed('\u001b[B')).toEqual({ is: 'pick', target: TARGETS[1] });
  expect(pressed('\u001b[A')).toEqual({ is: 'pick', target: TARGETS[4] });
  expect(pressed('\u001b[B', TARGETS[4])).toEqual({ is: 'pick', target: TARGETS[0] });
});

test('k, s, x and h are what is done, q and Ctrl-C the end', () => {
  expect(['k', 's', 'x', 'h'].map((key) => pressed(key))).toEqual([
    { is: 'do', deed: 'kill' },
    { is: 'do', deed: 'slow' },
    { is: 'do', deed: 'break' },
    { is: 'do', deed: 'heal' },
  ]);
  expect(pressed('q')).toEqual({ is: 'quit' });
  expect(pressed('\u0003')).toEqual({ is: 'interrupt' });
});

test.each(['9', 'z', '\u001b[C', 'constructor', '', '\u001b'])('%j means nothing', (key) => {
  expect(pressed(key)).toEqual({ is: 'nothing' });
});

test('keys that come in one piece are taken one by one, an arrow as one key', () => {
  expect(keysOf('2k\u001b[Bh')).toEqual(['2', 'k', '\u001b[B', 'h']);
});
