import { request as httpRequest } from 'node:http';
import { Failure, serviceOf, upstreamFailure } from './failure.js';
import { sparse } from './log.js';

const TIMEOUT_MS = 3000;
const complain = sparse(2000);

/**
 * Calls another service of the shop with JSON. A connection per call: the Service picks a pod anew each time,
 * so that a pod that went away is never asked again.
 * Answers {status, body} for anything below 500; rejects with a Failure that names the upstream otherwise.
 */
export function call(baseUrl, method, path, body) {
  const upstream = serviceOf(baseUrl);
  const url = new URL(path, baseUrl);
  const text = body === undefined ? '' : JSON.stringify(body);
  const { promise, resolve, reject } = Promise.withResolvers();
  const fail = (cause) => {
    complain('error', `${upstream} ${cause.code}`, 'upstream call failed', {
      upstream,
      host: url.hostname,
      port: Number(url.port || 80),
      code: cause.code,
      error: cause.message,
    });
    reject(upstreamFailure(baseUrl, cause));
  };
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const request = httpRequest(url, { method, agent: false, headers, timeout: TIMEOUT_MS }, (response) => {
    let answer = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => {
      answer += chunk;
    });
    response.on('error', fail);
    response.on('end', () => {
      let parsed;
      try {
        parsed = JSON.parse(answer);
      } catch {
        return fail(Object.assign(new Error(`answered ${response.statusCode} without JSON`), { code: 'EPROTO' }));
      }
      if (response.statusCode < 500) return resolve({ status: response.statusCode, body: parsed });
      // The upstream already says which of its own upstreams failed: pass that on, the origin is what helps.
      reject(new Failure(502, parsed.error ?? 'upstream_error', parsed.message ?? 'no message', { ...parsed, via: upstream }));
    });
  });
  request.on('timeout', () => request.destroy(Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' })));
  request.on('error', fail);
  request.end(text);
  return promise;
}
