import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import * as k8s from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

/** How long credentials are reused before files and plugins are asked again; a 401 asks at once. */
const CREDENTIALS_TTL_MS = 5000;
/** As client-go: below the idle limits of load balancers. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** What client-node falls back to when it finds no configuration at all. */
const INVENTED_SERVER = 'http://localhost:8080';
const NO_CLUSTER = 'No Kubernetes cluster is configured; set KUBECONFIG, pass --kubeconfig, or start one with gymctl up';

/** What a request needs: where to, through which sockets, as whom. */
export interface Connection {
  server: string;
  dispatcher: Dispatcher;
  headers: Record<string, string>;
}

/**
 * client-node 2.0.1 makes a new undici Agent for every request, so sockets pile up; this one keeps a dispatcher for as long as the
 * certificates stay the same. HTTP/1.1, which measured faster than HTTP/2 here and gives each watch a connection of its own.
 */
export class KubeConfig extends k8s.KubeConfig {
  #dispatcher: Dispatcher | undefined;
  #identity = '';
  #connection: { value: Connection; until: number } | undefined;

  /** Current connection; credentials are refreshed every few seconds. Throws when no cluster is configured. */
  async connection(): Promise<Connection> {
    if (this.#connection && this.#connection.until > Date.now()) return this.#connection.value;
    const server = this.getCurrentCluster()?.server.replace(/\/+$/, '');
    if (!server) throw new Error(NO_CLUSTER);
    const context = new k8s.RequestContext(`${server}/`, k8s.HttpMethod.GET);
    await this.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (!dispatcher) throw new Error(`No connection could be made for ${server}`);
    const value = { server, dispatcher, headers: context.getHeaders() };
    this.#connection = { value, until: Date.now() + CREDENTIALS_TTL_MS };
    return value;
  }

  /** Forgets the cached credentials: after a 401, or once a kubeconfig was edited. */
  refreshCredentials(): void {
    this.#connection = undefined;
  }

  override async applySecurityAuthentication(context: k8s.RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const options: RequestOptions = {};
    await this.applyToHTTPSOptions(options);
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const identity = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    if (!this.#dispatcher || identity !== this.#identity) {
      const old = this.#dispatcher;
      const proxied = this.getCurrentCluster()?.proxyUrl ? context.getDispatcher() : undefined;
      this.#dispatcher =
        proxied ?? new Agent({ allowH2: false, connect: { ...defined(tls), keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS } });
      this.#identity = identity;
      void old?.close();
    }
    context.setDispatcher(this.#dispatcher);
  }

  /** Closes every socket; requests under way fail. */
  async close(): Promise<void> {
    this.#connection = undefined;
    await this.#dispatcher?.destroy();
    this.#dispatcher = undefined;
  }
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export interface LoadOptions {
  /** kubeconfig file; else $KUBECONFIG, else the pod's service account, else ~/.kube/config. */
  path?: string;
  /** Context of that file; its current one by default. */
  context?: string;
}

/** Loads a configuration; throws with what to do when there is none, or the file or the context does not exist. */
export function loadKubeConfig(options: LoadOptions = {}): KubeConfig {
  const config = new KubeConfig();
  const path = options.path;
  if (path) {
    if (!existsSync(path)) throw new Error(`The kubeconfig ${path} does not exist`);
    config.loadFromFile(path);
  } else if (!process.env.KUBECONFIG && process.env.KUBERNETES_SERVICE_HOST) config.loadFromCluster();
  else {
    config.loadFromDefault();
    const cluster = config.getCurrentCluster();
    if (cluster?.server === INVENTED_SERVER && !cluster.skipTLSVerify) throw new Error(NO_CLUSTER);
  }
  if (options.context) {
    if (!config.getContextObject(options.context)) {
      const known = config.getContexts().map((c) => c.name);
      throw new Error(`The kubeconfig has no context ${options.context}; it has ${known.join(', ') || 'none'}`);
    }
    config.setCurrentContext(options.context);
  }
  return config;
}
