import { expect, test } from 'vitest';
import { anInfo } from '../source/fake-registry.fixture.ts';
import { InstanceConverter } from './instance-of.ts';

const of = (given: Parameters<typeof anInfo>[0]) => new InstanceConverter().instanceOf(anInfo(given));

test('the address is the IP address where it is one, else the host name', () => {
  expect(of({ ipAddr: '10.0.0.7', hostName: 'h' })).toMatchObject({ address: '10.0.0.7', hostname: 'h' });
  expect(of({ ipAddr: 'unknown', hostName: 'h.example' })).toMatchObject({ address: 'h.example' });
  expect(of({ ipAddr: '', hostName: '10.0.0.8' })).toMatchObject({ address: '10.0.0.8' });
  expect(of({ ipAddr: 'fd00::7' })).toMatchObject({ address: 'fd00::7', url: 'http://[fd00::7]:8080' });
  expect(of({ ipAddr: 'fe80::1%eth0', hostName: 'h' })).toMatchObject({ address: 'h' });
});

test('without an address that a URL can hold there is no instance', () => {
  for (const hostName of ['', 'a b', 'a/b', 'user@host', 'a:80', 'x#y', 'fe80::1%eth0']) {
    expect(of({ ipAddr: 'none', hostName })).toBeUndefined();
  }
});

test('the secure port counts where it is enabled, whatever the plain one says', () => {
  const ports = (plain: boolean, secure: boolean) =>
    of({ port: { port: 80, enabled: plain }, securePort: { port: 443, enabled: secure } });
  expect(ports(true, false)).toMatchObject({ port: 80, secure: false, ports: { plain: 80, secure: undefined } });
  expect(ports(true, true)).toMatchObject({ port: 443, secure: true, ports: { plain: 80, secure: 443 } });
  expect(ports(false, true)).toMatchObject({ url: 'https://10.0.0.1:443', ports: { plain: undefined, secure: 443 } });
  expect(ports(false, false)).toMatchObject({
    port: 80,
    secure: false,
    ports: { plain: undefined, secure: undefined },
  });
});

test('a port that is none makes no URL that cannot be read', () => {
  for (const port of [-1, 0, 65_536]) {
    const instance = of({ port: { port, enabled: true } });
    expect(instance).toMatchObject({ port: 0 });
    expect(URL.canParse(instance!.url)).toBe(true);
  }
});

test('names are lower-case for applications, and as written for VIPs, without spaces around', () => {
  expect(of({ app: 'ORDERS', vipAddress: ' a, B ,,c ', secureVipAddress: undefined })).toMatchObject({
    app: 'orders',
    vip: ['a', 'B', 'c'],
    secureVip: [],
  });
});

test('the zone is that of the metadata, else of Amazon', () => {
  const amazon = { name: 'Amazon', metadata: { 'availability-zone': 'us-1a', 'instance-id': 'i-1' } } as const;
  expect(of({ metadata: { zone: 'z' }, dataCenterInfo: amazon })?.zone).toBe('z');
  expect(of({ metadata: { zone: '' }, dataCenterInfo: amazon })?.zone).toBe('us-1a');
  expect(of({})?.zone).toBeUndefined();
  expect(of({ instanceId: undefined, dataCenterInfo: amazon })?.id).toBe('i-1');
});

test('the status is what the list says', () => {
  expect(of({ status: 'OUT_OF_SERVICE', overriddenStatus: 'UP' })?.status).toBe('OUT_OF_SERVICE');
});

test('instances share the lists of names that they have in common', () => {
  const converter = new InstanceConverter();
  const [a, b] = ['a', 'b'].map((instanceId) => converter.instanceOf(anInfo({ instanceId, vipAddress: 'x,y' })));
  expect(a!.vip).toBe(b!.vip);
  expect(() => (a!.vip as string[]).push('z')).toThrow(TypeError);
});
