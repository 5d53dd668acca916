/** `heureka-server` as a library: a registry in your own process. */
export type { Log } from './observe/log.ts';
export { OPTION_TABLE, type OptionRow } from './option-table.ts';
export { type OptionProblem, OptionsError, type ServerOptions } from './options.ts';
export { createRegistryServer, type RegistryServer, type RegistryServerOptions } from './server.ts';
export { StartError } from './server-parts.ts';
