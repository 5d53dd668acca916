/**
 * Answers of a stock Spring Cloud Netflix Eureka server (Spring Boot 3.5.7, Spring Cloud 2025.0.0), as they came on 23 November 2026.
 * They are a part of `test/conformance/recorded/eureka-java`, where each case is whole.
 */
export interface Recorded {
  /** The conformance case it was taken from. */
  readonly case: string;
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

export const RECORDED = {
  registered: { case: 'C52', status: 204, type: undefined, body: '' },
  renewed: { case: 'C30', status: 200, type: undefined, body: '' },
  cancelled: { case: 'C49', status: 200, type: undefined, body: '' },
  unknown: {
    case: 'C49',
    status: 404,
    type: 'application/json',
    body: '{"timestamp":"2026-11-23T02:40:18.162+00:00","status":404,"error":"Not Found","path":"/eureka/apps/BILLING/i1"}',
  },
  instance: {
    case: 'C44',
    status: 200,
    type: 'application/json',
    body: '{"instance":{"instanceId":"i1","hostName":"h1","app":"BILLING","ipAddr":"10.0.0.1","status":"UP","overriddenStatus":"UNKNOWN","port":{"$":9001,"@enabled":"true"},"securePort":{"$":7002,"@enabled":"false"},"countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},"leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90,"registrationTimestamp":1795401605880,"lastRenewalTimestamp":1795401605880,"evictionTimestamp":0,"serviceUpTimestamp":1795401605880},"metadata":{"@class":"java.util.Collections$EmptyMap"},"vipAddress":"billing","isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"1795401605880","lastDirtyTimestamp":"1000","actionType":"ADDED"}}',
  },
  emptyList: {
    case: 'C01',
    status: 200,
    type: 'application/json',
    body: '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}',
  },
  list: {
    case: 'C42',
    status: 200,
    type: 'application/json',
    body: '{"applications":{"versions__delta":"1","apps__hashcode":"UP_1_","application":[{"name":"BILLING","instance":[{"instanceId":"i1","hostName":"h1","app":"BILLING","ipAddr":"10.0.0.1","status":"UP","overriddenStatus":"UNKNOWN","port":{"$":9001,"@enabled":"true"},"securePort":{"$":7002,"@enabled":"false"},"countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},"leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90,"registrationTimestamp":1795401601783,"lastRenewalTimestamp":1795401691785,"evictionTimestamp":0,"serviceUpTimestamp":1795401601783},"metadata":{"@class":"java.util.Collections$EmptyMap"},"vipAddress":"billing","isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"1795401601783","lastDirtyTimestamp":"1000","actionType":"ADDED"}]}]}}',
  },
  delta: {
    case: 'C52',
    status: 200,
    type: 'application/json',
    body: '{"applications":{"versions__delta":"136","apps__hashcode":"UP_1_","application":[{"name":"BILLING","instance":[{"instanceId":"i1","hostName":"h1","app":"BILLING","ipAddr":"10.0.0.1","status":"UP","overriddenStatus":"UNKNOWN","port":{"$":9001,"@enabled":"true"},"securePort":{"$":7002,"@enabled":"false"},"countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},"leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90,"registrationTimestamp":1795401624277,"lastRenewalTimestamp":1795401624277,"evictionTimestamp":0,"serviceUpTimestamp":1795401624277},"metadata":{"@class":"java.util.Collections$EmptyMap"},"vipAddress":"billing","isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"1795401624277","lastDirtyTimestamp":"1000","actionType":"ADDED"}]}]}}',
  },
  deltaAfterCancel: {
    case: 'C50',
    status: 200,
    type: 'application/json',
    body: '{"applications":{"versions__delta":"127","apps__hashcode":"","application":[{"name":"BILLING","instance":[{"instanceId":"i1","hostName":"h1","app":"BILLING","ipAddr":"10.0.0.1","status":"UP","overriddenStatus":"UNKNOWN","port":{"$":9001,"@enabled":"true"},"securePort":{"$":7002,"@enabled":"false"},"countryId":1,"dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},"leaseInfo":{"renewalIntervalInSecs":30,"durationInSecs":90,"registrationTimestamp":1795401620195,"lastRenewalTimestamp":1795401620195,"evictionTimestamp":1795401620196,"serviceUpTimestamp":1795401620195},"metadata":{"@class":"java.util.Collections$EmptyMap"},"vipAddress":"billing","isCoordinatingDiscoveryServer":"false","lastUpdatedTimestamp":"1795401620196","lastDirtyTimestamp":"1000","actionType":"DELETED"}]}]}}',
  },
} as const satisfies Record<string, Recorded>;
