import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailureKind } from './failure.ts';
import { decideRetry, MAX_UNSENT, type RetryQuestion } from './retry-policy.ts';

const QUESTION: RetryQuestion = {
  failure: undefined,
  status: 503,
  pushbackMs: undefined,
  sent: 1,
  unsent: 0,
  attempts: 3,
  statuses: [502, 503, 504],
  idempotent: true,
  replayable: true,
  remainingMs: 9_000,
  medianMs: 10,
  untried: 2,
};

const decide = (question: Partial<RetryQuestion>, budget = true): string => {
  const decision = decideRetry(
    { ...QUESTION, ...question },
    () => budget,
    () => 0.5,
  );
  return decision.is === 'stop' ? decision.why : `again after ${decision.delayMs}${decision.unsent ? ' unsent' : ''}`;
};

test.each<[string, Partial<RetryQuestion>, string]>([
  ['a 503 to a GET goes to another instance after a jittered pause', {}, 'again after 12.5'],
  ['the second pause is longer', { sent: 2 }, 'again after 25'],
  ['the last attempt is the last', { sent: 3 }, 'attempts'],
  ['a POST that was answered is not repeated', { idempotent: false }, 'not-repeatable'],
  ['a body that is gone is not repeated', { replayable: false }, 'not-repeatable'],
  ['500 is ambiguous', { status: 500 }, 'not-retryable'],
  ['429 without a time to come back is final', { status: 429 }, 'not-retryable'],
  ['429 is obeyed', { status: 429, pushbackMs: 2_000 }, 'again after 2000'],
  ['429 that asks for more time than there is ends the call', { status: 429, pushbackMs: 20_000 }, 'pushback'],
  ['Retry-After of one instance does not hold for another', { pushbackMs: 20_000 }, 'again after 12.5'],
  ['Retry-After holds when nobody else is left', { pushbackMs: 1_000, untried: 0 }, 'again after 1000'],
  ['no time is left', { remainingMs: 15 }, 'deadline'],
  ['a reset GET is repeated', { failure: FailureKind.BROKEN, status: 0 }, 'again after 12.5'],
  ['a reset POST is not', { failure: FailureKind.BROKEN, status: 0, idempotent: false }, 'not-repeatable'],
  ['what was refused goes elsewhere at once, whatever its method', refusal(1), 'again after 0 unsent'],
  ['and so does a POST', { ...refusal(1), idempotent: false, replayable: false }, 'again after 0 unsent'],
  ['up to five times', refusal(MAX_UNSENT), 'again after 0 unsent'],
  ['and not six times', refusal(MAX_UNSENT + 1), 'attempts'],
  ['a refusal is no retry of what was sent: the budget does not count', { ...refusal(1) }, 'again after 0 unsent'],
  ['a refusal with nobody else left ends the call', { ...refusal(1), untried: 0 }, 'nobody'],
  ['a 503 of the only instance is asked again after a pause', { untried: 0 }, 'again after 12.5'],
  ['the caller’s mistake is his', { failure: FailureKind.MISTAKE, status: 0 }, 'mistake'],
  ['who wants one attempt gets one', { attempts: 1 }, 'attempts'],
])('%s', (_, question, expected) => {
  expect(decide(question)).toBe(expected);
});

function refusal(unsent: number): Partial<RetryQuestion> {
  return { failure: FailureKind.CONNECT, status: 0, sent: 0, unsent };
}

test('a budget that refuses ends the call, and is asked only when everything else allows a retry', () => {
  let asked = 0;
  const ask = (): boolean => {
    asked++;
    return false;
  };
  expect(decideRetry({ ...QUESTION, idempotent: false }, ask, () => 0)).toEqual({ is: 'stop', why: 'not-repeatable' });
  expect(decideRetry({ ...QUESTION, failure: FailureKind.CONNECT, sent: 0, unsent: 1 }, ask, () => 0).is).toBe('again');
  expect(asked).toBe(0);
  expect(decideRetry(QUESTION, ask, () => 0)).toEqual({ is: 'stop', why: 'budget' });
  expect(asked).toBe(1);
});

test('nothing that may have had an effect is sent again unless sending twice is harmless', () => {
  const questions = fc.record({
    failure: fc.constantFrom(undefined, FailureKind.BROKEN),
    status: fc.constantFrom(0, 200, 429, 500, 502, 503, 504),
    pushbackMs: fc.option(fc.nat(20_000), { nil: undefined }),
    sent: fc.integer({ min: 1, max: 5 }),
    unsent: fc.nat(5),
    replayable: fc.boolean(),
    remainingMs: fc.nat(10_000),
    untried: fc.nat(3),
  });
  fc.assert(
    fc.property(questions, (question) => {
      const decision = decideRetry(
        { ...QUESTION, ...question, idempotent: false },
        () => true,
        () => 0.5,
      );
      expect(decision.is).toBe('stop');
    }),
  );
});
