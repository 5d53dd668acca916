/**
 * A registry for tests: Eureka's rules for one id after the other (versions, overrides, who wins), answers after a while by the clock, and whatever
 * trouble a test asks for. It notes every request, and how many were on their way at once.
 */
import { RegistryError } from '../errors.ts';
import { effectiveId, type InstanceInfo, type InstanceStatus } from '../protocol/instance-info.ts';
import type { Listed, RegistryApi, StreamEnd } from '../registry-api/registry-api.ts';
import type { Clock } from '../runtime/clock.ts';

export interface FakeRecord {
  info: InstanceInfo;
  override: InstanceStatus | undefined;
}

/** `lost`: done, but the answer never comes. `hang`: neither, until it is aborted. */
export type Trouble = 'none' | 'refused' | 'lost' | 'hang';

export class FakeEureka implements RegistryApi {
  readonly server = 'http://registry';
  readonly records = new Map<string, FakeRecord>();
  /** Such as `register UP`, `beat`, `override OUT_OF_SERVICE`, `clear`, `compare`, `cancel`. */
  readonly calls: string[] = [];
  /** Requests on their way. */
  underway = 0;
  mostUnderway = 0;
  latencyMs = 10;
  trouble: (call: string) => Trouble = () => 'none';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  register(info: InstanceInfo, signal?: AbortSignal): Promise<void> {
    return this.#ask(`register ${info.status}`, signal, () => {
      const id = effectiveId(info);
      const held = this.records.get(id);
      if (held !== undefined && (held.info.lastDirtyTimestamp ?? 0) > (info.lastDirtyTimestamp ?? 0)) return;
      const status = ruled(info.status, held);
      this.records.set(id, { info: { ...info, status }, override: held?.override });
    });
  }

  renew(
    _app: string,
    id: string,
    _status: InstanceStatus,
    version: number,
    signal?: AbortSignal,
  ): Promise<'renewed' | 'unknown'> {
    return this.#ask('beat', signal, () => {
      const held = this.records.get(id);
      return held === undefined || version > (held.info.lastDirtyTimestamp ?? 0) ? 'unknown' : 'renewed';
    });
  }

  cancel(_app: string, id: string, signal?: AbortSignal): Promise<void> {
    return this.#ask('cancel', signal, () => void this.records.delete(id));
  }

  override(
    _app: string,
    id: string,
    status: InstanceStatus | undefined,
    signal?: AbortSignal,
  ): Promise<'done' | 'unknown'> {
    return this.#ask(status === undefined ? 'clear' : `override ${status}`, signal, () => {
      const held = this.records.get(id);
      if (held === undefined) return 'unknown';
      if (status === undefined) {
        if (held.override !== undefined) held.info = { ...held.info, status: 'UP' };
        held.override = undefined;
      } else if (held.info.status !== status) {
        held.info = { ...held.info, status };
        held.override = status;
      }
      return 'done';
    });
  }

  instance(_app: string, id: string, signal?: AbortSignal): Promise<InstanceInfo | undefined> {
    return this.#ask('compare', signal, () => {
      const held = this.records.get(id);
      return held && { ...held.info, overriddenStatus: held.override ?? 'UNKNOWN' };
    });
  }

  all(): Promise<Listed> {
    return Promise.reject(new Error('no lists here'));
  }
  delta(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  app(): Promise<Listed> {
    return this.all();
  }
  since(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  stream(): Promise<StreamEnd> {
    return Promise.resolve('lost');
  }
  moveOn(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }

  #ask<T>(call: string, signal: AbortSignal | undefined, act: () => T): Promise<T> {
    this.calls.push(call);
    this.underway++;
    this.mostUnderway = Math.max(this.mostUnderway, this.underway);
    const trouble = this.trouble(call);
    return new Promise<T>((resolve, reject) => {
      const fail = (): void => reject(new RegistryError('ERR_REGISTRY_UNAVAILABLE', `${call}: refused`, this.server));
      const timer = this.#clock.after(this.latencyMs, () => {
        if (trouble === 'hang') return;
        if (trouble === 'refused') fail();
        else {
          const answer = act();
          if (trouble === 'lost') fail();
          else resolve(answer);
        }
      });
      signal?.addEventListener('abort', () => {
        timer.cancel();
        reject(signal.reason);
      });
    }).finally(() => {
      this.underway--;
    });
  }
}

/** @see Netflix eureka `DownOrStartingRule`, `OverrideExistsRule`, `LeaseExistsRule` */
function ruled(status: InstanceStatus, held: FakeRecord | undefined): InstanceStatus {
  if (status !== 'UP' && status !== 'OUT_OF_SERVICE') return status;
  if (held?.override !== undefined) return held.override;
  const shown = held?.info.status;
  return shown === 'UP' || shown === 'OUT_OF_SERVICE' ? shown : status;
}
