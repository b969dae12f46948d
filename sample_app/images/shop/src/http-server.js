import { createServer } from 'node:http';
import { Failure } from './failure.js';
import { log } from './log.js';

const MAX_BODY_BYTES = 64 * 1024;

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Failure(413, 'body_too_large', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  }
  if (text === '') return {};
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // answered below, like any other body that is not an object
  }
  throw new Failure(400, 'bad_json', 'the body must be a JSON object');
}

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/**
 * Serves JSON on $PORT (8080).
 * routes: [{method, path: RegExp, handle({params, body, headers}) -> {status, body}}]
 * readiness() -> undefined when ready, else a sentence that says why not.
 * `/healthz` speaks for the event loop alone, `/readyz` for what the service needs.
 * stop(): called once on SIGTERM, before the process ends (within a second).
 */
export function serve({ routes, readiness, stop }) {
  const respond = async (request) => {
    const path = request.url.split('?')[0];
    if (path === '/healthz') return { status: 200, body: { status: 'ok' } };
    if (path === '/readyz') {
      const reason = readiness();
      return reason ? { status: 503, body: { status: 'not ready', reason } } : { status: 200, body: { status: 'ready' } };
    }
    for (const route of routes) {
      const match = request.method === route.method && route.path.exec(path);
      if (!match) continue;
      const body = request.method === 'POST' ? await readJson(request) : {};
      return await route.handle({ params: match.groups ?? {}, body, headers: request.headers });
    }
    throw new Failure(404, 'not_found', `${request.method} ${path}`);
  };

  const server = createServer(async (request, response) => {
    const began = performance.now();
    let status;
    try {
      const answer = await respond(request);
      status = answer.status;
      send(response, status, answer.body);
    } catch (error) {
      status = error.status ?? 500;
      send(response, status, error.body ?? { error: 'internal', message: error.message });
      if (status >= 500)
        log.error('request failed', { method: request.method, path: request.url, status, ...error.body, error: error.message });
    }
    if (!/^\/(healthz|readyz)/.test(request.url)) {
      log.info('request', { method: request.method, path: request.url, status, ms: Math.round(performance.now() - began) });
    }
  });

  const port = Number(process.env.PORT ?? 8080);
  server.listen(port, () => log.info('listening', { port }));
  server.on('error', (error) => {
    log.fatal('cannot listen', { port, code: error.code });
    process.exit(1);
  });

  process.once('SIGTERM', () => {
    log.info('stopping', { signal: 'SIGTERM' });
    const end = () => process.exit(0);
    setTimeout(end, 800);
    server.close(() => Promise.resolve(stop?.()).finally(end));
    server.closeIdleConnections();
  });
  return server;
}
