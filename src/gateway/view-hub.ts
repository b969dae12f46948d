import { rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ArenaView } from './view/arena-view.ts';
import { createServingCertificate } from './view/certificate.ts';
import { sendStatus, unauthorized } from './view/status.ts';

/** Where runners reach the hub: a unix socket on this machine, or an address in the cluster. */
export type HubAddress = { socketPath: string } | { host: string; port: number };

/** Name in the certificate; runners relay bytes, so kubectl never resolves it. */
export const HUB_NAME = 'kubernetes';

/** One TLS listener for the arena views of all sessions; the session's bearer token says which view answers, and the view checks it again. */
export class ViewHub {
  readonly ca: string;
  readonly #server: Server;
  readonly #views = new Map<string, ArenaView>();
  #address: HubAddress | undefined;

  constructor() {
    const { key, cert } = createServingCertificate([HUB_NAME]);
    this.ca = cert;
    this.#server = createServer({
      key,
      cert,
      keepAliveTimeout: 90_000,
      headersTimeout: 15_000,
      requestTimeout: 60_000,
      maxHeaderSize: 64 * 1024,
    });
    this.#server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      const view = this.#viewOf(req);
      if (view) void view.handle(req, res);
      else sendStatus(res, unauthorized());
    });
    this.#server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      const view = this.#viewOf(req);
      if (view) void view.handleUpgrade(req, socket, head);
      else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    });
  }

  /** Begins to listen; rejects when the address is taken. */
  async listen(at: HubAddress): Promise<void> {
    if ('socketPath' in at) rmSync(at.socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if ('socketPath' in at) this.#server.listen(at.socketPath, resolve);
      else this.#server.listen(at.port, at.host, resolve);
    });
    const bound = this.#server.address() as AddressInfo | string;
    this.#address = typeof bound === 'string' ? { socketPath: bound } : { host: bound.address, port: bound.port };
  }

  /** Throws before listen. */
  get address(): HubAddress {
    if (!this.#address) throw new Error('The view hub does not listen yet');
    return this.#address;
  }

  add(token: string, view: ArenaView): void {
    this.#views.set(token, view);
  }

  /** Ends what the view still serves; later requests with its token are refused. */
  remove(token: string): void {
    this.#views.get(token)?.close();
    this.#views.delete(token);
  }

  async close(): Promise<void> {
    for (const token of [...this.#views.keys()]) this.remove(token);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  // Tokens are 256 random bits, so that looking one up in a map tells nothing useful by its timing.
  #viewOf(req: IncomingMessage): ArenaView | undefined {
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    return token === undefined ? undefined : this.#views.get(token);
  }
}
