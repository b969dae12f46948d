import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** Throws, or resolves with a sentence, when something is not as it should be; undefined is healthy. */
export type Check = () => string | undefined | Promise<string | undefined>;

export interface HealthServerOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Named checks of /healthz: a failure gets the process restarted. */
  healthz?: Record<string, Check>;
  /** Named checks of /readyz: a failure takes the process out of its Service. */
  readyz?: Record<string, Check>;
  /** Served as /metrics. */
  metrics?: Registry;
}

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/** Serves the routes that have something behind them; call it twice for metrics on a port of their own. Rejects when the port is taken. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/healthz' && options.healthz) void answerChecks(response, options.healthz);
    else if (path === '/readyz' && options.readyz) void answerChecks(response, options.readyz);
    else if (path === '/metrics' && options.metrics) void answerMetrics(response, options.metrics);
    else respond(response, 404, 'not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answerChecks(response: ServerResponse, checks: Record<string, Check>): Promise<void> {
  const lines = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        const problem = await check();
        return problem ? `[-]${name} failed: ${problem}` : `[+]${name} ok`;
      } catch (error) {
        return `[-]${name} failed: ${(error as Error).message}`;
      }
    }),
  );
  const failed = lines.some((line) => line.startsWith('[-]'));
  respond(response, failed ? 503 : 200, `${failed ? lines.join('\n') : 'ok'}\n`);
}

async function answerMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    respond(response, 200, await registry.metrics(), registry.contentType);
  } catch (error) {
    respond(response, 500, `${(error as Error).message}\n`);
  }
}

function respond(response: ServerResponse, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
