/** Paths below a server's base, as a client asks for them: names and ids percent-encoded, so that any character may stand in them. */
import type { InstanceStatus } from './instance-info.ts';

export const appsPath = (): string => '/apps/';
export const deltaPath = (): string => '/apps/delta';
export const appPath = (app: string): string => `/apps/${segment(app)}`;
export const instancePath = (app: string, id: string): string => `/apps/${segment(app)}/${segment(id)}`;
export const vipPath = (vip: string): string => `/vips/${segment(vip)}`;
export const secureVipPath = (vip: string): string => `/svips/${segment(vip)}`;
export const statusPath = (app: string, id: string): string => `${instancePath(app, id)}/status`;
export const metadataPath = (app: string, id: string): string => `${instancePath(app, id)}/metadata`;

/** `status` is read by no server, but every client sends it. */
export function heartbeatPath(app: string, id: string, status: InstanceStatus, lastDirtyTimestamp: number): string {
  return `${instancePath(app, id)}?status=${status}&lastDirtyTimestamp=${lastDirtyTimestamp}`;
}

function segment(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
