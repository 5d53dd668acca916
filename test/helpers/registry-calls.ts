/** What a client says to a registry in its life, by plain requests, for tests that speak to several nodes. */

export interface RegistrationOptions {
  readonly app?: string;
  readonly beatSeconds?: number;
  readonly leaseSeconds?: number;
}

export async function register(url: string, id: string, options: RegistrationOptions = {}): Promise<number> {
  const { app = 'BILLING', beatSeconds = 30, leaseSeconds = 90 } = options;
  const body = JSON.stringify({
    instance: {
      instanceId: id,
      app,
      hostName: 'h1',
      ipAddr: '10.0.0.1',
      status: 'UP',
      port: { $: 9001, '@enabled': 'true' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: beatSeconds, durationInSecs: leaseSeconds },
      lastDirtyTimestamp: String(Date.now()),
    },
  });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${url}/apps/${app}`, { method: 'POST', headers, body })).status;
}

export async function beat(url: string, id: string, app = 'BILLING'): Promise<number> {
  return (await fetch(`${url}/apps/${app}/${id}`, { method: 'PUT' })).status;
}

export async function cancel(url: string, id: string, app = 'BILLING'): Promise<number> {
  return (await fetch(`${url}/apps/${app}/${id}`, { method: 'DELETE' })).status;
}

/** Ids listed, in order. @throws with status and body where the list is refused */
export async function listed(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/apps`, { headers: { accept: 'application/json' } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  const { applications } = JSON.parse(text) as {
    applications: { application: readonly { instance: readonly { instanceId: string }[] }[] };
  };
  return applications.application.flatMap(({ instance }) => instance.map(({ instanceId }) => instanceId)).sort();
}

export async function readiness(origin: string): Promise<{ readonly status: number; readonly reason: string }> {
  const answer = await fetch(`${origin}/health/ready`);
  const { reason } = (await answer.json()) as { reason: string };
  return { status: answer.status, reason };
}
