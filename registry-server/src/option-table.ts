/** Every option of the server with unit, default and reason: the program, its `--help` and the docs are made from this table alone. */
type Unit = 'ms' | 's' | 'bytes' | 'characters' | 'instances' | 'share, 0 to 1' | 'hops' | undefined;

export interface OptionRow {
  /** As a flag, without the two dashes. */
  readonly flag: string;
  readonly env: string;
  readonly kind: 'integer' | 'number' | 'text' | 'switch' | 'choice';
  readonly unit?: Unit;
  /** As it would be typed; undefined: none. */
  readonly default: string | undefined;
  /** What it does, in one sentence, for `--help`. */
  readonly help: string;
  /** Why this default. */
  readonly why: string;
  /** What Eureka servers call it; absent: they have nothing like it. */
  readonly eureka?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** May hold a password: never shown. */
  readonly secret?: true;
  /** For text: what it must look like, and how to say so. */
  readonly pattern?: { readonly matches: (text: string) => boolean; readonly says: string };
}

const redisUrl = {
  matches: (text: string): boolean => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname, pathname } = new URL(text);
    return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d{0,5})?$/.test(pathname);
  },
  says: 'a URL such as redis://localhost:6379/0 or rediss://user:password@host:6380',
};
const httpUrl = {
  matches: (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
  says: 'a URL such as http://10.0.0.5:8761',
};
const hostList = {
  matches: (text: string): boolean => text.split(',').every((part) => /^[^\s:,]+:\d{1,5}$/.test(part.trim())),
  says: 'host:port, or several joined by commas',
};
const slug = { matches: (text: string): boolean => /^[a-z0-9-]{1,40}$/.test(text), says: '1 to 40 of a-z, 0-9 and -' };
const prefix = {
  matches: (text: string): boolean => /^[\w:.-]{0,60}$/.test(text),
  says: 'up to 60 of A-Z, a-z, 0-9, _ : . -',
};
const nonEmpty = { matches: (text: string): boolean => text !== '', says: 'a non-empty text' };

/** Flags in the order of `--help`. Keys are the names of `ServerOptions`. */
export const OPTION_TABLE = {
  port: {
    flag: 'port',
    env: 'PORT',
    kind: 'integer',
    default: '8761',
    min: 0,
    max: 65_535,
    help: 'Port to listen on; 0 takes a free one.',
    why: "Eureka's own, which every client defaults to.",
    eureka: 'server.port',
  },
  host: {
    flag: 'host',
    env: 'HEUREKA_HOST',
    kind: 'text',
    default: undefined,
    pattern: nonEmpty,
    help: 'Address to listen on.',
    why: 'Without it every address, IPv6 too, as Eureka; `127.0.0.1` is this machine only.',
    eureka: 'server.address',
  },

  redis: {
    flag: 'redis',
    env: 'REDIS_URL',
    kind: 'text',
    default: undefined,
    pattern: redisUrl,
    secret: true,
    help: 'Redis or Valkey that the nodes of this registry share; without it the store is embedded.',
    why: 'One node needs no database.',
  },
  redisSentinels: {
    flag: 'redis-sentinels',
    env: 'REDIS_SENTINELS',
    kind: 'text',
    default: undefined,
    pattern: hostList,
    help: 'Sentinels to ask for the master; credentials and database come from --redis.',
    why: 'Off.',
  },
  redisSentinelName: {
    flag: 'redis-sentinel-name',
    env: 'REDIS_SENTINEL_NAME',
    kind: 'text',
    default: 'mymaster',
    pattern: nonEmpty,
    help: 'Name of the master that the Sentinels watch.',
    why: "Sentinel's own default.",
  },
  redisCluster: {
    flag: 'redis-cluster',
    env: 'REDIS_CLUSTER',
    kind: 'switch',
    default: 'false',
    help: 'Whether --redis names a node of a Redis Cluster.',
    why: 'Most are not; all keys of a namespace share one slot.',
  },
  redisCa: {
    flag: 'redis-ca',
    env: 'REDIS_CA',
    kind: 'text',
    default: undefined,
    pattern: nonEmpty,
    help: 'PEM file of the authority that signed the certificate of a rediss:// server.',
    why: "The system's authorities.",
  },
  namespace: {
    flag: 'namespace',
    env: 'HEUREKA_NAMESPACE',
    kind: 'text',
    default: 'default',
    pattern: slug,
    help: 'Registry within the store: nodes of one namespace are one registry.',
    why: 'One registry is what most have.',
  },
  keyPrefix: {
    flag: 'key-prefix',
    env: 'HEUREKA_KEY_PREFIX',
    kind: 'text',
    default: '',
    pattern: prefix,
    help: 'Text before every Redis key, for a Redis that is shared.',
    why: 'Keys begin with {heureka: already.',
  },
  data: {
    flag: 'data',
    env: 'HEUREKA_DATA',
    kind: 'text',
    default: './heureka-data',
    pattern: nonEmpty,
    help: 'Folder of the embedded store, which keeps `registry.jsonl` there; a name with an extension is the file itself; `none` forgets everything at exit.',
    why: 'A restart must not lose what was acknowledged.',
  },
  nodeUrl: {
    flag: 'node-url',
    env: 'HEUREKA_NODE_URL',
    kind: 'text',
    default: undefined,
    pattern: httpUrl,
    help: 'Where the other nodes of this registry reach this one.',
    why: 'This host name and port.',
    eureka: 'eureka.server.my-url',
  },

  maxInstances: {
    flag: 'max-instances',
    env: 'HEUREKA_MAX_INSTANCES',
    kind: 'integer',
    unit: 'instances',
    default: '200000',
    min: 1,
    help: 'Instances held in all; a new one beyond is answered 503.',
    why: 'About 1 GB of memory: 100,000 are 500 MiB, which is what is tested.',
  },
  maxInstancesPerApp: {
    flag: 'max-instances-per-app',
    env: 'HEUREKA_MAX_INSTANCES_PER_APP',
    kind: 'integer',
    unit: 'instances',
    default: '50000',
    min: 1,
    help: 'Instances held of one application.',
    why: 'So that one client in a loop cannot fill the registry.',
  },
  metadataLimit: {
    flag: 'metadata-limit',
    env: 'HEUREKA_METADATA_LIMIT',
    kind: 'integer',
    unit: 'characters',
    default: '65536',
    min: 0,
    max: 65_536,
    help: 'Metadata of one instance, keys and values.',
    why: 'Everybody downloads it; typical is below 1 KB.',
  },
  bodyLimit: {
    flag: 'body-limit',
    env: 'HEUREKA_BODY_LIMIT',
    kind: 'integer',
    unit: 'bytes',
    default: '1048576',
    min: 1_024,
    max: 268_435_456,
    help: 'One request body, decompressed too; more is answered 413.',
    why: 'A batch of 250 registrations is about 300 KB.',
  },

  keepAlive: {
    flag: 'keep-alive',
    env: 'HEUREKA_KEEP_ALIVE',
    kind: 'integer',
    unit: 's',
    default: '75',
    min: 1,
    max: 3_600,
    help: 'How long an idle connection stays open.',
    why: 'Heartbeats come each 30 s: each should find its connection open.',
  },
  headersTimeout: {
    flag: 'headers-timeout',
    env: 'HEUREKA_HEADERS_TIMEOUT',
    kind: 'integer',
    unit: 's',
    default: '10',
    min: 1,
    max: 600,
    help: 'Time in which the headers of a request must have come.',
    why: 'Long enough for any network, short enough against slow senders.',
  },
  requestTimeout: {
    flag: 'request-timeout',
    env: 'HEUREKA_REQUEST_TIMEOUT',
    kind: 'integer',
    unit: 's',
    default: '30',
    min: 1,
    max: 600,
    help: 'Time in which a whole request must have come.',
    why: 'A body is at most 1 MiB.',
  },
  drain: {
    flag: 'drain',
    env: 'HEUREKA_DRAIN',
    kind: 'number',
    unit: 's',
    default: '0',
    min: 0,
    max: 600,
    help: 'After SIGTERM: how long to serve on while not ready, before closing.',
    why: 'Eureka clients move on by themselves; set it to what a load balancer needs to notice.',
  },

  tlsCert: {
    flag: 'tls-cert',
    env: 'HEUREKA_TLS_CERT',
    kind: 'text',
    default: undefined,
    pattern: nonEmpty,
    help: 'PEM file of the certificate: listen with TLS.',
    why: 'Off, as Eureka.',
    eureka: 'server.ssl.certificate',
  },
  tlsKey: {
    flag: 'tls-key',
    env: 'HEUREKA_TLS_KEY',
    kind: 'text',
    default: undefined,
    pattern: nonEmpty,
    help: 'PEM file of its private key.',
    why: 'Off.',
    eureka: 'server.ssl.certificate-private-key',
  },
  tlsClientCa: {
    flag: 'tls-client-ca',
    env: 'HEUREKA_TLS_CLIENT_CA',
    kind: 'text',
    default: undefined,
    pattern: nonEmpty,
    help: 'PEM file of the authority whose client certificates are demanded.',
    why: 'Off: anybody may ask.',
    eureka: 'server.ssl.client-auth',
  },
  trustProxy: {
    flag: 'trust-proxy',
    env: 'HEUREKA_TRUST_PROXY',
    kind: 'integer',
    unit: 'hops',
    default: '0',
    min: 0,
    max: 10,
    help: 'How many proxies in front append to X-Forwarded-For.',
    why: 'A header that anybody can send is not believed.',
  },
  adminPort: {
    flag: 'admin-port',
    env: 'HEUREKA_ADMIN_PORT',
    kind: 'integer',
    default: undefined,
    min: 0,
    max: 65_535,
    help: 'A port of its own for /metrics and health, without TLS; /metrics then leaves the main port.',
    why: 'One port is simpler; two keep metrics inside.',
    eureka: 'management.server.port',
  },

  selfPreservation: {
    flag: 'self-preservation',
    env: 'HEUREKA_SELF_PRESERVATION',
    kind: 'switch',
    default: 'true',
    help: 'Whether instances that fall silent in masses are held for a while.',
    why: 'A cut network must not empty the registry.',
    eureka: 'eureka.server.enable-self-preservation',
  },
  holdShare: {
    flag: 'hold-share',
    env: 'HEUREKA_HOLD_SHARE',
    kind: 'number',
    unit: 'share, 0 to 1',
    default: '0.3334',
    min: 0,
    max: 1,
    help: 'Part of a service or zone that must fall silent at once, more than which is held.',
    why: 'While two thirds are heard, the silent rest is taken for dead.',
    eureka: 'eureka.server.renewal-percent-threshold (0.85: other meaning)',
  },
  holdPopulation: {
    flag: 'hold-population',
    env: 'HEUREKA_HOLD_POPULATION',
    kind: 'integer',
    unit: 'instances',
    default: '7',
    min: 1,
    help: 'Size from which a service or zone is protected at all.',
    why: 'Of six, two deaths are no mass.',
  },
  holdTime: {
    flag: 'hold-time',
    env: 'HEUREKA_HOLD_TIME',
    kind: 'integer',
    unit: 's',
    default: '300',
    min: 1,
    max: 86_400,
    help: 'How long silent instances are held at most.',
    why: 'Networks heal or are noticed within five minutes.',
  },
  deltaWindow: {
    flag: 'delta-window',
    env: 'HEUREKA_DELTA_WINDOW',
    kind: 'integer',
    unit: 's',
    default: '180',
    min: 10,
    max: 600,
    help: 'How far apps/delta looks back.',
    why: "Eureka's: six polls of a stock client.",
    eureka: 'eureka.server.retention-time-in-m-s-in-delta-queue',
  },
  disableDelta: {
    flag: 'disable-delta',
    env: 'HEUREKA_DISABLE_DELTA',
    kind: 'switch',
    default: 'false',
    help: 'Answer 403 on apps/delta, so that every client fetches everything.',
    why: 'Off, as Eureka.',
    eureka: 'eureka.server.disable-delta',
  },

  logLevel: {
    flag: 'log-level',
    env: 'HEUREKA_LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
    help: 'Least severe log lines written (JSON, to standard output).',
    why: 'One line for each change of state, none for heartbeats.',
  },
} as const satisfies Record<string, OptionRow>;
