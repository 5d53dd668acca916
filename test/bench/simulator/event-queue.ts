/** What will happen, in order of time: a binary heap. Of two events at one time, the one planned first comes first. */
interface Planned {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

export class EventQueue {
  now = 0;
  readonly #heap: Planned[] = [];
  #order = 0;

  after(ms: number, happen: () => void): void {
    const planned: Planned = { at: this.now + ms, order: this.#order++, happen };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(planned);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = planned;
  }

  /** Lets happen what is due until `end`, and moves time there. */
  runUntil(end: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end) {
      const next = this.#shift();
      this.now = next.at;
      next.happen();
    }
    this.now = end;
  }

  #shift(): Planned {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
