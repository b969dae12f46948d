import { randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import Redis from 'ioredis';
import { loadSettings, requireEnv, requireUrl } from './config.js';
import { Failure, upstreamFailure } from './failure.js';
import { serve } from './http-server.js';
import { log, sparse } from './log.js';
import { RecentSet } from './recent-set.js';
import { issueToken, readToken } from './session-token.js';

const complain = sparse(5000);

/** Connects to the session store and keeps trying; `problem()` is undefined while it answers. */
function openSessionStore(url) {
  let problem = 'not connected to the session store yet';
  const store = new Redis({
    host: url.hostname,
    port: Number(url.port || 6379),
    password: decodeURIComponent(url.password) || undefined,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: 2000,
    retryStrategy: () => 250,
  });
  const failed = (error) => {
    problem = `session store: ${error.message || error.code}`;
    complain('error', error.code ?? error.message, 'session store connection failed', {
      host: url.hostname,
      port: Number(url.port || 6379),
      code: error.code,
      error: error.message,
    });
  };
  store.on('error', failed);
  store.on('close', () => failed(new Error('connection closed')));
  store.on('ready', () => {
    problem = undefined;
    log.info('connected to the session store', { host: url.hostname });
  });
  return { store, problem: () => problem };
}

function passwordMatches(user, password) {
  const expected = Buffer.from(user.passwordHash, 'base64url');
  const given = scryptSync(String(password), user.salt, expected.length, { N: 1024 });
  return timingSafeEqual(given, expected);
}

/** Knows who a customer is: logs people in, makes guest sessions, verifies session tokens. */
export async function start() {
  const settings = loadSettings('AUTH_SETTINGS');
  const key = requireEnv('JWT_KEY');
  const users = JSON.parse(requireEnv('USERS'));
  const storeUrl = requireUrl('SESSION_STORE_URL', ['redis']);
  const { store, problem } = openSessionStore(storeUrl);
  const loggedOut = new RecentSet(24);
  const nowSeconds = () => Math.floor(Date.now() / 1000);

  const inStore = async (work) => {
    try {
      return await work();
    } catch (error) {
      throw upstreamFailure(storeUrl, error);
    }
  };

  const open = async (subject, ttl) => {
    const session = randomUUID();
    await inStore(() => store.set(`session:${session}`, subject, 'EX', ttl));
    return { token: issueToken({ sub: subject, sid: session, exp: nowSeconds() + ttl }, key), subject, expiresIn: ttl };
  };

  const check = async (token) => {
    const claims = readToken(token, key, nowSeconds());
    const subject = claims && !loggedOut.maybeHas(claims.sid) && (await inStore(() => store.get(`session:${claims.sid}`)));
    if (!subject) throw new Failure(401, 'session_invalid', 'log in again: the session is unknown or has ended');
    return claims;
  };

  const login = async ({ body }) => {
    const user = Object.hasOwn(users, String(body.user)) ? users[body.user] : undefined;
    if (!user || !passwordMatches(user, body.password)) throw new Failure(401, 'login_failed', 'unknown user or wrong password');
    return { status: 200, body: await open(body.user, settings.sessionSeconds) };
  };

  const guest = async () => ({ status: 200, body: await open(`guest-${randomUUID().slice(0, 8)}`, settings.guestSeconds) });

  const verify = async ({ body }) => ({ status: 200, body: { subject: (await check(body.token)).sub } });

  const logout = async ({ headers }) => {
    const claims = await check(headers['x-session-token']);
    loggedOut.add(claims.sid);
    await inStore(() => store.del(`session:${claims.sid}`));
    return { status: 200, body: { subject: claims.sub } };
  };

  serve({
    routes: [
      { method: 'POST', path: /^\/login$/, handle: login },
      { method: 'POST', path: /^\/logout$/, handle: logout },
      { method: 'POST', path: /^\/guest$/, handle: guest },
      { method: 'POST', path: /^\/verify$/, handle: verify },
    ],
    readiness: problem,
    stop: () => store.disconnect(),
  });
}
