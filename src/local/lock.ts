import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Takes a lock that holds between all processes of this host and network namespace and that the kernel gives back when its holder dies
 * (an abstract Unix socket). Waits for the present holder; `onWait` is called once when it has to. Returns the release function.
 */
export async function lock(name: string, onWait: () => void = () => {}, signal?: AbortSignal): Promise<() => Promise<void>> {
  const address = `\0kube-sre-gym/${name}`;
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted();
    const server = await listen(address);
    if (server) return () => new Promise((resolve) => close(server, resolve));
    if (!waited) onWait();
    signal?.throwIfAborted();
    await ended(address, signal);
  }
}

const sockets = new WeakMap<Server, Set<Socket>>();

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket)).on('error', () => {});
      socket.unref();
    });
    sockets.set(server, open);
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server.unref()));
  });
}

function close(server: Server, done: () => void): void {
  for (const socket of sockets.get(server) ?? []) socket.destroy();
  server.close(() => done());
}

/** Waits until the holder lets go: the connection to it ends. */
function ended(address: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const stop = () => socket.destroy();
    signal?.addEventListener('abort', stop, { once: true });
    socket
      .on('error', () => {})
      .on('close', () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
    socket.resume();
  });
}
