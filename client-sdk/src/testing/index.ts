/** What tests of services need: time that moves by hand, instances, a registry in the same process. */
export { anInstance } from './an-instance.ts';
export { FakeClock } from './fake-clock.ts';
