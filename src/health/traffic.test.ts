import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../kube/fake-clock.ts';
import { ArenaTraffic } from './traffic.ts';
import { payAndLookUp, type RandomInt, type ServiceCall, type ServiceCallRequest } from './transaction.ts';

type Answer = { status: number; body: string };
const answer = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });

/** The shop in memory; `break_` replaces an answer. */
function shop(break_: (request: ServiceCallRequest, healthy: Answer) => Answer | Error = (_, healthy) => healthy) {
  const payments = new Map<string, Record<string, unknown>>();
  const requests: ServiceCallRequest[] = [];
  const healthy = (request: ServiceCallRequest): Answer => {
    if (request.path === '/login') return answer(200, { token: 'token-of-ada', subject: 'ada' });
    if (request.method === 'GET') return answer(200, { ...payments.get(request.path.split('/')[2]), status: 'settled' });
    const customer = request.headers?.['X-Session-Token'] === 'token-of-ada' ? 'ada' : 'guest-1';
    const payment = { ...JSON.parse(request.body ?? ''), id: `pay_${payments.size}`, status: 'pending', customer };
    payments.set(payment.id, payment);
    return answer(201, payment);
  };
  const call: ServiceCall = async (request) => {
    requests.push(request);
    const result = break_(request, healthy(request));
    if (result instanceof Error) throw result;
    return result;
  };
  return { call, requests, payments };
}

const counting = (): RandomInt => {
  let count = 0;
  return (n) => {
    count += 7;
    return count % n;
  };
};

describe('payAndLookUp', () => {
  test('pays at the front door with a fresh reference and reads it back', async () => {
    const { call, payments } = shop();
    const customer = { call, random: counting(), clock: new FakeClock() };
    for (let i = 0; i < 20; i++) expect(await payAndLookUp(customer)).toMatchObject({ ok: true, message: '' });
    expect(new Set([...payments.values()].map((p) => p.reference)).size).toBe(20);
  });

  test.each<[string, (request: ServiceCallRequest, healthy: Answer) => Answer | Error, string]>([
    ['nothing answers', () => new Error('connect ECONNREFUSED'), 'got no answer'],
    [
      'an upstream is missing',
      (r, ok) => (r.path === '/pay' ? answer(503, { upstream: 'payment-db' }) : ok),
      'POST /pay answered 503 (payment-db)',
    ],
    ['a stand-in says yes to everything', () => ({ status: 200, body: '<html>ok</html>' }), 'answered'],
    ['a stand-in answers valid JSON of its own', (r, ok) => (r.path === '/pay' ? answer(201, { id: 'pay_1' }) : ok), 'instead of'],
    [
      'the payment is another when it is read',
      (r, ok) => (r.method === 'GET' ? answer(200, { status: 'settled', amount: 1 }) : ok),
      'instead of',
    ],
    [
      'nobody settles',
      (r, ok) => (r.method === 'GET' ? answer(200, { ...JSON.parse(ok.body), status: 'pending' }) : ok),
      'is still pending',
    ],
  ])('fails when %s', async (_, break_, message) => {
    const clock = new FakeClock();
    const transaction = payAndLookUp({ call: shop(break_).call, random: counting(), clock });
    for (let i = 0; i < 20; i++) await clock.advance(400);
    expect(await transaction).toMatchObject({ ok: false });
    expect((await transaction).message).toContain(message);
  });
});

describe('ArenaTraffic', () => {
  const start = () => {
    const clock = new FakeClock();
    const { call, requests } = shop();
    const seen: string[] = [];
    const traffic = new ArenaTraffic({ clock, callInto: () => call, randomOf: counting, onTransaction: (arena) => void seen.push(arena) });
    return { clock, traffic, seen, requests };
  };

  test('sends customers at a quiet pace and keeps a minute of what they met', async () => {
    const { clock, traffic, seen } = start();
    expect(traffic.start('a')).toEqual([]);
    await clock.advance(300_000);
    expect(seen.length).toBeGreaterThan(25);
    expect(seen.length).toBeLessThan(75);
    const kept = traffic.start('a');
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.every((t) => t.ok && t.finishedAt.getTime() >= clock.now().getTime() - 75_000)).toBe(true);
  });

  test('hurries at once, several times as fast, until it is told not to', async () => {
    const { clock, traffic, seen } = start();
    traffic.start('a');
    traffic.hurry('a', true);
    await clock.advance(1);
    expect(seen).toHaveLength(1);
    await clock.advance(20_000);
    const hurried = seen.length;
    expect(hurried).toBeGreaterThan(15);
    traffic.hurry('a', false);
    await clock.advance(20_000);
    expect(seen.length - hurried).toBeLessThan(8);
  });

  test('keeps arenas apart and stops them alone or all', async () => {
    const { clock, traffic, seen } = start();
    traffic.start('a');
    traffic.start('b');
    traffic.stop('a');
    await clock.advance(60_000);
    expect(new Set(seen)).toEqual(new Set(['b']));
    traffic.stopAll();
    expect(clock.pending).toBe(0);
  });
});
