import pg from 'pg';
import { log, sparse } from './log.js';

const RETRY_MS = 250;
const complain = sparse(5000);

export function complainAboutDatabase(url, error) {
  complain('error', error.code ?? error.message, 'database connection failed', {
    host: url.hostname,
    port: Number(url.port || 5432),
    database: url.pathname.slice(1),
    code: error.code,
    error: error.message,
  });
}

/** A release that knows only an older schema would write rows that today's code cannot read. */
async function checkSchema(client) {
  const supported = Number(process.env.SUPPORTED_SCHEMA ?? 7);
  const { rows } = await client.query('SELECT max(version) AS version FROM schema_migrations');
  if (rows[0].version <= supported) return;
  log.fatal('database schema is newer than this release supports', {
    schema: rows[0].version,
    supported,
    release: process.env.RELEASE ?? 'dev',
  });
  process.exit(1);
}

/**
 * Holds one connection open for as long as the process lives and connects again when it drops,
 * so that readiness follows the database at once.
 */
export class DatabaseLink {
  #url;
  #onConnect;
  #client;
  #problem = 'not connected to the database yet';
  #stopped = false;

  /** onConnect(client): runs on each new connection, before it counts as connected. */
  constructor(url, onConnect) {
    this.#url = url;
    this.#onConnect = onConnect;
    this.#connect();
  }

  /** undefined while connected, else why not. */
  get problem() {
    return this.#problem;
  }

  async #connect() {
    const client = new pg.Client({
      connectionString: this.#url.href,
      connectionTimeoutMillis: 2000,
      application_name: process.env.HOSTNAME ?? 'shop',
      keepAlive: true,
    });
    this.#client = client;
    const lost = (error) => {
      if (this.#stopped || this.#client !== client) return;
      this.#client = undefined;
      this.#problem = `database: ${error.message || error.code}`;
      complainAboutDatabase(this.#url, error);
      client.end().catch(() => {});
      setTimeout(() => this.#connect(), RETRY_MS);
    };
    client.on('error', lost);
    client.on('end', () => lost(new Error('connection closed by the server')));
    try {
      await client.connect();
      await checkSchema(client);
      await this.#onConnect?.(client);
      this.#problem = undefined;
      log.info('connected to the database', { host: this.#url.hostname });
    } catch (error) {
      lost(error);
    }
  }

  async stop() {
    this.#stopped = true;
    await this.#client?.end().catch(() => {});
  }
}
