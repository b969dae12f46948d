import { expect, test } from '@jest/globals';
import { API, type Case, failedPayment, judge, paid } from '../testing.ts';

const broken: Case[] = [
  [
    'customers cannot pay though all pods have been ready for long',
    (a) => {
      a.transactions = [paid(60), failedPayment(3)];
    },
    'CustomersHurt',
  ],
];

test.each(broken)('it is broken when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.finding).toMatchObject({ reason, settling: false });
  expect(result.verdict).toBe('broken');
});

const settling: Case[] = [
  [
    'no customer has tried since',
    (a) => {
      a.rollOut(API, 3);
      a.transactions = [paid(10)];
    },
    'NotTried',
  ],
  [
    'a payment failed right after the pods were ready',
    (a) => {
      a.rollOut(API, 3);
      a.transactions = [failedPayment(2)];
    },
    'CustomersHurt',
  ],
];

test.each(settling)('it settles when %s', (_, change, reason) => {
  const result = judge(change);
  expect(result.verdict).toBe('settling');
  expect(result.finding).toMatchObject({ reason, settling: true });
});
