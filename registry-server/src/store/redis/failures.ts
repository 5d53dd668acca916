/** Turns what ioredis and Redis say into the port's one error. */
import { StoreAway } from '../registry-store.ts';
import type { RedisTarget } from './redis-options.ts';

/** Refusals of the first write or of the whole script: nothing was done. */
const REFUSED =
  /^(OOM|READONLY|MISCONF|NOREPLICAS|CLUSTERDOWN|LOADING|BUSY|MASTERDOWN|NOAUTH|WRONGPASS|NOPERM|TRYAGAIN|DENIED|ERR max number of clients)\b/;

const REACHING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'host name not resolved',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to network',
  ECONNRESET: 'connection reset',
};

/** For a command that was, or may have been, sent. */
export function storeAway(target: RedisTarget, error: unknown): StoreAway {
  const message = messageOf(error);
  // Scripts are reported as `<code> ... script: <sha>` or with the code inside, by version.
  const refusal = REFUSED.exec(message) ?? /\b(OOM|READONLY|MISCONF|NOREPLICAS) /.exec(message);
  if (refusal !== null) return away(target, 'not done', `${target.name} refused: ${message}`, error);
  if (message.includes("Stream isn't writeable") || message.includes('is not ready')) {
    return away(target, 'not done', `${target.name} is not connected`, error);
  }
  if (message.includes('timed out')) return away(target, 'unknown', `${target.name} did not answer in time`, error);
  if (/closed|retries per request|ECONNRESET|EPIPE/.test(message)) {
    return away(target, 'unknown', `${target.name} closed the connection`, error);
  }
  return away(target, 'unknown', `${target.name} failed: ${message}`, error);
}

/** For a connection that did not come about. */
export function unreachable(target: RedisTarget, error: unknown): StoreAway {
  const message = messageOf(error);
  const refusal = REFUSED.exec(message);
  if (refusal !== null) return away(target, 'not done', `${target.name} refused: ${message}`, error);
  return away(target, 'not done', `${target.name} is not reachable: ${reaching(error)}`, error);
}

function reaching(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  const last = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError;
  if (last !== undefined) return reaching(last);
  if (typeof code === 'string' && code in REACHING) return REACHING[code]!;
  if (/ETIMEDOUT|timed out/.test(messageOf(error))) return 'no answer';
  return error === undefined ? 'no answer' : messageOf(error);
}

function away(target: RedisTarget, outcome: StoreAway['outcome'], sentence: string, cause: unknown): StoreAway {
  let reason = sentence;
  for (const secret of target.secrets) reason = reason.replaceAll(secret, '***');
  // The cause is kept out where it could print a secret: ioredis puts the command's arguments into its errors.
  return new StoreAway(outcome, reason, target.secrets.length === 0 ? { cause } : undefined);
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
