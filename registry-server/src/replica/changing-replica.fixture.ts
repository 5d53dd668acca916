/** A replica that is changed as a node would change it, and instances that look like those of a Spring service, for tests of what reads it. */
import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import { aRecord } from '../registry/records.fixture.ts';
import { instanceKey } from '../store/instance-key.ts';
import type { Change, ChangeBody } from '../store/registry-store.ts';
import { Replica } from './replica.ts';

const START = { epoch: 'e', version: 0 };
const AT = 1_700_000_000_000;

/** A replica with a change log of its own: what a node does when it follows its store. */
export class ChangingReplica {
  readonly replica = new Replica();
  /** All changes so far, oldest first. */
  readonly log: Change[] = [];
  /** Store time, epoch ms. */
  now = AT;

  constructor() {
    this.replica.replace([], START, []);
  }

  get version(): number {
    return this.log.length;
  }

  put(app: string, id: string, info: Partial<InstanceInfo> = {}): void {
    const key = instanceKey(app, id);
    this.#apply({ kind: 'put', key, record: aRecord({ ...info, app, instanceId: id }), why: 'register' });
  }

  remove(app: string, id: string): void {
    const key = instanceKey(app, id);
    const last = this.replica.entry(key)?.record;
    if (last !== undefined) this.#apply({ kind: 'remove', key, last, why: 'cancel', heard: 0, cancelledAt: this.now });
  }

  /** Another node, that loads what this one holds, in another order. */
  loaded(): Replica {
    const content = [...this.replica.entries()].reverse().map(({ served, record }) => ({
      key: served.key,
      record,
      revision: served.revision,
      heard: { lease: 0, at: this.now },
    }));
    const other = new Replica();
    other.replace(content, this.replica.cursor, this.log);
    return other;
  }

  #apply(body: ChangeBody): void {
    const version = this.version + 1;
    const by = { principal: 'anonymous', address: '10.0.0.9', node: 'n' };
    const change: Change = { ...body, version, token: `t${version}`, previous: `t${version - 1}`, at: this.now, by };
    this.log.push(change);
    this.replica.apply(change, { lease: 0, at: this.now });
  }
}

/** About 1.2 KB as JSON, its parts as alike as those of real ones. @param number - makes it its own */
export function springInfo(number: number): Partial<InstanceInfo> {
  const host = `10-${(number >> 16) & 255}-${(number >> 8) & 255}-${number & 255}.cluster.example.com`;
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  const random = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  return {
    hostName: host,
    ipAddr: address,
    port: { port: 8080 + (number % 7), enabled: true },
    homePageUrl: `http://${host}:8080/`,
    statusPageUrl: `http://${host}:8080/actuator/info`,
    healthCheckUrl: `http://${host}:8080/actuator/health`,
    vipAddress: `service-${number % 500}`,
    secureVipAddress: `service-${number % 500}`,
    metadata: {
      'management.port': '8080',
      zone: `eu-1${'abc'[number % 3]}`,
      commit: random.toString(16).padStart(8, '0'),
    },
    lastDirtyTimestamp: AT - (random % 100_000_000),
    lastUpdatedTimestamp: AT - (random % 100_000_000),
  };
}
