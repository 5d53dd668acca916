/**
 * The 74 conformance cases of Eureka's protocol, as data. Each was run on a genuine Spring Cloud server; `recorded/` holds what it answered.
 * Where ours answers something else on purpose, the case or step names the deviation.
 */
import type { Case } from './case.ts';
import { CHANGES } from './cases-changes.ts';
import { READS } from './cases-reads.ts';
import { REST } from './cases-rest.ts';

export const CASES: readonly Case[] = [...READS, ...CHANGES, ...REST];
