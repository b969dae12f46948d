/** What the API server says when it refuses (metav1.Status), as far as the gym reads it. */
export interface Status {
  kind?: string;
  reason?: string;
  message?: string;
  code?: number;
  details?: { name?: string; kind?: string; retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
}

/** A request that the API server answered with an error. `message` names the verb and the object and repeats the server's reason. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly status: Status;
  readonly retryAfterMs: number | undefined;

  constructor(what: string, code: number, status: Status, retryAfterMs?: number) {
    super(`${what}: ${status.message ?? `HTTP ${code}`} (${code}${status.reason ? ` ${status.reason}` : ''})`);
    this.name = 'ApiError';
    this.code = code;
    this.reason = status.reason ?? '';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A request that got no answer: refused, reset or timed out. Whether a write took effect is then unknown. */
export class TransportError extends Error {
  /** undici or system code, for example ECONNRESET or UND_ERR_HEADERS_TIMEOUT. */
  readonly code: string;

  constructor(what: string, cause: unknown) {
    const error = cause as { message?: string; code?: string };
    super(`${what}: no answer from the API server: ${error.message || error.code || String(cause)}`, { cause });
    this.name = 'TransportError';
    this.code = error.code ?? '';
  }
}

const is = (error: unknown, test: (e: ApiError) => boolean): boolean => error instanceof ApiError && test(error);

export const isNotFound = (error: unknown): boolean => is(error, (e) => e.code === 404);
/** The object changed since it was read, or another manager owns a field (server-side apply). */
export const isConflict = (error: unknown): boolean => is(error, (e) => e.code === 409 && e.reason !== 'AlreadyExists');
export const isAlreadyExists = (error: unknown): boolean => is(error, (e) => e.reason === 'AlreadyExists');
/** The resourceVersion is too old to resume from. */
export const isGone = (error: unknown): boolean => is(error, (e) => e.code === 410);
export const isInvalid = (error: unknown): boolean => is(error, (e) => e.code === 422);
/** Creation refused because the namespace is going away. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  is(error, (e) => e.code === 403 && (e.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating'));
