/** The part of eureka-js-client 4.5 that the example uses; it ships no types. */
declare module 'eureka-js-client' {
  export interface EurekaJsConfig {
    readonly instance: {
      readonly app: string;
      readonly instanceId: string;
      readonly hostName: string;
      readonly ipAddr: string;
      readonly port: { readonly $: number; readonly '@enabled': boolean };
      readonly vipAddress: string;
      readonly dataCenterInfo: { readonly '@class': string; readonly name: string };
    };
    readonly eureka: {
      readonly host: string;
      readonly port: number;
      readonly servicePath: string;
      /** Ms. */
      readonly heartbeatInterval: number;
      /** Ms. */
      readonly registryFetchInterval: number;
      readonly maxRetries: number;
      /** Ms. */
      readonly requestRetryDelay: number;
    };
  }

  export interface EurekaJsInstance {
    readonly status: string;
    readonly ipAddr: string;
    readonly port: { readonly $: number };
  }

  export class Eureka {
    readonly logger: { level(level: number): void };
    constructor(config: EurekaJsConfig);
    start(done: (error?: Error) => void): void;
    stop(done: () => void): void;
    /** Instances that are UP. */
    getInstancesByAppId(app: string): readonly EurekaJsInstance[];
  }
}
