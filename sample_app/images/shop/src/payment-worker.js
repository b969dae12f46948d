import { requireUrl } from './config.js';
import { DatabaseLink } from './database-link.js';
import { serve } from './http-server.js';
import { log } from './log.js';
import { RecentSet } from './recent-set.js';

const LEASE = 4201;
const LEASE_PATIENCE_MS = 2500;
const POLL_MS = 1000;

const SETTLE_ONE = `
  WITH job AS (
    DELETE FROM settlement_jobs
    WHERE payment_id = (SELECT payment_id FROM settlement_jobs ORDER BY queued_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING payment_id
  ), settled AS (
    UPDATE payments SET status = 'settled', settled_at = now() FROM job WHERE payments.id = job.payment_id
    RETURNING payments.id, payments.amount, payments.currency
  )
  INSERT INTO ledger (payment_id, amount, currency) SELECT id, amount, currency FROM settled RETURNING payment_id`;

/**
 * Only one worker may settle: two would book the same money twice. The lease is an advisory lock of the connection,
 * so that it ends with its holder. A worker that does not get it within LEASE_PATIENCE_MS ends.
 */
async function takeLease(client) {
  const giveUpAt = Date.now() + LEASE_PATIENCE_MS;
  for (;;) {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS held', [LEASE]);
    if (rows[0].held) return;
    if (Date.now() > giveUpAt) break;
    await client.query('SELECT pg_sleep(0.2)');
  }
  const { rows } = await client.query(
    `SELECT application_name AS holder FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND objid = $1`,
    [LEASE],
  );
  log.fatal('another worker holds the settlement lease; run exactly one', { holder: rows[0]?.holder ?? 'unknown' });
  process.exit(1);
}

/** Takes jobs from the queue and settles them, one by one. */
export async function start() {
  const url = requireUrl('DATABASE_URL', ['postgres', 'postgresql']);
  const settled = new RecentSet(24);
  let running = false;
  let again = false;

  const drain = async (client) => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        for (;;) {
          const { rows } = await client.query(SETTLE_ONE);
          if (rows.length === 0) break;
          const id = rows[0].payment_id;
          if (settled.maybeHas(id)) log.warn('payment may have been settled before', { payment: id });
          settled.add(id);
          log.info('payment settled', { payment: id });
        }
      } while (again);
    } catch (error) {
      log.error('settlement failed', { code: error.code, error: error.message });
    } finally {
      running = false;
    }
  };

  const link = new DatabaseLink(url, async (client) => {
    await takeLease(client);
    client.on('notification', () => drain(client));
    await client.query('LISTEN settlement');
    const poll = setInterval(() => drain(client), POLL_MS);
    client.on('end', () => clearInterval(poll));
    await drain(client);
    log.info('settlement lease taken');
  });

  serve({ routes: [], readiness: () => link.problem, stop: () => link.stop() });
}
