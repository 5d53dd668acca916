/**
 * The history that this node follows: where it stands in it, the changes that wait for their turn, and the holds that run. The replica changes
 * through here alone while the store is followed, strictly in version order.
 */
import type { Replica } from '../replica/replica.ts';
import { WaitingRoom } from '../replica/waiting-room.ts';
import type { Change, Hold, Position } from '../store/registry-store.ts';
import type { Joined } from './join-store.ts';
import type { StoreTime } from './store-time.ts';

/** A hold was placed, moved or ended. */
export type HoldChange = Extract<Change, { readonly kind: 'hold' | 'release' }>;

export class Course {
  readonly #replica: Replica;
  readonly #time: StoreTime;
  readonly #onHold: (change: HoldChange) => void;
  #position: Position | undefined;
  #room: WaitingRoom | undefined;
  #holds = new Map<string, Hold>();

  constructor(replica: Replica, time: StoreTime, onHold: (change: HoldChange) => void) {
    this.#replica = replica;
    this.#time = time;
    this.#onHold = onHold;
  }

  /** Undefined until the first load. */
  get position(): Position | undefined {
    return this.#position;
  }

  get holds(): readonly Hold[] {
    return [...this.#holds.values()];
  }

  get held(): boolean {
    return this.#holds.size > 0;
  }

  /** Goes on from what a load and join brought. */
  begin({ content, position, recent, holds }: Joined): void {
    this.#replica.replace(content, { epoch: position.epoch, version: position.version }, recent);
    this.#position = position;
    this.#holds = new Map(holds.map((hold) => [hold.group, hold]));
    this.#room = new WaitingRoom(position.version, (change) => this.#apply(change));
  }

  admit(change: Change): void {
    this.#room!.admit(change);
  }

  /** Resolves once the replica shows this change, whichever source brings it first (F7). */
  async applied(change: Change): Promise<void> {
    const room = this.#room!;
    room.admit(change);
    await room.turnOf(change.version);
  }

  #apply(change: Change): void {
    this.#replica.apply(change, this.#time.moment);
    this.#position = { epoch: this.#position!.epoch, version: change.version, token: change.token };
    if (change.kind !== 'hold' && change.kind !== 'release') return;
    if (change.kind === 'hold') this.#holds.set(change.hold.group, change.hold);
    else this.#holds.delete(change.hold.group);
    this.#onHold(change);
  }
}
