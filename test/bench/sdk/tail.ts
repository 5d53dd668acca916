/**
 * What callers see of failures, in real processes: the SDK, plain round robin over the list, and eureka-js-client's list with undici, all at the
 * same time on the same ten instances.
 */
import { runFailover, type Seen } from '../../failover/run.ts';
import { note, table, title } from '../report.ts';
import type { Topic } from '../topic.ts';

export const tail: Topic = {
  name: 'tail',
  what: 'failed calls, p99 and slowest call around failures: SDK, round robin, eureka-js-client with undici',
  async run({ quick }) {
    title('Failures as callers see them (ten instances in two zones, open loop)');
    const seen = await runFailover({
      kinds: ['sdk', 'round-robin', 'eureka-js-client'],
      callsPerSecond: quick ? 20 : 50,
      windowMs: quick ? 1_000 : 5_000,
      restMs: quick ? 1_000 : 12_000,
      progress: (text) => console.error(`  ${text}`),
    });
    table(
      [
        'event',
        'caller',
        'calls',
        'failed',
        'p99 before, ms',
        'p99 in the second window',
        'slowest, ms',
        'calls that the victim got',
      ],
      seen.map(row),
    );
    note(
      'Round robin and eureka-js-client fetch the list every 30 s, as they do by default, retry nothing, and wait 5 s for headers.',
    );
  },
};

function row({ event, kind, calls, failed, p99BeforeMs, p99AfterMs, slowestMs, victimShare }: Seen): readonly string[] {
  return [
    event.title,
    kind === 'sdk' ? '**SDK**' : kind,
    String(calls),
    failed === 0 ? '**0**' : `${failed} (${((100 * failed) / calls).toFixed(1)} %)`,
    p99BeforeMs.toFixed(0),
    `${p99AfterMs.toFixed(0)} (${(p99AfterMs / p99BeforeMs).toFixed(2)}x)`,
    slowestMs.toFixed(0),
    event.victim === undefined ? '-' : `${(100 * victimShare).toFixed(1)} %`,
  ];
}
