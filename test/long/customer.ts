/** The auditor's own customer of one arena: pays through the front door once a second, and remembers how it went. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Payment {
  began: number;
  /** Infinity: it was still under way when the customer was stopped. */
  ended: number;
  /** Undefined: it went through. */
  problem?: string;
}

/** A payment begins that often, whether or not the last one has ended, so that some fall into the shortest hold (5 s). */
const EVERY_MS = 1000;
const SETTLED_WITHIN_MS = 4000;

export class Customer {
  readonly payments: Payment[] = [];
  readonly #stop = new AbortController();
  readonly #paying: Promise<void>;

  /** @param api URL of an API server that asks for no credentials */
  constructor(api: string, frontend: string) {
    this.#paying = this.#payOn(`${api}/api/v1/namespaces/${frontend}/services/web-app:80/proxy`);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#paying;
  }

  async #payOn(shop: string): Promise<void> {
    const { signal } = this.#stop;
    const one = async (payment: Payment): Promise<void> => {
      const problem = await pay(shop, signal).catch((error) => String(error));
      if (!signal.aborted) Object.assign(payment, { ended: Date.now() }, problem && { problem });
    };
    const all: Promise<void>[] = [];
    while (!signal.aborted) {
      const payment: Payment = { began: Date.now(), ended: Number.POSITIVE_INFINITY };
      this.payments.push(payment);
      all.push(one(payment));
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
    await Promise.all(all);
  }
}

async function pay(shop: string, signal: AbortSignal): Promise<string | undefined> {
  const reference = `audit-${randomBytes(6).toString('hex')}`;
  const ask = async (path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(shop + path, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return {
      status: response.status,
      body: await response.json().then(
        (value) => value as Record<string, unknown>,
        () => ({}),
      ),
    };
  };
  const paid = await ask('/pay', { amount: 4200, currency: 'EUR', reference });
  if (paid.status !== 201) return `pay: ${paid.status}`;
  for (const giveUp = Date.now() + SETTLED_WITHIN_MS; ; await sleep(150, undefined, { signal })) {
    const found = await ask(`/payments/${paid.body.id}`);
    if (found.status !== 200) return `look up: ${found.status}`;
    if (found.body.reference !== reference) return 'look up: another payment';
    if (found.body.status === 'settled') return undefined;
    if (Date.now() > giveUp) return `look up: still ${found.body.status}`;
  }
}
