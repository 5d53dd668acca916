/**
 * The live picture as lines of styled text: a pure function of what is known at one moment and of the terminal's size. It knows nothing of
 * escape codes (`ansi.ts`) or of where facts come from (`facts.ts`).
 */
import type { Target } from '../targets.ts';

export type Style = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'title';
export interface Segment {
  readonly text: string;
  readonly style: Style;
}
export type Line = readonly Segment[];

export interface InstanceFacts {
  readonly name: string;
  readonly zone: string;
  /** What was done to it. */
  readonly process: 'up' | 'slow' | 'answers 503' | 'killed';
  /** The caller's registry list has it as UP. */
  readonly isListed: boolean;
  readonly health: 'healthy' | 'ejected' | 'probing' | undefined;
  readonly breaker: 'closed' | 'open' | 'half-open' | undefined;
  readonly inflight: number;
  readonly latencyMs: number;
  /** Of the calls answered in the last seconds, 0 to 1. */
  readonly share: number;
}

export interface LogLine {
  /** ms since the demo began. */
  readonly at: number;
  readonly who: 'demo' | 'caller' | 'you';
  readonly text: string;
}

export interface Facts {
  /** ms since the demo began. */
  readonly at: number;
  /** Counted from 1; `number` 0: not begun. */
  readonly act: { readonly number: number; readonly of: number; readonly title: string };
  readonly callsPerSecond: number;
  readonly calls: number;
  readonly failed: number;
  /** In the last seconds, in ms. */
  readonly slowestMs: number;
  /** 0 to 1. */
  readonly crossZoneShare: number;
  readonly registry: {
    readonly process: string;
    readonly mode: string;
    readonly ageMs: number;
    readonly isStale: boolean;
  };
  readonly instances: readonly InstanceFacts[];
  readonly selected: Target;
  readonly log: readonly LogLine[];
}

/** Of the terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const BAR_CELLS = 20;
const HEALTH_STYLES = { healthy: 'good', ejected: 'bad', probing: 'warn' } as const;
const BREAKER_STYLES = { closed: 'good', open: 'bad', 'half-open': 'warn' } as const;
const HELP: readonly string[] = [
  'pick   1-6 an instance   a b a zone   r the registry   (or the arrow keys)',
  'then   k kill -9   s slow   x break   h heal (goes on by SIGCONT, or is started again)   q quit',
];

/** As many lines as fit: when the terminal is short, the log gives way first. */
export function frame(facts: Facts, { rows }: Size): readonly Line[] {
  const head = [...title(facts), [], ...figures(facts), [], ...table(facts), ...groups(facts), []];
  const help = [[], ...HELP.map((text) => [dim(text)])];
  const room = Math.max(0, rows - head.length - help.length);
  return [...head, ...log(facts, room), ...help].slice(0, rows);
}

function title({ at, act }: Facts): Line[] {
  const where = act.number === 0 ? 'starting' : `event ${act.number} of ${act.of}`;
  return [[styled('title', ' Heureka failover demo '), dim(`  ${seconds(at)}  ${where}`)], [styled('bold', act.title)]];
}

function figures({ callsPerSecond, calls, failed, slowestMs, crossZoneShare, registry }: Facts): Line[] {
  const age = registry.isStale ? 'stale, ' : '';
  return [
    [dim('calls a second   calls   failed   slowest   cross-zone   the list of instances')],
    [
      styled('bold', callsPerSecond.toFixed(0).padStart(14)),
      plain(String(calls).padStart(8)),
      styled(failed === 0 ? 'good' : 'bad', String(failed).padStart(9)),
      plain(`${slowestMs.toFixed(0)} ms`.padStart(10)),
      plain(percent(crossZoneShare).padStart(13)),
      plain(`   by ${registry.mode}, ${age}${seconds(registry.ageMs)} old`),
    ],
  ];
}

function table({ instances, selected }: Facts): Line[] {
  const head = `   instance   zone     process       listed   health    breaker     in flight   latency   answered (last 2 s)`;
  return [[dim(head)], ...instances.map((row, index) => instanceLine(row, index, isSelected(selected, row.name)))];
}

function instanceLine(row: InstanceFacts, index: number, isPicked: boolean): Line {
  const alive = row.process === 'up' ? 'good' : row.process === 'killed' ? 'bad' : 'warn';
  const health = row.health === undefined ? 'dim' : HEALTH_STYLES[row.health];
  const breaker = row.breaker === undefined ? 'dim' : BREAKER_STYLES[row.breaker];
  return [
    pick(isPicked),
    plain(`${index + 1} ${row.name}`.padEnd(11)),
    dim(row.zone.padEnd(9)),
    styled(alive, row.process.padEnd(14)),
    row.isListed ? plain('yes      ') : dim('no       '),
    styled(health, (row.health ?? '-').padEnd(10)),
    styled(breaker, (row.breaker ?? '-').padEnd(12)),
    plain(String(row.inflight).padStart(9)),
    plain((row.health === undefined ? '-' : `${row.latencyMs.toFixed(0)} ms`).padStart(10)),
    plain('   '),
    styled('good', '█'.repeat(Math.round(row.share * BAR_CELLS))),
    plain(` ${percent(row.share)}`),
  ];
}

/** Zones and the registry: picked like instances. */
function groups({ instances, registry, selected }: Facts): Line[] {
  const zones = [...new Set(instances.map(({ zone }) => zone))];
  const lines = zones.map((zone): Line => {
    const own = instances.filter((instance) => instance.zone === zone);
    const alive = own.filter(({ process }) => process !== 'killed').length;
    const share = own.reduce((sum, instance) => sum + instance.share, 0);
    return [
      pick(isSelected(selected, zone)),
      plain(`${zone.at(-1)} ${zone}`.padEnd(20)),
      styled(
        alive === own.length ? 'good' : alive === 0 ? 'bad' : 'warn',
        `${alive} of ${own.length} alive`.padEnd(14),
      ),
      plain(`${percent(share)} of the answers`),
    ];
  });
  const style = registry.process === 'up' ? 'good' : registry.process === 'killed' ? 'bad' : 'warn';
  return [
    ...lines,
    [pick(isSelected(selected, 'registry')), plain('r registry'.padEnd(20)), styled(style, registry.process)],
  ];
}

function log({ log }: Facts, room: number): Line[] {
  const shown = room === 0 ? [] : log.slice(-room);
  const lines = shown.map(({ at, who, text }): Line => {
    const style = who === 'caller' ? 'plain' : who === 'you' ? 'warn' : 'bold';
    return [dim(`${seconds(at).padStart(7)}  ${who.padEnd(7)}`), styled(style, text)];
  });
  return [...lines, ...Array.from({ length: room - lines.length }, (): Line => [])];
}

function isSelected({ name }: Target, candidate: string): boolean {
  return name === candidate;
}

function pick(isPicked: boolean): Segment {
  return isPicked ? styled('warn', ' > ') : plain('   ');
}

function styled(style: Style, text: string): Segment {
  return { text, style };
}

function plain(text: string): Segment {
  return styled('plain', text);
}

function dim(text: string): Segment {
  return styled('dim', text);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** @param share - 0 to 1 */
function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
