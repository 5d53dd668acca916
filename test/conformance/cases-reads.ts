/** C1-C28: negotiation, registration and reads. */
import { emptyError, get, JSON_ACCEPT, NO_CONTENT, post, R, register, shows, XML_ACCEPT } from './build.ts';
import type { Case } from './case.ts';

const CANNOT_PARSE = { status: 400, body: { text: '{"error": "cannot parse request body"}' } } as const;
const EMPTY_MAP = { '@class': 'java.util.Collections$EmptyMap' };
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isVersion = (value: unknown): boolean => typeof value === 'string' && value !== '-1' && value !== '';
const { instanceId: _, ...withoutId } = R;

const FARGO_XML = `<instance><instanceId>x1</instanceId><hostName>h1</hostName><app>BILLING</app><ipAddr>10.0.0.1</ipAddr>
<vipAddress>billing</vipAddress><status>UP</status><overriddenstatus></overriddenstatus><port enabled="true">9001</port>
<securePort enabled="false">9443</securePort><countryId>1</countryId><dataCenterInfo><name>MyOwn</name></dataCenterInfo>
<leaseInfo><renewalIntervalInSecs>0</renewalIntervalInSecs><durationInSecs>0</durationInSecs></leaseInfo><metadata></metadata></instance>`;

export const READS: readonly Case[] = [
  {
    id: 'C1',
    about: 'an empty registry in JSON',
    steps: [
      get('B/apps', {
        status: 200,
        body: 'json',
        has: {
          'applications.application': [],
          'applications.apps__hashcode': '',
          'applications.versions__delta': isVersion,
        },
      }),
    ],
  },
  {
    id: 'C2',
    about: 'no Accept means XML',
    steps: [
      get(
        'B/apps',
        { status: 200, body: 'xml', shows: [/<applications>/, /<versions__delta>/, /<apps__hashcode>/] },
        {},
      ),
    ],
  },
  {
    id: 'C3',
    about: 'Accept */* means XML',
    steps: [get('B/apps', { status: 200, body: 'xml' }, { accept: '*/*' })],
  },
  {
    id: 'C4',
    about: 'an Accept that contains json means JSON',
    steps: [get('B/apps', { status: 200, body: 'json' }, { accept: 'application/json, text/plain, */*' })],
  },
  {
    id: 'C5',
    about: 'a trailing slash does not count, nor a doubled one',
    steps: [
      get('B/apps/', { status: 200, body: 'json' }),
      {
        ...get('/eureka//apps/', { status: 200, body: 'json' }),
        stock: { deviation: 'tolerant-input', expect: { status: 404 } },
      },
    ],
  },
  { id: 'C6', about: 'register', steps: [register()] },
  {
    id: 'C7',
    about: 'a lower-case application is shown in upper case',
    steps: [
      register({ app: 'billing' }, { app: 'billing' }),
      get('B/apps', { status: 200, body: 'json', has: { 'applications.application.0.name': 'BILLING' } }),
    ],
  },
  {
    id: 'C8',
    about: 'one instance in JSON',
    steps: [
      register(),
      get('B/apps', {
        status: 200,
        body: 'json',
        has: {
          'applications.apps__hashcode': 'UP_1_',
          'applications.application.length': 1,
          'applications.application.0.instance.length': 1,
          'applications.application.0.instance.0.status': 'UP',
          'applications.application.0.instance.0.overriddenStatus': 'UNKNOWN',
          'applications.application.0.instance.0.actionType': 'ADDED',
          'applications.application.0.instance.0.lastDirtyTimestamp': '1000',
          'applications.application.0.instance.0.isCoordinatingDiscoveryServer': 'false',
          'applications.application.0.instance.0.leaseInfo.renewalIntervalInSecs': 30,
          'applications.application.0.instance.0.leaseInfo.durationInSecs': 90,
          'applications.application.0.instance.0.leaseInfo.registrationTimestamp': isNumber,
          'applications.application.0.instance.0.leaseInfo.lastRenewalTimestamp': isNumber,
          'applications.application.0.instance.0.leaseInfo.evictionTimestamp': isNumber,
          'applications.application.0.instance.0.leaseInfo.serviceUpTimestamp': isNumber,
        },
      }),
    ],
  },
  {
    id: 'C9',
    about: 'one instance in XML',
    steps: [
      register(),
      get(
        'B/apps',
        {
          status: 200,
          body: 'xml',
          shows: [
            /<port enabled="true">9001<\/port>/,
            /<overriddenstatus>UNKNOWN<\/overriddenstatus>/,
            /<dataCenterInfo class="com.netflix.appinfo.InstanceInfo\$DefaultDataCenterInfo">/,
            /<metadata class="java.util.Collections\$EmptyMap"\s*\/>/,
          ],
        },
        XML_ACCEPT,
      ),
    ],
  },
  {
    id: 'C10',
    about: 'gzip where Accept-Encoding names it',
    steps: [
      register(),
      get(
        'B/apps',
        {
          status: 200,
          body: 'json',
          headers: { 'content-encoding': 'gzip' },
          has: { 'applications.apps__hashcode': 'UP_1_' },
        },
        { ...JSON_ACCEPT, 'accept-encoding': 'gzip' },
      ),
    ],
  },
  {
    id: 'C11',
    about: 'no gzip without Accept-Encoding',
    steps: [register(), get('B/apps', { status: 200, body: 'json', headers: { 'content-encoding': undefined } })],
  },
  {
    id: 'C12',
    about: 'one application, its name in any case',
    steps: [
      register(),
      get('B/apps/BILLING', { status: 200, body: 'json', has: { 'application.name': 'BILLING' } }),
      get('B/apps/billing', { status: 200, body: 'json', has: { 'application.name': 'BILLING' } }),
    ],
  },
  {
    id: 'C13',
    about: 'an unknown application',
    steps: [emptyError({ ask: { method: 'GET', path: 'B/apps/NOPE', headers: JSON_ACCEPT } }, 404)],
  },
  {
    id: 'C14',
    about: 'one instance',
    steps: [register(), shows({ instanceId: 'i1', app: 'BILLING' })],
  },
  {
    id: 'C15',
    about: 'an id with colons, escaped and raw',
    steps: [
      register({ instanceId: 'h:a:1', app: 'A' }),
      get('B/apps/A/h%3Aa%3A1', { status: 200, body: 'json', has: { 'instance.instanceId': 'h:a:1' } }),
      get('B/apps/A/h:a:1', { status: 200, body: 'json', has: { 'instance.instanceId': 'h:a:1' } }),
    ],
  },
  {
    id: 'C16',
    about: 'an instance by its id alone',
    steps: [
      register(),
      get('B/instances/i1', { status: 200, body: 'json', has: { 'instance.instanceId': 'i1' } }),
      emptyError({ ask: { method: 'GET', path: 'B/instances/zz', headers: JSON_ACCEPT } }, 404),
    ],
  },
  {
    id: 'C17',
    about: 'a registration without its wrapper',
    steps: [
      post('B/apps/BILLING', JSON.stringify(R), { ...JSON_ACCEPT, 'content-type': 'application/json' }, CANNOT_PARSE),
    ],
  },
  {
    id: 'C18',
    about: 'a data center without class: refused or accepted, never a 500',
    steps: [
      register(
        { dataCenterInfo: { name: 'MyOwn' } },
        {
          expect: { status: [204, 400] },
          stock: { deviation: 'tolerant-input', expect: { status: 400 } },
        },
      ),
    ],
  },
  {
    id: 'C19',
    about: 'no data center',
    steps: [
      register({ dataCenterInfo: undefined }, { expect: { status: 400, body: { text: 'Missing dataCenterInfo' } } }),
    ],
  },
  {
    id: 'C20',
    about: 'a path of another application',
    steps: [
      register(
        {},
        {
          app: 'OTHER',
          expect: { status: 400, body: { text: 'Mismatched appName, expecting OTHER but was BILLING' } },
        },
      ),
    ],
  },
  {
    id: 'C21',
    about: 'no host name',
    steps: [register({ hostName: undefined }, { expect: { status: 400, body: { text: 'Missing hostname' } } })],
  },
  {
    id: 'C22',
    about: 'neither host name nor id',
    steps: [
      register(
        { hostName: undefined, instanceId: undefined },
        { expect: { status: 400, body: { text: 'Missing instanceId' } } },
      ),
    ],
  },
  {
    id: 'C23',
    about: 'no address',
    steps: [register({ ipAddr: undefined }, { expect: { status: 400, body: { text: 'Missing ip address' } } })],
  },
  {
    id: 'C24',
    about: 'without id the host name is the key, and no id is shown',
    steps: [
      register({ ...withoutId, instanceId: undefined }),
      get('B/apps/BILLING/h1', {
        status: 200,
        body: 'json',
        has: { 'instance.instanceId': undefined, 'instance.hostName': 'h1' },
      }),
    ],
  },
  {
    id: 'C25',
    about: 'what Spring clients send is normalised',
    steps: [
      register({
        port: { $: '9001', '@enabled': true },
        status: null,
        asgName: null,
        sid: 'na',
        lastDirtyTimestamp: 1000,
        lastUpdatedTimestamp: 1000,
        isCoordinatingDiscoveryServer: false,
      }),
      shows({
        'port.$': 9001,
        'port.@enabled': 'true',
        status: 'UP',
        asgName: undefined,
        sid: undefined,
        lastDirtyTimestamp: '1000',
        isCoordinatingDiscoveryServer: 'false',
      }),
    ],
  },
  {
    id: 'C26',
    about: 'the class of an empty map is no entry, and is shown again',
    steps: [register({ metadata: EMPTY_MAP }), shows({ metadata: EMPTY_MAP })],
  },
  {
    id: 'C27',
    about: 'a registration in XML, as fargo writes it',
    steps: [
      post('B/apps/BILLING', FARGO_XML, { 'content-type': 'application/xml' }, NO_CONTENT),
      get('B/apps/BILLING/x1', {
        status: 200,
        body: 'json',
        has: {
          'instance.overriddenStatus': 'UNKNOWN',
          'instance.leaseInfo.durationInSecs': 90,
          'instance.securePort.$': 9443,
        },
      }),
    ],
  },
  {
    id: 'C28',
    about: 'a body that is neither JSON nor XML, and one without type',
    steps: [
      emptyError(
        {
          ask: {
            method: 'POST',
            path: 'B/apps/BILLING',
            headers: { ...JSON_ACCEPT, 'content-type': 'text/plain' },
            body: JSON.stringify({ instance: R }),
          },
        },
        415,
      ),
      emptyError(
        {
          ask: { method: 'POST', path: 'B/apps/BILLING', headers: JSON_ACCEPT, body: JSON.stringify({ instance: R }) },
        },
        415,
      ),
      emptyError({ ask: { method: 'GET', path: 'B/apps/BILLING', headers: JSON_ACCEPT } }, 404),
    ],
  },
];
