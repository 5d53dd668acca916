/**
 * What stock Eureka was measured to need for the same events, cited beside ours: `docs/stock-eureka-measured.md` has all figures and how they
 * were taken. It is not run in the demo: nobody would wait for it.
 */
export const STOCK = {
  server: 'Spring Boot 3.5.7, Spring Cloud 2025.0.0, default settings',
  measured: 'November 2026',
  /** kill -9 until out of the server's list: lease 30/90, self-preservation off, n = 6. */
  killed: '170-222 s',
  /** Until a client that polls every 30 s has a change. */
  started: '0-60 s',
  /** A registry knows statuses, not latencies or answers. */
  unseen: 'does not see it',
  /** What a server that starts without peers serves at once. */
  restarted: 'an empty list',
} as const;

export const STOCK_NOTE = [
  `Stock Eureka: ${STOCK.server}, measured in ${STOCK.measured}:`,
  'docs/stock-eureka-measured.md. A killed instance stays listed for that long with self-preservation off; with it on',
  '(the default), the only instance of a service was still listed after 775 s.',
].join('\n');
