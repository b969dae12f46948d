import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A stand-in for an arena view on a unix socket: it says its version, hangs on /hang and never ends /endless. */
export async function startFakeView(): Promise<{ socketPath: string; seen: string[]; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'view-'));
  const socketPath = join(folder, 'view.sock');
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    seen.push(`${request.method} ${url}`);
    if (url.startsWith('/hang')) return;
    response.setHeader('content-type', 'application/json');
    if (url.startsWith('/endless')) {
      const talk = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', talk);
      talk();
    } else if (url.startsWith('/version')) {
      response.end('{"major":"1","minor":"35","gitVersion":"v1.35.4"}');
    } else {
      response.statusCode = 404;
      response.end('{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"nothing here"}');
    }
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
