/**
 * The main job, to be watched: a registry, the service `orders` with three instances in each of two zones, and a caller whose traffic
 * never stops while they die, slow down, break and heal. Exit code 1 if a call failed.
 */
import { createDiscovery } from '@heureka/client-sdk';
import { SCRIPT } from './script.ts';
import { Stage, ZONES } from './stage.ts';
import { type Act, formatted, summary } from './summary.ts';
import { Traffic } from './traffic.ts';

const began = performance.now();
const say = (text: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);

const stage = new Stage();
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
  say('interrupted: everything is being stopped');
});

let failures = 0;
try {
  say('starting a registry and the service orders: three instances in each of two zones');
  await stage.open();
  const discovery = await createDiscovery({
    registry: { urls: [stage.registryUrl], pollMs: 2_000 },
    zone: ZONES[0],
    start: 'wait',
  });
  discovery.on('health', ({ instance, from, to, reason }) =>
    say(`  caller: ${nameOf(instance)} ${from} -> ${to} (${reason})`),
  );
  discovery.on('snapshot', ({ service, instances }) =>
    say(`  caller: ${service} has ${instances.length} instances listed as UP`),
  );

  const names = new Map<string, string>();
  function nameOf(id: string): string {
    for (const { id: known, metadata } of discovery.instances('orders')) names.set(known, metadata['name'] ?? known);
    return names.get(id) ?? id;
  }

  say(`the caller sits in ${ZONES[0]} and starts its calls`);
  const traffic = new Traffic(discovery);
  traffic.start();
  const acts: Act[] = [];
  for (const event of SCRIPT) {
    if (interrupted) break;
    const from = traffic.now();
    say(event.title);
    const reported = setInterval(() => report(traffic, from), 2_000);
    await Promise.all([event.happen(stage), new Promise((resolve) => setTimeout(resolve, event.watchMs))]);
    clearInterval(reported);
    await event.heal?.(stage);
    acts.push({ title: event.title, from, to: traffic.now() });
  }
  await traffic.stop();

  const rows = summary(acts, traffic.calls);
  failures = traffic.calls.filter(({ failed }) => failed).length;
  console.log(`\n${formatted(rows)}\n`);
  if (failures > 0) console.log('the last failure:', traffic.lastFailure);
  say(`${traffic.calls.length} calls, ${failures} failed`);
  await discovery.close();
} finally {
  await stage.close();
}
process.exitCode = failures > 0 || interrupted ? 1 : 0;

/** One line of what the caller sees now. */
function report(traffic: Traffic, from: number): void {
  const recent = traffic.calls.filter(({ startedAt }) => startedAt > Math.max(from, traffic.now() - 2_000));
  const failed = recent.filter((call) => call.failed).length;
  const share = new Map<string, number>();
  for (const { by } of recent) if (by !== undefined) share.set(by, (share.get(by) ?? 0) + 1);
  const shares = [...share].sort().map(([name, calls]) => `${name} ${Math.round((100 * calls) / recent.length)} %`);
  say(`  ${recent.length} calls, ${failed} failed; answered by ${shares.join(', ') || 'nobody'}`);
}
