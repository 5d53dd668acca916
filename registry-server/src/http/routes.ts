/** Every protocol path of this registry, on one screen. Each stands under both base paths; rows are those of Eureka's resource index. */
import type { Clock } from '@heureka/client-sdk/runtime';
import type { ProtocolParts } from './parts.ts';
import { AboutResource } from './resources/about.ts';
import { BatchResource } from './resources/batch.ts';
import { InstanceResource } from './resources/instances.ts';
import { ListResource } from './resources/lists.ts';
import { RegistrationResource } from './resources/registrations.ts';
import { StreamResource } from './resources/stream.ts';
import type { Route } from './router.ts';

/** Spring's clients use the first, Netflix's own the second. */
export const BASE_PATHS: readonly string[] = ['eureka', 'eureka/v2'];

export function protocolRoutes(parts: ProtocolParts & { readonly clock: Clock }): readonly Route[] {
  const registrations = new RegistrationResource(parts);
  const instance = new InstanceResource(parts);
  const lists = new ListResource(parts);
  const batch = new BatchResource(parts);
  const about = new AboutResource(parts);
  const stream = new StreamResource(parts);
  return [
    { path: 'apps', methods: { GET: lists.all } },
    { path: 'apps/delta', methods: { GET: lists.delta } },
    { path: 'apps/:app', methods: { GET: lists.app, POST: registrations.register } },
    { path: 'apps/:app/:id', methods: { GET: instance.one, PUT: instance.renew, DELETE: instance.cancel } },
    { path: 'apps/:app/:id/status', methods: { PUT: instance.setStatus, DELETE: instance.clearStatus } },
    { path: 'apps/:app/:id/metadata', methods: { PUT: instance.addMetadata } },
    { path: 'instances/:id', methods: { GET: instance.byId } },
    { path: 'vips/:vip', methods: { GET: lists.vip } },
    { path: 'svips/:vip', methods: { GET: lists.secureVip } },
    { path: 'peerreplication/batch', methods: { POST: batch.receive } },
    { path: 'asg/:name/status', methods: { PUT: about.autoscalingGroup } },
    { path: 'status', methods: { GET: about.status } },
    { path: 'serverinfo/statusoverrides', methods: { GET: about.statusOverrides } },
    { path: 'lastn', methods: { GET: about.lastN } },
    { path: 'stream', methods: { GET: stream.open }, anyType: true },
  ];
}
