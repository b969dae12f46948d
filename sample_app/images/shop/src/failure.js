/** An error that a caller sees: HTTP status and a JSON body. */
export class Failure extends Error {
  constructor(status, error, message, fields = {}) {
    super(message);
    this.status = status;
    this.body = { error, message, ...fields };
  }
}

/** The name of the Service that a URL leads to, whatever the manifests call it. */
export const serviceOf = (url) => url.hostname.split('.')[0];

/** The service at `url` that this one needed did not do its part. */
export function upstreamFailure(url, cause) {
  const upstream = serviceOf(url);
  const code = cause.code ?? cause.name;
  return new Failure(503, 'upstream_unavailable', `${upstream}: ${cause.message || code}`, { upstream, code });
}
