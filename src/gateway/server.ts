import { randomUUID } from 'node:crypto';
import websocket from '@fastify/websocket';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { type Clock, systemClock } from '../kube/clock.ts';
import { installErrors, refuseBrowserScripts, registerControl } from './openenv/http.ts';
import { Mcp } from './openenv/mcp.ts';
import { openApiDocument } from './openenv/openapi.ts';
import { Sessions } from './openenv/sessions.ts';
import { serveSocket } from './openenv/socket.ts';
import { ENVIRONMENT, registerTasks, type TaskSplit } from './openenv/tasks.ts';
import { MAX_FRAME_BYTES, publishedSchemas } from './openenv/wire.ts';
import { GATEWAY_STOPS, type SessionFactory } from './session-api.ts';
import { docsPage, homePage } from './web/pages.ts';

/** Clients wait 60 s for an answer and then lose step with the server. */
const ANSWER_WITHIN_MS = 50_000;
/** Bigger frames are cut off by the socket (close code 1009); up to here they get an error that says why. */
const HARD_FRAME_BYTES = 8 * MAX_FRAME_BYTES;
const DRAIN_LIMIT_MS = 10_000;
/** What a client has to answer the close frame of a gateway that stops. */
const CLOSE_HANDSHAKE_MS = 1_000;
const KEEPALIVE_MS = 30_000;

const DESCRIPTION =
  'A real Kubernetes cluster with a real incident in it. The agent gets a pager alert and a shell with kubectl; it finds the cause, fixes it and is scored.';

export interface ServerOptions {
  factory: SessionFactory;
  log: FastifyBaseLogger;
  /** Version of the gym, for /metadata and MCP. */
  version: string;
  /** Sessions at once, over all channels. Default 8. */
  maxSessions?: number;
  /** What the Task API offers. */
  splits: readonly TaskSplit[];
  /** OPENENV_MODE=production: no /reset, /step, /state over HTTP. */
  production?: boolean;
  clock?: Clock;
  newId?: () => string;
  answerWithinMs?: number;
}

export interface GatewayServer {
  /** Not listening yet. close() ends all sessions first. */
  app: FastifyInstance;
  /** For gauges: `active` and `max`. */
  sessions: Sessions;
}

/** Builds the OpenEnv server over `factory`. The caller listens, on loopback unless told otherwise. */
export async function build(options: ServerOptions): Promise<GatewayServer> {
  const { factory, log, version, splits, maxSessions = 8, production = false, clock = systemClock } = options;
  const { newId = randomUUID, answerWithinMs = ANSWER_WITHIN_MS } = options;
  const sessions = new Sessions({ factory, maxSessions, answerWithinMs, clock, newId, log });
  const mcp = new Mcp({ sessions, version, log });

  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_FRAME_BYTES,
    forceCloseConnections: true,
  });
  installErrors(app, log);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  await app.register(websocket, {
    options: { maxPayload: HARD_FRAME_BYTES },
    // ws closes the socket with the right code by itself.
    errorHandler: (error, _socket, request) => request.log.debug({ err: error }, 'Socket failed'),
    preClose: () => closeSockets(app, clock).then(() => sessions.drain(GATEWAY_STOPS, DRAIN_LIMIT_MS)),
  });

  // After the plugin, whose own hook must see a refused upgrade to drop its connection.
  app.addHook('onRequest', refuseBrowserScripts);

  app.get('/ws', { websocket: true }, (socket, request) => {
    const { session_id } = request.query as { session_id?: string };
    // A peer that vanished without a word must not hold its slot for ever; clients too busy to answer a ping stay.
    request.raw.socket.setKeepAlive(true, KEEPALIVE_MS);
    serveSocket(socket, session_id, { sessions, mcp, clock, log });
  });
  if (!production) registerControl(app, sessions);
  registerTasks(app, splits);

  app.post('/mcp', async (request, reply) => {
    const answer = await mcp.handleText(typeof request.body === 'string' ? request.body : '');
    return answer === undefined ? reply.code(202).send() : reply.send(answer);
  });
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    handler: (_request, reply) => reply.code(405).header('allow', 'POST').send({ detail: 'Method Not Allowed' }),
  });

  const openApi = openApiDocument(production, DESCRIPTION);
  const metadata = {
    name: ENVIRONMENT,
    description: DESCRIPTION,
    readme_content: null,
    version,
    author: 'Kube SRE Gym authors',
    documentation_url: null,
  };
  app.get('/health', async () => ({ status: 'healthy' }));
  app.get('/metadata', async () => metadata);
  app.get('/schema', async () => publishedSchemas);
  app.get('/openapi.json', async () => openApi);
  app.get('/docs', (_request, reply) => reply.type('text/html').send(docsPage(production)));
  app.get('/', (_request, reply) => reply.redirect('web'));
  app.get('/web', (request, reply) =>
    reply.type('text/html').send(
      homePage({
        host: request.host,
        secure: request.headers['x-forwarded-proto'] === 'https',
        active: sessions.active,
        max: sessions.max,
        version,
      }),
    ),
  );
  return { app, sessions };
}

async function closeSockets(app: FastifyInstance, clock: Clock): Promise<void> {
  for (const socket of app.websocketServer.clients) {
    socket.close(1001, 'The gateway stops');
    // Cancelled with the socket: a stopping process does not wait for it.
    socket.once(
      'close',
      clock.setTimeout(() => socket.terminate(), CLOSE_HANDSHAKE_MS),
    );
  }
}
