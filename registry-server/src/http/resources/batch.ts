/**
 * Row 14 of the protocol: changes that another Eureka server made, many at once. Each item is a verb from a peer; items of one instance
 * keep their order, all others run beside each other, so that no batch waits for the store item by item (trap 12).
 */
import {
  DecodeError,
  decodeUnwrapped,
  encodeInstanceJson,
  type InstanceInfo,
  type InstanceStatus,
  isInstanceStatus,
  type Registration,
} from '@heureka/client-sdk/protocol';
import type { Answer } from '../../registry/registry.ts';
import type { RequestContext } from '../../registry/request-context.ts';
import { readText } from '../body.ts';
import type { Call } from '../call.ts';
import { tooMuch } from '../limits.ts';
import { CONTENT_TYPE, entityFormat, readableFormat } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { type Reply, textReply } from '../reply.ts';
import { long } from './instances.ts';
import { cannotParse } from './registrations.ts';

type Parts = Pick<ProtocolParts, 'registry' | 'xml' | 'validate' | 'limits'>;

/** Far above the 250 of a stock peer; a longer list is refused whole. */
const MAX_ITEMS = 10_000;
const ACTIONS = ['Heartbeat', 'Register', 'Cancel', 'StatusUpdate', 'DeleteStatusOverride'] as const;

interface Item {
  readonly action: (typeof ACTIONS)[number] | undefined;
  /** Upper-case. */
  readonly app: string | undefined;
  readonly id: string | undefined;
  readonly lastDirtyTimestamp: number | undefined;
  readonly status: string | undefined;
  readonly overriddenStatus: string | undefined;
  readonly instanceInfo: Registration | undefined;
}

interface ItemAnswer {
  readonly statusCode: number;
  readonly held?: InstanceInfo;
}

const FAILED: ItemAnswer = { statusCode: 500 };

export class BatchResource {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  readonly receive = async (call: Call): Promise<Reply> => {
    const format = readableFormat(call.header('content-type'));
    const text = await readText(call.request, this.#parts.limits.bodyLimit);
    if (format.is === 'xml') return cannotParse(format.label, 'a batch is JSON');
    let items: readonly Item[];
    try {
      items = this.#items(text);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return cannotParse(format.label, error.message);
    }
    const answers = await this.#apply(call, items);
    return (entityFormat(call.header('accept')) ?? 'xml') === 'json'
      ? textReply(200, this.#jsonList(answers), CONTENT_TYPE.json)
      : textReply(200, this.#xmlList(answers), CONTENT_TYPE.xml);
  };

  #items(text: string): readonly Item[] {
    let root: unknown;
    try {
      root = JSON.parse(text);
    } catch (error) {
      throw new DecodeError('', 'is no JSON', { cause: error });
    }
    const list = isObject(root) ? root['replicationList'] : undefined;
    if (!Array.isArray(list)) throw new DecodeError('replicationList', 'must be a list');
    if (list.length > MAX_ITEMS) throw new DecodeError('replicationList', `has more than ${MAX_ITEMS} items`);
    return list.map((item: unknown, index) => this.#item(item, `replicationList[${index}]`));
  }

  #item(item: unknown, path: string): Item {
    if (!isObject(item)) throw new DecodeError(path, 'must be an object');
    const action = text(item['action'], `${path}.action`);
    if (action !== undefined && !isAction(action)) throw new DecodeError(`${path}.action`, 'is no action');
    return {
      action,
      app: text(item['appName'], `${path}.appName`)?.toUpperCase(),
      id: text(item['id'], `${path}.id`),
      lastDirtyTimestamp: timestamp(item['lastDirtyTimestamp'], `${path}.lastDirtyTimestamp`),
      status: text(item['status'], `${path}.status`),
      overriddenStatus: text(item['overriddenStatus'], `${path}.overriddenStatus`),
      instanceInfo: instance(item['instanceInfo'], `${path}.instanceInfo`),
    };
  }

  async #apply(call: Call, items: readonly Item[]): Promise<readonly ItemAnswer[]> {
    // No replication header comes with a batch: the endpoint implies it.
    const context: RequestContext = {
      principal: call.principal,
      address: call.address,
      requestId: call.requestId,
      replication: true,
    };
    const last = new Map<string, Promise<ItemAnswer>>();
    return Promise.all(
      items.map((item) => {
        const key = `${item.app}\n${item.id}`;
        const before = last.get(key);
        const answer = before === undefined ? this.#one(context, item) : before.then(() => this.#one(context, item));
        last.set(key, answer);
        return answer;
      }),
    );
  }

  /** Never rejects: what goes wrong with one item is its own 500. */
  async #one(context: RequestContext, item: Item): Promise<ItemAnswer> {
    const { action, app, id } = item;
    if (action === undefined || !app || !id) return FAILED;
    try {
      const answer = await this.#verb(context, item, app, id);
      return answer === undefined ? FAILED : itemAnswer(answer);
    } catch {
      return FAILED;
    }
  }

  /** @returns undefined when the item lacks what its action needs */
  async #verb(context: RequestContext, item: Item, app: string, id: string): Promise<Answer | undefined> {
    const { registry } = this.#parts;
    const { lastDirtyTimestamp } = item;
    switch (item.action) {
      case 'Heartbeat':
        return registry.renew(context, app, id, {
          lastDirtyTimestamp,
          overriddenStatus: known(item.overriddenStatus),
        });
      case 'Cancel':
        return registry.cancel(context, app, id);
      case 'StatusUpdate': {
        const status = known(item.status);
        if (status === undefined) return this.#unlessUnknown(app, id);
        return registry.overrideStatus(context, app, id, status, lastDirtyTimestamp);
      }
      case 'DeleteStatusOverride': {
        const status = item.status === undefined ? 'UNKNOWN' : known(item.status);
        if (status === undefined) return this.#unlessUnknown(app, id);
        return registry.clearOverride(context, app, id, status, lastDirtyTimestamp);
      }
      case 'Register': {
        const info = item.instanceInfo;
        if (info === undefined) return undefined;
        // The instance's own id counts, not the item's; what is invalid, another application too, is swallowed: both as in stock.
        const wrong = this.#parts.validate(info, app) ?? tooMuch(info, this.#parts.limits);
        return wrong === undefined ? registry.register(context, info) : { is: 'done' };
      }
      case undefined:
        return undefined;
    }
  }

  /** A bad status is looked at only where there is somebody to have it, as in stock: of nobody it is 404. */
  async #unlessUnknown(app: string, id: string): Promise<Answer | undefined> {
    const held = await this.#parts.registry.instance(app, id);
    return held === undefined ? { is: 'unknown', reason: 'no such instance' } : undefined;
  }

  #jsonList(answers: readonly ItemAnswer[]): string {
    const items = answers.map(({ statusCode, held }) => {
      if (held === undefined) return `{"statusCode":${statusCode}}`;
      // Unwrapped, unlike everywhere else.
      return `{"statusCode":${statusCode},"responseEntity":${encodeInstanceJson(held)}}`;
    });
    return `{"responseList":[${items.join(',')}]}`;
  }

  #xmlList(answers: readonly ItemAnswer[]): string {
    const items = answers.map(({ statusCode, held }) => {
      const entity =
        held === undefined
          ? ''
          : `<responseEntity class="instance">${this.#parts.xml
              .encode(held)
              .trim()
              .replace(/^<instance>|<\/instance>$/g, '')}</responseEntity>`;
      return `<${PROTOCOL}.ReplicationInstanceResponse><statusCode>${statusCode}</statusCode>${entity}</${PROTOCOL}.ReplicationInstanceResponse>`;
    });
    const list = `<responseList>${items.join('')}</responseList>`;
    return `<${PROTOCOL}.ReplicationListResponse>${list}</${PROTOCOL}.ReplicationListResponse>`;
  }
}

const PROTOCOL = 'com.netflix.eureka.cluster.protocol';

function itemAnswer(answer: Answer): ItemAnswer {
  switch (answer.is) {
    case 'done':
      return { statusCode: 200 };
    case 'unknown':
      return { statusCode: 404 };
    case 'conflict':
      return { statusCode: 409, held: answer.held };
    case 'unavailable':
    case 'full':
      return { statusCode: 503 };
  }
}

/** Unwrapped as stock sends it; with a wrapper too, which stock misreads as two items. */
function instance(value: unknown, path: string): Registration | undefined {
  if (value === undefined || value === null) return undefined;
  const wrapped = isObject(value) && isObject(value['instance']) && value['app'] === undefined;
  return decodeUnwrapped(wrapped ? value['instance'] : value, path);
}

function known(status: string | undefined): InstanceStatus | undefined {
  return status !== undefined && isInstanceStatus(status) ? status : undefined;
}

function isAction(text: string): text is (typeof ACTIONS)[number] {
  return (ACTIONS as readonly string[]).includes(text);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new DecodeError(path, 'must be text');
}

function timestamp(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'number' ? Math.trunc(value) : typeof value === 'string' ? long(value) : undefined;
  if (number === undefined) throw new DecodeError(path, 'must be a whole number');
  return number;
}
