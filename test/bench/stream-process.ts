/** The process of very many stream readers: opens event streams, makes one change after the other, and tells when each reader heard of it. */
import { Connection } from './connection.ts';
import { registerRequest } from './instances.ts';
import { Listener } from './listener.ts';
import type { Target } from './processes.ts';
import { quantile } from './statistics.ts';
import type { StreamJob, StreamResult } from './stream-job.ts';

/** Opened at once. */
const OPENING = 100;
const WAIT_MS = 5_000;
/** Connections for changes that do not wait for each other. */
const SENDERS = 8;
/** Changed in turn: as many as the registry was filled with, at least. */
const INSTANCES = 50;

process.on('message', (job: StreamJob) => {
  run(job).then(
    (result) => process.send!({ is: 'done', result }),
    (error: unknown) => process.send!({ is: 'failed', why: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function run(job: StreamJob): Promise<StreamResult> {
  const { readers, writer, reader, perSecond } = job;
  const listeners: Listener[] = [];
  while (listeners.length < readers) {
    const some = Array.from({ length: Math.min(OPENING, readers - listeners.length) }, () => new Listener(reader));
    listeners.push(...some);
    await Promise.all(some.map((listener) => listener.opened));
  }
  const senders = await Promise.all(
    Array.from({ length: perSecond === undefined ? 1 : SENDERS }, () => sender(writer)),
  );
  const began = performance.now();
  const { latencies, missed } =
    perSecond === undefined
      ? await oneByOne(job, listeners, senders[0]!)
      : await atRate(job, perSecond, listeners, senders);
  const seconds = (performance.now() - began) / 1_000;
  for (const listener of listeners) listener.close();
  latencies.sort((a, b) => a - b);
  return {
    heard: latencies.length,
    missed,
    perSecond: job.changes / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: latencies.at(-1) ?? 0,
  };
}

interface Heard {
  /** From the answer until a reader had it, in ms, for each reader and change. */
  readonly latencies: number[];
  readonly missed: number;
}

type Send = (request: string) => Promise<number>;

/** Each change once the one before has been heard of: as many a second as that takes. */
async function oneByOne(
  { writer, changes, readers, pauseMs }: StreamJob,
  listeners: readonly Listener[],
  send: Send,
): Promise<Heard> {
  const latencies: number[] = [];
  let missed = 0;
  for (let number = 0; number < changes; number++) {
    // A dirty timestamp that stands nowhere else, so it can be searched for without parsing.
    const mark = Date.now() * 10 + (number % 10);
    const heard: number[] = [];
    for (const listener of listeners) listener.listen(`"${mark}"`, () => heard.push(performance.now()));
    const answeredAt = await send(registerRequest(writer, number, 'UP', mark));
    const patientUntil = performance.now() + WAIT_MS;
    while (heard.length < readers && performance.now() < patientUntil) await sleep(5);
    missed += readers - heard.length;
    // Heard before the answer was: no time at all.
    for (const at of heard) latencies.push(Math.max(0, at - answeredAt));
    await sleep(pauseMs);
  }
  return { latencies, missed };
}

/** So many a second, whatever becomes of them: who is late falls behind further. */
async function atRate(
  { writer, changes, readers }: StreamJob,
  perSecond: number,
  listeners: readonly Listener[],
  senders: readonly Send[],
): Promise<Heard> {
  const latencies: number[] = [];
  const answeredAt = new Map<string, number>();
  const heardAt = new Map<string, number[]>();
  for (const listener of listeners) {
    const seen = new Set<string>();
    listener.listenToAll((mark) => {
      if (seen.has(mark)) return;
      seen.add(mark);
      heardAt.get(mark)?.push(performance.now());
    });
  }
  const began = performance.now();
  const answers: Promise<void>[] = [];
  for (let number = 0; number < changes; number++) {
    await sleep(Math.max(0, began + (number * 1_000) / perSecond - performance.now()));
    const mark = Date.now() * 10 + (number % 10);
    heardAt.set(String(mark), []);
    const request = registerRequest(writer, number % INSTANCES, 'UP', mark);
    answers.push(senders[number % senders.length]!(request).then((at) => void answeredAt.set(String(mark), at)));
  }
  await Promise.all(answers);
  const all = (): boolean => [...heardAt.values()].every(({ length }) => length === readers);
  for (const until = performance.now() + WAIT_MS; !all() && performance.now() < until; ) await sleep(5);
  let missed = 0;
  for (const [mark, times] of heardAt) {
    missed += readers - times.length;
    for (const at of times) latencies.push(Math.max(0, at - answeredAt.get(mark)!));
  }
  return { latencies, missed };
}

/** @returns a function that sends a request, and resolves with the time of its answer */
async function sender({ host, port }: Target): Promise<Send> {
  let answered: (at: number) => void = () => {};
  const connection = new Connection(
    { host, port },
    ({ status }) => {
      if (status !== 204) throw new Error(`a registration was answered ${status}`);
      answered(performance.now());
    },
    (error) => {
      throw error;
    },
  );
  await connection.opened();
  let latest: Promise<unknown> = Promise.resolve();
  return (request) => {
    const sent = latest.then(
      () =>
        new Promise<number>((resolve) => {
          answered = resolve;
          connection.send(request);
        }),
    );
    latest = sent;
    return sent;
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
