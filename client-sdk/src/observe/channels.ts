/**
 * The same events on `node:diagnostics_channel`, for tools that see every discovery in the process: `heureka:attempt`, `heureka:health`,
 * `heureka:snapshot`, `heureka:registration`, `heureka:source`, `heureka:retry`,
 * `heureka:pick-failed`, `heureka:panic`, `heureka:warning`. The message is the event.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { DiscoveryEvents } from '../api.ts';

export type EventName = keyof DiscoveryEvents;

export const EVENT_NAMES: readonly EventName[] = [
  'snapshot',
  'health',
  'registration',
  'source',
  'attempt',
  'retry',
  'pick-failed',
  'panic',
  'warning',
];

export function eventChannel(event: EventName): Channel {
  return channel(`heureka:${event}`);
}
