/** Answers that may be asked for again, bounded in bytes: those not asked for the longest go first. */

interface Weighed {
  /** In bytes. */
  readonly length: number;
}

export class AnswerCache<T extends Weighed> {
  readonly #limit: number;
  /** Least recently asked for first. */
  readonly #answers = new Map<string, T>();
  #bytes = 0;

  /** @param limit - in bytes; one answer may take all of it, and a larger one is not kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): T | undefined {
    const answer = this.#answers.get(key);
    if (answer !== undefined) {
      this.#answers.delete(key);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  set(key: string, answer: T): void {
    this.#remove(key);
    if (weight(key, answer) > this.#limit) return;
    this.#answers.set(key, answer);
    this.#bytes += weight(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= this.#limit) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#answers.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const answer = this.#answers.get(key);
    if (answer === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= weight(key, answer);
  }
}

/** With what an entry costs beside its bytes. */
function weight(key: string, answer: Weighed): number {
  return key.length + answer.length + 200;
}
