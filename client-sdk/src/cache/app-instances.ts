/** The instances of one application: those that the source lists, and those in doubt. An id is in one of the two only. */
import type { Instance } from '../api.ts';

export interface Doubt {
  readonly instance: Instance;
  /** Monotonic ms. */
  readonly since: number;
  /** When the source last had it in its list, in monotonic ms. */
  readonly listedAt: number;
  /** Read from disk: it lasts until the first answer only. */
  readonly fromDisk: boolean;
}

export class AppInstances {
  readonly listed = new Map<string, Instance>();
  readonly doubted = new Map<string, Doubt>();

  /** Of either kind. */
  get(id: string): Instance | undefined {
    return this.listed.get(id) ?? this.doubted.get(id)?.instance;
  }

  get isEmpty(): boolean {
    return this.listed.size === 0 && this.doubted.size === 0;
  }
}
