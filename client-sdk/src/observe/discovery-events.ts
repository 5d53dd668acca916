/** Every event of one discovery: typed listeners, and a diagnostics channel beside each. Making an event costs nothing while nobody listens. */
import type { Channel } from 'node:diagnostics_channel';
import type { DiscoveryEvents } from '../api.ts';
import { Emitter } from '../runtime/emitter.ts';
import { EVENT_NAMES, type EventName, eventChannel } from './channels.ts';

interface Source<T> {
  readonly emitter: Emitter<T>;
  readonly channel: Channel;
}

export class DiscoveryEventSources {
  readonly #sources = new Map<EventName, Source<never>>(
    EVENT_NAMES.map((name) => [name, { emitter: new Emitter<never>(), channel: eventChannel(name) }]),
  );

  on<E extends EventName>(event: E, listener: (event: DiscoveryEvents[E]) => void): () => void {
    const source = this.#sources.get(event);
    if (source === undefined) {
      throw new RangeError(`an event must be one of ${EVENT_NAMES.join(', ')}, got ${JSON.stringify(event)}`);
    }
    return source.emitter.subscribe(listener as (event: never) => void);
  }

  /** Whether anybody listens: ask first where making the event costs something. */
  heard(event: EventName): boolean {
    const source = this.#sources.get(event)!;
    return source.emitter.heard || source.channel.hasSubscribers;
  }

  /** A listener that throws is told to the process, and stops nobody else. */
  emit<E extends EventName>(event: E, value: DiscoveryEvents[E]): void {
    const source = this.#sources.get(event)!;
    try {
      source.emitter.emit(value as never);
    } catch (error) {
      // The user's own: uncaught, as from any event, but not in the midst of a call.
      queueMicrotask(() => {
        throw error;
      });
    }
    if (source.channel.hasSubscribers) source.channel.publish(value);
  }
}
