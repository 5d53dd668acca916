/** The process that makes the load: opens connections, sends what it was told, counts what comes back. Driven by its parent, one job at a time. */
import { type Answered, Connection } from './connection.ts';
import { cpuMs } from './cpu-time.ts';
import type { LoadJob, LoadReply, LoadResult, LoadTarget } from './load-job.ts';
import { quantile } from './statistics.ts';

/** Connections opened at once. */
const OPENING = 200;
const TICK_MS = 2;

let connections: Connection[] = [];
let requests: Buffer[] = [];
let next = 0;
/** When each connection's request left, ms. */
const sentAt = new Map<Connection, number>();
let onAnswer: (answer: Answered, connection: Connection) => void = () => {};
let onFailure: (error: Error) => void = keep;
/** A connection that broke while nobody waited for it: the next job fails for it, instead of waiting for an answer that cannot come. */
let broken: Error | undefined;
/** Whether a job is over once nothing is on its way. */
let finished: () => boolean = () => true;

function keep(error: Error): void {
  broken ??= error;
}

function send(connection: Connection): void {
  sentAt.set(connection, performance.now());
  connection.send(requests[next]!);
  next = (next + 1) % requests.length;
}

async function open({ host, port, connections: count, requests: texts }: LoadTarget): Promise<void> {
  close();
  requests = texts.map((text) => Buffer.from(text));
  next = 0;
  while (connections.length < count) {
    const some = Array.from(
      { length: Math.min(OPENING, count - connections.length) },
      () =>
        new Connection(
          { host, port },
          (answer, connection) => onAnswer(answer, connection),
          (error) => onFailure(error),
        ),
    );
    connections.push(...some);
    await Promise.all(some.map((connection) => connection.opened()));
  }
}

function close(): void {
  for (const connection of connections) connection.close();
  connections = [];
  sentAt.clear();
  broken = undefined;
}

/** Counts answers from now until `ended`, once all that was asked has been answered. @param again - what to do with a free connection */
function measured(
  begin: (free: (connection: Connection) => void) => void,
  again: (connection: Connection) => boolean,
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const latencies: number[] = [];
    const statuses: Record<string, number> = {};
    let bytes = 0;
    let underway = 0;
    const began = performance.now();
    const ask = (connection: Connection): void => {
      underway++;
      send(connection);
    };
    if (broken !== undefined) {
      reject(broken);
      return;
    }
    onFailure = reject;
    onAnswer = (answer, connection) => {
      underway--;
      latencies.push(performance.now() - sentAt.get(connection)!);
      bytes += answer.bytes;
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (again(connection)) ask(connection);
      else if (underway === 0 && finished()) {
        latencies.sort((a, b) => a - b);
        onFailure = keep;
        resolve({
          answers: latencies.length,
          bytes,
          seconds: (performance.now() - began) / 1_000,
          statuses,
          p50: quantile(latencies, 0.5),
          p99: quantile(latencies, 0.99),
          max: latencies.at(-1) ?? 0,
        });
      }
    };
    begin(ask);
  });
}

function busy(ms: number): Promise<LoadResult> {
  const end = performance.now() + ms;
  finished = () => true;
  return measured(
    (ask) => connections.forEach(ask),
    () => performance.now() < end,
  );
}

/** Asks over all connections in turn, as many times as `due` says by then, until `ms` have passed. */
function metered(ms: number, due: (elapsedMs: number) => number): Promise<LoadResult> {
  const began = performance.now();
  let asked = 0;
  let over = false;
  finished = () => over;
  const free = [...connections];
  return measured(
    (ask) => {
      const timer = setInterval(() => {
        const elapsed = Math.min(performance.now() - began, ms);
        for (const wanted = due(elapsed); asked < wanted && free.length > 0; asked++) ask(free.shift()!);
        if (elapsed < ms || free.length === 0) return;
        // The one that ends it when it is answered.
        over = true;
        clearInterval(timer);
        ask(free.shift()!);
      }, TICK_MS);
    },
    (connection) => {
      free.push(connection);
      return false;
    },
  );
}

function paced(ms: number, perSecond: number): Promise<LoadResult> {
  return metered(ms, (elapsed) => (elapsed / 1_000) * perSecond);
}

function fed(ms: number, perCpuSecond: number, pid: number): Promise<LoadResult> {
  const before = cpuMs(pid);
  // Where CPU time cannot be read, time has to do.
  return metered(ms, (elapsed) => ((before === undefined ? elapsed : cpuMs(pid)! - before) / 1_000) * perCpuSecond);
}

function once(): Promise<LoadResult> {
  let left = requests.length;
  next = 0;
  finished = () => left === 0;
  return measured(
    (ask) => {
      for (const connection of connections) {
        if (left === 0) break;
        left--;
        ask(connection);
      }
    },
    () => {
      if (left === 0) return false;
      left--;
      return true;
    },
  );
}

async function run(job: LoadJob): Promise<LoadResult | undefined> {
  switch (job.kind) {
    case 'open':
      await open(job);
      return undefined;
    case 'busy':
      return await busy(job.ms);
    case 'paced':
      return await paced(job.ms, job.perSecond);
    case 'fed':
      return await fed(job.ms, job.perCpuSecond, job.pid);
    case 'once':
      return await once();
    case 'close':
      close();
      return undefined;
  }
}

const NOTHING: LoadResult = { answers: 0, bytes: 0, seconds: 0, statuses: {}, p50: 0, p99: 0, max: 0 };

process.on('message', (job: LoadJob) => {
  run(job).then(
    (result = NOTHING) => reply({ is: 'done', result }),
    (error: unknown) => reply({ is: 'failed', why: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

function reply(message: LoadReply): void {
  process.send!(message);
}
