/** `GET {base}/stream`: changes pushed as server-sent events. Who reads, resumes and is dropped is the hub's business; this opens the door. */
import { Header } from '@heureka/client-sdk/protocol';
import type { ChangeFilter } from '../../views/views.ts';
import type { Call } from '../call.ts';
import type { ProtocolParts } from '../parts.ts';
import { type Reply, refused } from '../reply.ts';
import { CAPABILITIES, names } from './lists.ts';

export class StreamResource {
  readonly #parts: Pick<ProtocolParts, 'streams' | 'replica'>;

  constructor(parts: Pick<ProtocolParts, 'streams' | 'replica'>) {
    this.#parts = parts;
  }

  readonly open = (call: Call): Reply => {
    if (!this.#parts.replica.loaded)
      return refused(503, 'this node has not loaded the registry yet', { 'retry-after': '1' });
    const filter: ChangeFilter = {
      apps: names(call.query.get('apps'), true),
      vips: names(call.query.get('vips'), false),
    };
    // A browser cannot set the header on its first connection, so the query may say it too.
    const resumeAt = call.header('last-event-id') ?? call.query.get('since');
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Proxies that buffer would hold events back.
      'x-accel-buffering': 'no',
      [Header.CAPABILITIES]: CAPABILITIES,
    };
    if (call.request.method === 'HEAD') return { status: 200, headers };
    return { status: 200, takeOver: (response) => this.#parts.streams.open(response, headers, filter, resumeAt) };
  };
}
