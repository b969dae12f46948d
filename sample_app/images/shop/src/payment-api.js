import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { requireUrl } from './config.js';
import { complainAboutDatabase, DatabaseLink } from './database-link.js';
import { Failure, upstreamFailure } from './failure.js';
import { serve } from './http-server.js';
import { RecentSet } from './recent-set.js';

const PAYMENT = 'id, status, amount, currency, reference, customer, created_at, settled_at';

function validate({ amount, currency, reference, customer }) {
  if (!Number.isInteger(amount) || amount < 1 || amount > 10_000_000)
    throw new Failure(400, 'bad_amount', 'amount: whole cents, 1 to 10000000');
  if (!/^[A-Z]{3}$/.test(currency)) throw new Failure(400, 'bad_currency', 'currency: three capital letters, such as EUR');
  if (typeof reference !== 'string' || !/^[\w.:-]{1,64}$/.test(reference)) {
    throw new Failure(400, 'bad_reference', 'reference: 1 to 64 letters, digits or . _ : -');
  }
  if (typeof customer !== 'string') throw new Failure(400, 'bad_customer', 'customer: who pays');
}

function publicPayment(row, now) {
  const payment = {
    id: row.id,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    reference: row.reference,
    customer: row.customer,
  };
  if (row.settled_at) return { ...payment, settledAt: row.settled_at };
  const waitingMs = Math.max(0, now - row.created_at);
  const note = waitingMs > 2000 ? 'no settlement worker has taken this payment yet' : 'waiting for settlement';
  return { ...payment, settlement: { state: 'queued', waitingMs, note } };
}

/** Stores payments and queues their settlement. Internal; customers come through payment-gateway. */
export async function start() {
  const url = requireUrl('DATABASE_URL', ['postgres', 'postgresql']);
  const link = new DatabaseLink(url);
  // One connection per statement: whichever pod serves the database now is the one that is asked.
  const pool = new pg.Pool({ connectionString: url.href, max: 8, maxUses: 1, connectionTimeoutMillis: 2000, query_timeout: 2500 });
  pool.on('error', (error) => complainAboutDatabase(url, error));
  const references = new RecentSet(24);

  const query = async (sql, values) => {
    try {
      return (await pool.query(sql, values)).rows;
    } catch (error) {
      complainAboutDatabase(url, error);
      throw upstreamFailure(url, error);
    }
  };

  const create = async ({ body }) => {
    validate(body);
    if (references.maybeHas(body.reference)) {
      const [known] = await query(`SELECT ${PAYMENT} FROM payments WHERE reference = $1`, [body.reference]);
      if (known) throw new Failure(409, 'duplicate_reference', `reference ${body.reference} was paid before`, { id: known.id });
    }
    const id = `pay_${randomUUID().replaceAll('-', '')}`;
    await query('INSERT INTO payments (id, amount, currency, reference, customer) VALUES ($1, $2, $3, $4, $5)', [
      id,
      body.amount,
      body.currency,
      body.reference,
      body.customer,
    ]);
    await query("WITH job AS (INSERT INTO settlement_jobs (payment_id) VALUES ($1)) SELECT pg_notify('settlement', $1)", [id]);
    references.add(body.reference);
    return { status: 201, body: await lookUp(id) };
  };

  const lookUp = async (id) => {
    const [row] = await query(`SELECT ${PAYMENT} FROM payments WHERE id = $1`, [id]);
    if (!row) throw new Failure(404, 'payment_not_found', `there is no payment ${id}`);
    return publicPayment(row, Date.now());
  };

  serve({
    routes: [
      { method: 'POST', path: /^\/payments$/, handle: create },
      {
        method: 'GET',
        path: /^\/payments\/(?<id>pay_[0-9a-f]{32})$/,
        handle: async ({ params }) => ({ status: 200, body: await lookUp(params.id) }),
      },
    ],
    readiness: () => link.problem,
    stop: () => link.stop(),
  });
}
