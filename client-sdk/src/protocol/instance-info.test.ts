import { expect, test } from 'vitest';
import { type DataCenterInfo, effectiveId, isInstanceStatus } from './instance-info.ts';

const own: DataCenterInfo = { name: 'MyOwn' };
const amazon: DataCenterInfo = { name: 'Amazon', metadata: { 'instance-id': 'i-1' } };

test('the effective id is the own one, else that of Amazon, else the host name; empty ones do not count', () => {
  expect(effectiveId({ instanceId: 'id', dataCenterInfo: amazon, hostName: 'h' })).toBe('id');
  expect(effectiveId({ instanceId: '', dataCenterInfo: amazon, hostName: 'h' })).toBe('i-1');
  expect(effectiveId({ dataCenterInfo: { name: 'Amazon', metadata: { 'instance-id': '' } }, hostName: 'h' })).toBe('h');
  expect(effectiveId({ dataCenterInfo: own, hostName: 'h' })).toBe('h');
  expect(effectiveId({ dataCenterInfo: own, hostName: '' })).toBe('');
});

test('a status is one of five, in upper case', () => {
  expect(['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'].every(isInstanceStatus)).toBe(true);
  expect(['up', '', 'UP ', 'toString', '__proto__'].some(isInstanceStatus)).toBe(false);
});
