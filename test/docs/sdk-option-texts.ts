/**
 * What each option of the SDK does, in a sentence, and what Spring, Ribbon or eureka-js-client call it. The page's test fails when an option has
 * no sentence, or a sentence no option.
 */
import type { GroupName } from './sdk-options.ts';

export interface OptionText {
  readonly says: string;
  /** Where the default is not one value in a table; `{name}` stands for one that is. */
  readonly default?: string;
  /** Option names of Spring Cloud, Ribbon (`ribbon.`) or eureka-js-client (`js:`). */
  readonly elsewhere?: readonly string[];
}

export const OPTION_TEXTS: Readonly<Record<GroupName, Readonly<Record<string, OptionText>>>> = {
  DiscoveryOptions: {
    registry: {
      says: 'Where the registry is: a URL, several (or joined by commas), or the options of the next table.',
      default: '`HEUREKA_URL`, else `EUREKA_URL`, else `{DEFAULT_REGISTRY_URL}`',
      elsewhere: ['eureka.client.service-url.defaultZone', 'js: eureka.host, port, servicePath'],
    },
    source: {
      says: 'Where instances come from instead of a registry: a static list, a test, another system.',
      default: 'the registry',
    },
    zone: {
      says: 'The zone we are in: calls stay in it as far as that is good, and registries of it are asked first.',
      default: '`HEUREKA_ZONE`, else `metadata.zone` of our registration, else unknown',
      elsewhere: [
        'eureka.instance.metadata-map.zone',
        'spring.cloud.loadbalancer.zone',
        'js: eureka.availabilityZones',
      ],
    },
    start: {
      says: 'What `createDiscovery` waits for: `background` for nothing, `wait` for the first list (until `readyMs`), `fail-fast` likewise, and gives up at the first failure.',
    },
    readyMs: { says: 'Longest wait for the first list, of a start and of a call that comes before it, in ms.' },
    subscribe: {
      says: 'Names of the only applications to follow. They are then always services.',
      default: 'every application',
      elsewhere: ['eureka.client.registry-refresh-single-vip-address'],
    },
    services: {
      says: 'Options by the name of the service, over `defaults`. A name that stands here is always a service, never a host.',
      default: 'none',
      elsewhere: ['spring.cloud.loadbalancer.clients.<id>.*', '<client>.ribbon.*'],
    },
    defaults: { says: 'Options of every service: the table below.', default: 'as below', elsewhere: ['ribbon.*'] },
    hosts: {
      says: 'Tells which host in a URL is a service, and its name; `undefined`: it is a host.',
      default:
        'what stands in `services` or `subscribe`, and any one label without port, not `localhost`, that the registry has listed',
    },
    fallbackDispatcher: {
      says: 'The undici dispatcher to which calls of all other hosts go.',
      default: "the process's own, at creation",
    },
    dispatcherFor: {
      says: 'Makes the dispatcher of an instance: for mTLS, sockets, mocks.',
      default: 'an undici `Pool`',
    },
    snapshotFile: {
      says: 'File in which the last good list is kept for a start while the registry is down, or `false`.',
      default: '`false`',
      elsewhere: ['eureka.client.backup-registry-impl'],
    },
    signal: { says: 'Ends a start that waits, and closes later.', default: 'none' },
  },
  RegistryOptions: {
    urls: {
      says: 'Base URLs in order, or by zone: those of our own zone are asked first.',
      elsewhere: ['eureka.client.service-url', 'js: eureka.serviceUrls'],
    },
    auth: {
      says: 'Basic user and password, or a bearer token (a function is asked each time).',
      default: 'what the URL holds',
    },
    tls: {
      says: 'Authority, client certificate and key, server name.',
      default: "the system's",
      elsewhere: ['eureka.client.tls.*'],
    },
    pollMs: {
      says: 'Pause between two polls, in ms, 100 or more.',
      elsewhere: ['eureka.client.registry-fetch-interval-seconds', 'js: eureka.registryFetchInterval'],
    },
    push: { says: 'Follow the stream of changes where the registry offers one.', default: '`true`' },
    timeoutMs: {
      says: 'Longest wait for a registry, in ms.',
      elsewhere: ['eureka.client.eureka-server-read-timeout-seconds'],
    },
  },
  ServiceOptions: {
    policy: {
      says: 'How an instance is picked: [balancing](balancing.md). A name, or an object with `update` and `pick`.',
      elsewhere: ['ribbon.NFLoadBalancerRuleClassName', 'spring.cloud.loadbalancer.configurations'],
    },
    zoneMode: {
      says: 'How far calls stay in our zone: [balancing](balancing.md#zones).',
      elsewhere: [
        'ribbon.EnableZoneAffinity',
        'ribbon.EnableZoneExclusivity',
        'spring.cloud.loadbalancer.configurations=zone-preference',
      ],
    },
    connectMs: { says: 'Until connected, in ms.', elsewhere: ['ribbon.ConnectTimeout'] },
    headersMs: { says: 'Until an attempt has response headers, in ms.', elsewhere: ['ribbon.ReadTimeout'] },
    bodyIdleMs: { says: 'Longest silence while a response body comes, in ms.', elsewhere: ['ribbon.ReadTimeout'] },
    totalMs: { says: 'Until the caller has response headers, retries included, in ms.' },
    retry: {
      says: 'When a call is sent again, or `false`: the table below.',
      default: 'as below',
      elsewhere: ['spring.cloud.loadbalancer.retry.enabled'],
    },
    breaker: { says: 'When an instance is left out, or `false`: the table below.', default: 'as below' },
    protocol: { says: 'Which of the ports of an instance is called.', elsewhere: ['ribbon.IsSecure'] },
    connections: { says: 'Open to one instance at most.', elsewhere: ['ribbon.MaxConnectionsPerHost'] },
    fallback: { says: 'Answers a call that failed, or leaves it failed by `undefined`.', default: 'none' },
  },
  RetryOptions: {
    attempts: {
      says: 'Sent in total, each on another instance. What was never sent (a refused connection) does not count.',
      elsewhere: [
        'ribbon.MaxAutoRetriesNextServer',
        'spring.cloud.loadbalancer.retry.max-retries-on-next-service-instance',
      ],
    },
    statuses: {
      says: 'Answers that are asked for again elsewhere.',
      elsewhere: ['spring.cloud.loadbalancer.retry.retryable-status-codes'],
    },
    methods: {
      says: 'That may be sent twice. Others are repeated only if nothing was sent, or if the call says `idempotent: true`.',
      elsewhere: ['ribbon.OkToRetryOnAllOperations', 'spring.cloud.loadbalancer.retry.retry-on-all-operations'],
    },
    budgetShare: { says: 'Retries for each success, 0 to 1: in a total outage, retries must not double the load.' },
    maxReplayBytes: { says: 'Of a request body that are kept to be sent again.' },
  },
  BreakerOptions: {
    minCalls: { says: 'In 10 s, before the share of failures is judged.' },
    failureShare: { says: 'Of failed attempts in 10 s at which an instance is left out, 0 to 1.' },
    consecutive: {
      says: 'Failures in a row at which an instance is left out. Refused connections need two.',
      elsewhere: ['niws.loadbalancer.<client>.connectionFailureCountThreshold'],
    },
    baseEjectMs: {
      says: 'First time out, in ms; it grows with each time, and ends with one call that probes.',
      elsewhere: ['niws.loadbalancer.<client>.circuitTripTimeoutFactorSeconds'],
    },
    maxEjectMs: {
      says: 'Longest time out, in ms.',
      elsewhere: ['niws.loadbalancer.<client>.circuitTripMaxTimeoutSeconds'],
    },
    isFailure: { says: 'What counts as a failure of the instance.', default: 'no answer, 502, 503, 504' },
  },
  RegistrationOptions: {
    app: {
      says: 'Name of the service.',
      default: 'the name in package.json',
      elsewhere: ['spring.application.name', 'js: instance.app'],
    },
    port: {
      says: 'Where it listens; `registerServer` finds it.',
      elsewhere: ['eureka.instance.non-secure-port', 'js: instance.port'],
    },
    securePort: { says: 'The same with TLS.', default: 'none', elsewhere: ['eureka.instance.secure-port'] },
    address: {
      says: 'At which others reach us.',
      default:
        'what the server is bound to, `HEUREKA_ADDRESS`, `POD_IP`, `HOST_IP` and the like, what routes to the registry, the first real interface',
      elsewhere: ['eureka.instance.ip-address', 'js: instance.ipAddr'],
    },
    preferredNetworks: {
      says: 'Networks (`10.0.0.0/8`) or beginnings of an address (`192.168.`), best first.',
      default: 'none',
      elsewhere: ['spring.cloud.inetutils.preferred-networks'],
    },
    ignoredInterfaces: {
      says: 'Names, `*` for any characters (`docker*`).',
      default: 'none',
      elsewhere: ['spring.cloud.inetutils.ignored-interfaces'],
    },
    hostname: {
      says: 'Shown beside the address.',
      default: 'the address',
      elsewhere: ['eureka.instance.hostname', 'js: instance.hostName'],
    },
    instanceId: {
      says: 'Unique in its application.',
      default: '`address:app:port`, and the number of a cluster worker',
      elsewhere: ['eureka.instance.instance-id', 'js: instance.instanceId'],
    },
    vip: {
      says: 'Virtual name by which Eureka clients look it up.',
      default: 'the application',
      elsewhere: ['eureka.instance.virtual-host-name', 'js: instance.vipAddress'],
    },
    secureVip: {
      says: 'The same with TLS.',
      default: 'the application',
      elsewhere: ['eureka.instance.secure-virtual-host-name'],
    },
    metadata: {
      says: 'Text by name; `weight` and `zone` mean something to callers.',
      default: 'none',
      elsewhere: ['eureka.instance.metadata-map', 'js: instance.metadata'],
    },
    zone: {
      says: 'Of this instance.',
      default: 'that of the discovery',
      elsewhere: ['eureka.instance.metadata-map.zone'],
    },
    status: { says: 'To begin with.', elsewhere: ['eureka.instance.initial-status'] },
    heartbeatMs: {
      says: 'Pause between two heartbeats, in ms, 50 or more and less than the lease.',
      elsewhere: ['eureka.instance.lease-renewal-interval-in-seconds', 'js: eureka.heartbeatInterval'],
    },
    leaseMs: {
      says: 'How long the registry waits for a heartbeat, in ms, whole seconds.',
      elsewhere: ['eureka.instance.lease-expiration-duration-in-seconds', 'js: instance.leaseInfo.durationInSecs'],
    },
    health: {
      says: 'Asked before each heartbeat: the status to announce, or whether it is UP.',
      default: 'UP',
      elsewhere: ['eureka.client.healthcheck.enabled'],
    },
    drain: {
      says: '`propagationMs`: how long we serve on once callers are told; `inflightMs`: how long requests on their way may take.',
      default: '`{pushedPropagationMs}` where the registry pushes, else `{polledPropagationMs}`; `{inflightMs}`',
      elsewhere: ['spring.lifecycle.timeout-per-shutdown-phase'],
    },
    signals: { says: 'On which we drain; the process then ends as it would have. `false`: none.' },
  },
};
