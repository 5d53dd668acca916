import { expect, test } from 'vitest';
import { serverOptions } from './options.ts';
import { listenOptions, localUrl, nodeUrl, redisChoice, StartError, storeSentence } from './server-parts.ts';

test('without Redis the store is embedded; a URL, Sentinels and a Cluster are told apart', () => {
  expect(redisChoice(serverOptions())).toBeUndefined();
  const redis = 'redis://user:p%40ss@r:7000/2';
  expect(redisChoice(serverOptions({ redis }))).toEqual({ url: redis });
  expect(redisChoice(serverOptions({ redis, redisCluster: true }))).toEqual({
    cluster: { nodes: [{ host: 'r', port: 7000 }], username: 'user', password: 'p@ss' },
  });
  expect(redisChoice(serverOptions({ redis, redisSentinels: 'a:1, b:2', redisSentinelName: 'm' }))).toEqual({
    sentinel: {
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      name: 'm',
      username: 'user',
      password: 'p@ss',
      db: 2,
    },
  });
});

test('a certificate that cannot be read is said with option and file', () => {
  const options = serverOptions({ tlsCert: '/nowhere/cert.pem', tlsKey: '/nowhere/key.pem' });
  expect(() => listenOptions(options)).toThrow(StartError);
  expect(() => listenOptions(options)).toThrow('--tls-cert names /nowhere/cert.pem');
});

test('URLs: for people of this machine, and for other nodes', () => {
  expect(localUrl(serverOptions(), 8761)).toBe('http://localhost:8761/eureka');
  expect(localUrl(serverOptions({ host: '::1', tlsCert: 'a', tlsKey: 'b' }), 1)).toBe('https://[::1]:1/eureka');
  expect(nodeUrl(serverOptions({ nodeUrl: 'http://10.0.0.5:1/' }), 8761)).toBe('http://10.0.0.5:1');
  expect(nodeUrl(serverOptions({ host: '10.0.0.6' }), 8761)).toBe('http://10.0.0.6:8761');
});

test('the start line says when promise 2 is not given', () => {
  expect(storeSentence(serverOptions({ data: 'none' }), undefined)).toContain('lost');
  expect(storeSentence(serverOptions(), undefined)).toBe('the store is embedded and kept in ./heureka-data');
  expect(storeSentence(serverOptions(), 'Redis at r:6379')).toBe('the store is Redis at r:6379');
});
