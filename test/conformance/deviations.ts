/**
 * Where our server differs from a stock one on purpose, each under a name. The one table: cases and replays explain a difference by a name
 * from here or fail, `npm run conformance` prints it, and `docs/eureka-compatibility.md` lists it, which a test compares.
 */
export interface Deviation {
  readonly ours: string;
  /** What a stock Spring server does. */
  readonly stock: string;
  readonly why: string;
}

export const DEVIATIONS = {
  'empty-errors': {
    ours: 'Errors on protocol paths have no body (the reason is in the header `x-heureka-reason`), but for the three that the protocol gives one',
    stock: 'an error page of Spring Boot',
    why: 'Jersey clients decode that page on a 404 heartbeat, fail, and never register again (Netflix/eureka issue 1515)',
  },
  'caller-errors': {
    ours: "400 for a caller's mistake (a bad `value`, a bad timestamp, an empty `replicationList`), and nothing is changed",
    stock: '500, sometimes after the change was made',
    why: 'the client can see what it did wrong',
  },
  'honest-leases': {
    ours: 'A lease ends one duration after the last heartbeat, and the instance is gone within two seconds',
    stock: 'ends after twice the duration, gone after up to 60 s more',
    why: 'an accident in stock; a dead instance is listed for minutes',
  },
  'self-preservation': {
    ours: 'Self-preservation judges each service and each zone: if more than a third of a group of 7 or more falls silent, those are held for 5 minutes, with the reason shown; groups of 6 or fewer are always evicted on time',
    stock:
      'one threshold for the whole registry; a server with one instance never evicts it; half dead: 15 % a minute at random',
    why: 'it protects against a partition and cannot freeze a small registry',
  },
  'no-access-gate': {
    ours: 'A node that has not loaded its registry answers 503 with the reason; one that has answers at once',
    stock: '403 for 5 minutes after an empty start (Netflix), or an empty list at once (Spring)',
    why: 'an empty list is taken for the truth, and a loaded one is the truth',
  },
  'fresh-reads': {
    ours: 'Reads are always fresh: encoded once per change, never from a timed cache',
    stock: 'lists up to 30 s old by default, deltas that outlive their window',
    why: 'nobody needs the age, and it adds to every failover',
  },
  'announced-status': {
    ours: 'A heartbeat that changes the status (through a replicated override) is announced in the delta',
    stock: 'changed silently: full list and delta disagree',
    why: 'clients should not have to find out by a hash that does not match',
  },
  'service-up-time': {
    ours: '`serviceUpTimestamp` is when an instance first took traffic, by whatever made it UP',
    stock: 'stays 0 when the clearing of an override did',
    why: 'the field means what its name says',
  },
  'batch-copies': {
    ours: 'A 409 in a batch carries our copy as it was when its item was looked at',
    stock: 'as it is when the whole batch is answered, later items of it included',
    why: 'the peer adopts that copy, and should get the one that was newer',
  },
  'true-status': {
    ours: 'Statuses in XML are true',
    stock: 'a single OUT_OF_SERVICE or UNKNOWN instance is `DOWN` in XML',
    why: 'a remnant of version 1',
  },
  'honest-labels': {
    ours: 'The Content-Type of an answer is that of its body, without parameters',
    stock:
      'JSON labelled `application/xml` when Accept names both; the type that was accepted, copied with its parameters',
    why: 'labels should agree',
  },
  'gzip-requests': {
    ours: 'Requests may be gzip-compressed, on every resource',
    stock: '400',
    why: 'Jersey 1 peers can send them',
  },
  'tolerant-input': {
    ours: 'More input is taken: no `@class` on a data center, a status in lower case, unknown nested fields, numbers as metadata, doubled slashes, escaped slashes in ids, any Content-Type on PUT and DELETE, an empty `lastDirtyTimestamp` with a status',
    stock: '400, 404 or 500; a lower-case status is stored as UNKNOWN, with 404 on every heartbeat',
    why: 'tolerant in, strict out',
  },
  'no-endless-parsing': {
    ours: 'An array where an object is due is a 400',
    stock: 'the request is never answered and a thread burns a core for ever',
    why: 'one small request must not cost a core',
  },
  'no-poison': {
    ours: "One registration cannot spoil anybody's answer: an Amazon data center without metadata is completed, metadata keys and values are made well-formed XML",
    stock: '200 with zero bytes to every client until that instance is cancelled',
    why: 'one client must not take the registry from all others',
  },
  'overrides-by-app': {
    ours: 'Overrides belong to (app, id)',
    stock: 'to the id alone, across applications',
    why: 'two applications with one id do not share a fate',
  },
  'same-bytes-everywhere': {
    ours: '`isCoordinatingDiscoveryServer` is always `"false"`',
    stock: '`"true"` on the answering server\'s own entry',
    why: 'answers are the same bytes on every node; no client depends on it',
  },
  'clean-metadata': {
    ours: '`PUT .../metadata` drops the key `@class`; metadata that is null is dropped',
    stock: 'kept; becomes the text `null`',
    why: 'strict clients refuse the one, and the other is no value',
  },
  'status-answers': {
    ours: '`GET status` answers in JSON too, its XML root is `<status>`, and it says what this server knows',
    stock: '500 in JSON with default settings; in XML the root is the name of a Java class',
    why: 'a page for people that works',
  },
  'status-overrides': {
    ours: '`GET serverinfo/statusoverrides` answers',
    stock: '404 under Spring',
    why: 'it is in the protocol, and shows why a status stands',
  },
  limits: {
    ours: 'Limits: body 1 MiB, metadata 64 KiB an instance, depth, field lengths, instances in all and per application',
    stock: 'none',
    why: "one client cannot fill everybody's memory",
  },
  'conditional-reads': {
    ours: '`ETag` and 304, `Vary`',
    stock: 'neither',
    why: 'a poll without change costs nothing',
  },
} as const satisfies Readonly<Record<string, Deviation>>;

export type DeviationName = keyof typeof DEVIATIONS;

/** For people, in one line. */
export function sentence(name: DeviationName): string {
  const { ours, stock, why } = DEVIATIONS[name];
  return `${name}: ${ours}. Stock: ${stock}. Why: ${why}.`;
}
