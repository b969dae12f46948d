import pg from 'pg';
import { requireUrl } from './config.js';
import { complainAboutDatabase } from './database-link.js';
import { log } from './log.js';

/** Sums up what was settled, by currency, and ends. */
export async function start() {
  const url = requireUrl('DATABASE_URL', ['postgres', 'postgresql']);
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    const { rows } = await client.query(
      'SELECT currency, count(*)::int AS payments, sum(amount)::bigint AS cents FROM ledger GROUP BY currency ORDER BY 1',
    );
    for (const row of rows) log.info('settled', row);
    log.info('report done', { currencies: rows.length });
  } catch (error) {
    complainAboutDatabase(url, error);
    process.exitCode = 1;
  } finally {
    await client.end();
  }
}
