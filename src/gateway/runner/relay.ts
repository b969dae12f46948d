import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { VIEW_PORT } from './kubectl-runner.ts';
import type { ViewAddress } from './protocol.ts';

/** Leads connections of kubectl to the session's arena view, byte for byte. */
export interface Relay {
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

/** Listens on loopback only. @throws when the port is taken */
export async function startRelay(view: ViewAddress, port = VIEW_PORT): Promise<Relay> {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    const far = 'socketPath' in view ? connect({ path: view.socketPath, allowHalfOpen: true }) : connect({ ...view, allowHalfOpen: true });
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => peer.destroy());
      socket.on('close', () => {
        open.delete(socket);
        peer.destroy();
      });
      socket.pipe(peer);
    }
  });
  server.maxConnections = 64;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
