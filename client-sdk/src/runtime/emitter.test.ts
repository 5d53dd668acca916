import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';

test('a listener hears each event until it stops listening; one added by a listener waits for the next', () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  const stop = emitter.subscribe((value) => {
    heard.push(`first ${value}`);
    if (value === 1) emitter.subscribe((later) => heard.push(`late ${later}`));
  });
  expect(emitter.heard).toBe(true);

  emitter.emit(1);
  stop();
  emitter.emit(2);

  expect(heard).toEqual(['first 1', 'late 2']);
});

test('a listener that throws keeps nobody else from hearing', () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  emitter.subscribe(() => {
    throw new Error('no');
  });
  emitter.subscribe((value) => heard.push(value));
  expect(() => emitter.emit(1)).toThrow('no');
  expect(heard).toEqual([1]);
});
