/**
 * The terminal while the picture is shown: another screen, no cursor, keys as they are pressed. However the process ends, short of kill -9,
 * the terminal is as it was before.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { painted } from './ansi.ts';
import type { Line, Size } from './frame.ts';
import { keysOf } from './keys.ts';

const OPEN = '\u001b[?1049h\u001b[?25l\u001b[2J';
const CLOSE = '\u001b[?25h\u001b[?1049l';

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #pressed: (key: string) => void;
  #isOpen = false;
  readonly #restore = (): void => this.close();
  readonly #read = (text: string): void => {
    for (const key of keysOf(text)) this.#pressed(key);
  };

  /** @param pressed - hears each key, Ctrl-C too */
  constructor(input: ReadStream, output: WriteStream, pressed: (key: string) => void) {
    this.#input = input;
    this.#output = output;
    this.#pressed = pressed;
  }

  get size(): Size {
    return { columns: this.#output.columns, rows: this.#output.rows };
  }

  open(): void {
    this.#isOpen = true;
    // An error that nobody caught ends the process too.
    process.once('exit', this.#restore);
    this.#input.setRawMode(true);
    this.#input.setEncoding('utf8').on('data', this.#read).resume();
    this.#output.write(OPEN);
  }

  draw(lines: readonly Line[]): void {
    if (this.#isOpen) this.#output.write(painted(lines, this.#output.columns));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.removeListener('exit', this.#restore);
    this.#output.write(CLOSE);
    this.#input.off('data', this.#read).pause();
    this.#input.setRawMode(false);
  }
}
