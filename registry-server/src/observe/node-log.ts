/** One log line for each thing that happens between this node and its store. */
import type { NodeEvent } from '../node/node-events.ts';
import type { Log } from './log.ts';

export function logNodeEvent(log: Log, event: NodeEvent): void {
  switch (event.kind) {
    case 'state': {
      const { state, from } = event;
      const facts = { from, state: state.is, ...('reason' in state && { reason: state.reason }) };
      const usual = state.is === 'following' || state.is === 'draining';
      if (usual) log.info(facts, `this node is ${state.is}`);
      else log.warn(facts, `this node is ${state.is}`);
      return;
    }
    case 'fault':
      log.warn({}, event.sentence);
      return;
    case 'hold':
      log.warn({ group: event.hold.group }, event.sentence);
      return;
    case 'release':
      log.info({ group: event.hold.group }, event.sentence);
      return;
    case 'evicted':
      log.info({ count: event.count }, 'leases ended without a sign of life');
      return;
    case 'joined':
      log.info(
        { written: event.written, adopted: event.adopted, instances: event.instances },
        'replica and store were joined',
      );
  }
}
