import { lookup } from 'node:dns/promises';
import { loadSettings, requireUrl } from './config.js';
import { Failure } from './failure.js';
import { call } from './http-client.js';
import { serve } from './http-server.js';
import { sparse } from './log.js';
import { RecentSet } from './recent-set.js';

const complain = sparse(5000);

/** The upstreams' names must resolve; whether they answer is for each request to find out. */
function watchNames(urls, everyMs) {
  let problem = 'upstream names not resolved yet';
  const look = async () => {
    const problems = await Promise.all(
      urls.map(async ({ variable, url }) => {
        try {
          await lookup(url.hostname);
          return undefined;
        } catch (error) {
          complain('error', variable, 'upstream host cannot be resolved', { variable, host: url.hostname, code: error.code });
          return `${variable}: ${url.hostname}: ${error.code}`;
        }
      }),
    );
    problem = problems.find(Boolean);
    setTimeout(look, problem ? 1000 : everyMs).unref();
  };
  look();
  return () => problem;
}

/** Checks who pays, then hands the payment to payment-api. */
export async function start() {
  const settings = loadSettings('GATEWAY_SETTINGS');
  const api = requireUrl('PAYMENT_API_URL', ['http']);
  const auth = requireUrl('AUTH_SERVICE_URL', ['http']);
  const references = new RecentSet(24);
  const namesProblem = watchNames(
    [
      { variable: 'PAYMENT_API_URL', url: api },
      { variable: 'AUTH_SERVICE_URL', url: auth },
    ],
    5000,
  );

  const customerOf = async (token) => {
    const answer = token ? await call(auth, 'POST', '/verify', { token }) : await call(auth, 'POST', '/guest', {});
    if (answer.status >= 400) throw new Failure(answer.status, answer.body.error, answer.body.message);
    return answer.body.subject;
  };

  const pay = async ({ body, headers }) => {
    if (!settings.currencies.includes(body.currency)) {
      throw new Failure(400, 'currency_not_accepted', `currency: one of ${settings.currencies.join(', ')}`);
    }
    if (body.amount > settings.maxAmount) throw new Failure(400, 'amount_too_large', `amount: at most ${settings.maxAmount} cents`);
    const customer = await customerOf(headers['x-session-token']);
    const repeated = references.maybeHas(String(body.reference));
    const { status, body: payment } = await call(api, 'POST', '/payments', { ...body, customer });
    references.add(String(body.reference));
    return { status, body: repeated ? { ...payment, repeated } : payment };
  };

  const lookUp = ({ params }) => call(api, 'GET', `/payments/${params.id}`);

  serve({
    routes: [
      { method: 'POST', path: /^\/pay$/, handle: pay },
      { method: 'GET', path: /^\/payments\/(?<id>pay_[0-9a-f]{32})$/, handle: lookUp },
    ],
    readiness: namesProblem,
  });
}
