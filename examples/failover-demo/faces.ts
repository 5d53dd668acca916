/** How the demo shows itself: as a live picture in a terminal, or as plain lines anywhere else. */
import { setInterval as every } from 'node:timers';
import type { Traffic } from '../support/traffic.ts';
import type { FactsReader } from './live/facts.ts';
import { type Facts, frame, type LogLine } from './live/frame.ts';
import { meaning } from './live/keys.ts';
import { Terminal } from './live/terminal.ts';
import { type Stage, ZONES } from './stage.ts';
import { act, type Target } from './targets.ts';

export interface Face {
  say(who: LogLine['who'], text: string): void;
  /** The event that is on now. */
  event(act: Facts['act']): void;
  /** Calls have begun. */
  show(traffic: Traffic, facts: FactsReader): void;
  /** Shows no more; what is written then comes after. */
  close(): void;
}

const REPORT_MS = 2_000;

/** One line for each thing that happens, and one every two seconds on how the calls fare. */
export class PlainFace implements Face {
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** @param now - ms since the demo began */
  constructor(now: () => number) {
    this.#now = now;
  }

  say(who: LogLine['who'], text: string): void {
    const indent = who === 'caller' ? '  caller: ' : '';
    console.log(`${(this.#now() / 1_000).toFixed(1).padStart(5)} s  ${indent}${text}`);
  }

  event({ title }: Facts['act']): void {
    this.say('demo', title);
  }

  show(traffic: Traffic, facts: FactsReader): void {
    this.#timer = every(() => {
      const { callsPerSecond, failed, instances } = facts.read(traffic.now());
      const shares = instances
        .filter(({ share }) => share > 0)
        .map(({ name, share }) => `${name} ${Math.round(100 * share)} %`);
      const by = shares.join(', ') || 'nobody';
      this.say('demo', `  ${callsPerSecond.toFixed(0)} calls a second, ${failed} failed so far; answered by ${by}`);
    }, REPORT_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const FRAME_MS = 200;
const LOG_LINES = 100;

/** The picture, and the keys by which a person takes part. */
export class LiveFace implements Face {
  readonly #now: () => number;
  readonly #stage: Stage;
  readonly #ended: (how: 'quit' | 'interrupt') => void;
  readonly #terminal = new Terminal(process.stdin, process.stdout, (key) => this.#press(key));
  readonly #targets: readonly Target[];
  readonly #log: LogLine[] = [];
  #picked: Target;
  #act: Facts['act'] = { number: 0, of: 0, title: '' };
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param now - ms since the demo began
   * @param ended - hears that the person wants no more
   */
  constructor(now: () => number, stage: Stage, ended: (how: 'quit' | 'interrupt') => void) {
    this.#now = now;
    this.#stage = stage;
    this.#ended = ended;
    this.#targets = [
      ...stage.actors.map(({ name }): Target => ({ is: 'instance', name })),
      ...ZONES.map((name): Target => ({ is: 'zone', name })),
      { is: 'registry', name: 'registry' },
    ];
    this.#picked = this.#targets[0]!;
    this.#terminal.open();
    this.#terminal.draw([[{ text: 'A registry and six instances are being started ...', style: 'dim' }]]);
  }

  say(who: LogLine['who'], text: string): void {
    this.#log.push({ at: this.#now(), who, text });
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }

  event(act: Facts['act']): void {
    this.#act = act;
    this.say('demo', act.title);
  }

  show(traffic: Traffic, facts: FactsReader): void {
    this.#timer = every(() => {
      const { size } = this.#terminal;
      const known = facts.read(traffic.now());
      const picture = { ...known, at: this.#now(), act: this.#act, selected: this.#picked, log: this.#log };
      this.#terminal.draw(frame(picture, size));
    }, FRAME_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#terminal.close();
  }

  #press(key: string): void {
    const said = meaning(key, this.#targets, this.#picked);
    if (said.is === 'pick') this.#picked = said.target;
    if (said.is === 'quit' || said.is === 'interrupt') this.#ended(said.is);
    if (said.is !== 'do') return;
    const { name } = this.#picked;
    this.say('you', `${said.deed} ${name}`);
    act(this.#stage, this.#picked, said.deed).catch((error: Error) => this.say('demo', `${name}: ${error.message}`));
  }
}
