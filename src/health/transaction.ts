import { type Clock, sleep } from '../kube/clock.ts';
import type { Transaction } from './snapshot.ts';

/** Sends one request to the front door of the arena's app. Throws when there was no answer in time. */
export type ServiceCall = (request: ServiceCallRequest) => Promise<{ status: number; body: string }>;

export interface ServiceCallRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Uniform integers in [0, n). */
export type RandomInt = (n: number) => number;

/** A customer that the shop knows; the others are guests. */
const CUSTOMER = { user: 'ada', password: 'lovelace-1843' };
const CURRENCIES = ['EUR', 'USD', 'GBP'];
/** A healthy shop settles within 100 ms; after 3 s nobody settles (sample_app/README.md). */
const SETTLE_MS = 3500;
const POLL_MS = [50, 100, 200, 400];

export interface Customer {
  call: ServiceCall;
  random: RandomInt;
  clock: Clock;
  signal?: AbortSignal;
}

/**
 * What a customer does: logs in or comes as a guest, pays an amount under a reference never used before, and looks until the payment is
 * settled with that reference and amount. Never throws: what goes wrong is the transaction's message.
 */
export async function payAndLookUp(customer: Customer): Promise<Transaction> {
  const startedAt = customer.clock.now();
  let message = '';
  try {
    await shop(customer);
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
  }
  return { startedAt, finishedAt: customer.clock.now(), ok: message === '', message };
}

async function shop(customer: Customer): Promise<void> {
  const { random } = customer;
  const known = random(2) === 1;
  const reference = `order-${[0, 0]
    .map(() =>
      random(2 ** 28)
        .toString(16)
        .padStart(7, '0'),
    )
    .join('')}`;
  const order = { amount: 100 + random(49900), currency: CURRENCIES[random(CURRENCIES.length)], reference };
  const headers = known ? { 'X-Session-Token': String((await ask(customer, 'POST', '/login', 200, CUSTOMER)).token) } : undefined;

  const paid = await ask(customer, 'POST', '/pay', 201, order, headers);
  expectFields(paid, known ? { ...order, customer: CUSTOMER.user } : order, 'POST /pay');
  const id = String(paid.id);
  const giveUpAt = customer.clock.now().getTime() + SETTLE_MS;
  for (let turn = 0; ; turn++) {
    const found = await ask(customer, 'GET', `/payments/${id}`, 200);
    expectFields(found, { ...order, id }, 'GET /payments');
    if (found.status === 'settled') return;
    if (customer.clock.now().getTime() >= giveUpAt) throw new Error(`payment ${id} is still ${String(found.status)}`);
    await sleep(customer.clock, POLL_MS[Math.min(turn, POLL_MS.length - 1)], customer.signal);
    if (customer.signal?.aborted) throw new Error('the customer left');
  }
}

async function ask(
  { call }: Customer,
  method: 'GET' | 'POST',
  path: string,
  expected: number,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const what = `${method} ${path.replace(/\/pay_.*/, '/…')}`;
  const json = body === undefined ? {} : { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
  let answer: { status: number; body: string };
  try {
    answer = await call({ method, path, ...json });
  } catch {
    throw new Error(`${what} got no answer`);
  }
  if (answer.status !== expected) throw new Error(`${what} answered ${answer.status}${because(answer.body)}`);
  const value = parse(answer.body);
  if (!value) throw new Error(`${what} answered something that is not the shop's`);
  return value;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function because(body: string): string {
  const { upstream, message } = parse(body) ?? {};
  return typeof upstream === 'string' ? ` (${upstream})` : typeof message === 'string' ? ` (${message.slice(0, 120)})` : '';
}

function expectFields(found: Record<string, unknown>, wanted: Record<string, unknown>, what: string): void {
  const wrong = Object.keys(wanted).find((key) => found[key] !== wanted[key]);
  if (wrong) throw new Error(`${what} answered ${wrong} ${JSON.stringify(found[wrong])} instead of ${JSON.stringify(wanted[wrong])}`);
}
