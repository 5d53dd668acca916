/**
 * The benchmarks' program: `npm run bench`, or one topic by name. Everything is compared with `node:http` alone, or with a named peer, in the same run,
 * in slices that alternate; CPU time a request comes first, since rates depend on what else the machine does.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { heartbeats } from './heartbeats.ts';
import { memory } from './memory.ts';
import { LOAD_CORE, pin, pinned } from './processes.ts';
import { push } from './push.ts';
import { reads } from './reads.ts';
import { note } from './report.ts';
import { sdkCalls } from './sdk/calls.ts';
import { sdkList } from './sdk/list.ts';
import { sdkPick } from './sdk/pick.ts';
import { tail } from './sdk/tail.ts';
import { storm } from './storm.ts';
import type { BenchOptions, Topic } from './topic.ts';

const TOPICS: readonly Topic[] = [heartbeats, reads, push, storm, memory, sdkCalls, sdkPick, sdkList, tail];

const HELP = `npm run bench -- [topic ...] [options]

Topics (default: all):
${TOPICS.map(({ name, what }) => `  ${name.padEnd(12)}${what}`).join('\n')}

Options:
  --quick            as short and small as it goes, for correctness alone; never fails because of a time
  --instances <n>    this size of registry alone, where a topic has several (reads)
  --peer <url>       measure a running Eureka server too, such as http://localhost:8762/eureka (heartbeats, reads)
  --peer-pid <pid>   its process on this machine, for its CPU time
  --help

The server is measured as it is built: npm run build.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      instances: { type: 'string' },
      peer: { type: 'string' },
      'peer-pid': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !TOPICS.some((topic) => topic.name === name));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `No topic ${unknown.join(', ')}.\n\n${HELP}` : HELP);
    return unknown.length > 0 ? 2 : 0;
  }
  const options: BenchOptions = {
    quick: values.quick,
    instances: whole(values.instances),
    peer: values.peer,
    peerPid: whole(values['peer-pid']),
  };
  const where = pinned ? 'servers on one core, all else on another' : 'not bound to cores: trust nothing but ratios';
  note(
    `Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB; ${where}${options.quick ? '; quick: figures mean nothing' : ''}.`,
  );
  // This process only waits and reads, but on the load's core.
  pin(process.pid, LOAD_CORE);
  for (const topic of TOPICS) {
    if (positionals.length === 0 || positionals.includes(topic.name)) await topic.run(options);
  }
  return 0;
}

function whole(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`a whole number above 0 is wanted, got ${text}`);
  return Number(text);
}

process.exitCode = await main();
