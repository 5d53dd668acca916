import { expect, test } from 'vitest';
import { nextStep, type Situation } from './next-step.ts';

const agreed: Situation = {
  wish: { present: true, status: 'UP', revision: 1 },
  held: { is: 'record', revision: 1, shown: 'UP' },
  sent: true,
  overridden: false,
  taken: false,
  beatDue: false,
  compareDue: false,
};
const wishing = (status: Situation['wish']['status']): Situation => ({ ...agreed, wish: { ...agreed.wish, status } });

test('while both agree there is nothing to do but beats and comparisons', () => {
  expect(nextStep(agreed)).toBe('rest');
  expect(nextStep({ ...agreed, beatDue: true })).toBe('beat');
  expect(nextStep({ ...agreed, beatDue: true, compareDue: true })).toBe('compare');
});

test('what the registry lacks or holds in an older revision is registered, before any beat', () => {
  expect(nextStep({ ...agreed, held: { is: 'nothing' }, beatDue: true })).toBe('register');
  expect(nextStep({ ...agreed, held: { is: 'record', revision: 0, shown: 'UP' }, beatDue: true })).toBe('register');
  expect(nextStep(wishing('DOWN'))).toBe('register');
});

test('out of service goes by an override, and back by clearing it where it is ours', () => {
  expect(nextStep(wishing('OUT_OF_SERVICE'))).toBe('override');
  const out = { ...agreed, held: { is: 'record', revision: 1, shown: 'OUT_OF_SERVICE' } as const };
  expect(nextStep({ ...out, overridden: true })).toBe('clear');
  expect(nextStep(out)).toBe('register');
});

test('the end cancels what was sent, unless the record is another process’s now', () => {
  const ending = { ...agreed, wish: { ...agreed.wish, present: false } };
  expect(nextStep(ending)).toBe('cancel');
  expect(nextStep({ ...ending, sent: false })).toBe('done');
  expect(nextStep({ ...ending, taken: true })).toBe('done');
});

test('while another process holds the id nothing is sent but a look at each beat', () => {
  const taken = { ...wishing('DOWN'), taken: true };
  expect(nextStep(taken)).toBe('rest');
  expect(nextStep({ ...taken, beatDue: true })).toBe('compare');
});
