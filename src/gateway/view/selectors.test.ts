import { describe, expect, test } from '@jest/globals';
import { fieldMatcher, InvalidSelector, labelMatcher, realFieldSelector } from './selectors.ts';

const arena = { id: 'k3x9q2m7ab', plain: ['payments', 'auth'] };

describe('field selectors', () => {
  test('namespaces in them become real, other values stay', () => {
    expect(realFieldSelector('metadata.namespace=payments,spec.nodeName=payments', arena)).toBe(
      'metadata.namespace=payments-k3x9q2m7ab,spec.nodeName=payments',
    );
    expect(realFieldSelector('involvedObject.namespace!=auth,involvedObject.name=auth', arena)).toBe(
      'involvedObject.namespace!=auth-k3x9q2m7ab,involvedObject.name=auth',
    );
    expect(realFieldSelector('metadata.namespace==payments-k3x9q2m7ab', arena)).toBe('metadata.namespace==payments-k3x9q2m7ab');
  });
  test('evaluate names and refuse fields that they do not know', () => {
    expect(fieldMatcher('metadata.name=a,metadata.name!=b', ['metadata.name'])({ 'metadata.name': 'a' })).toBe(true);
    expect(fieldMatcher('metadata.name!=a', ['metadata.name'])({ 'metadata.name': 'a' })).toBe(false);
    expect(() => fieldMatcher('spec.x=a', ['metadata.name'])).toThrow(InvalidSelector);
  });
});

describe('label selectors', () => {
  const labels = { app: 'web', tier: '3' };
  test.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['missing', false],
    ['!missing', true],
    ['app=web', true],
    ['app==web,tier=3', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app in (a, web)', true],
    ['app notin (a,web)', false],
    ['missing notin (a)', true],
    ['missing in (a)', false],
    ['tier>2', true],
    ['tier<3', false],
    ['app in (web),tier notin (4),!x', true],
  ])('%j is %p', (selector, expected) => expect(labelMatcher(selector)(labels)).toBe(expected));
  test.each(['a in b', '=x', 'a b', 'a in (x'])('%j does not parse', (selector) =>
    expect(() => labelMatcher(selector)).toThrow(InvalidSelector),
  );
});
