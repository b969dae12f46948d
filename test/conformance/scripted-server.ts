// The gateway's protocol over scripted sessions, to try clients without a cluster: `node test/conformance/scripted-server.ts [--max-sessions N] [--port N]`
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { ScriptedFactory } from '../../src/gateway/openenv/scripted-session.ts';
import { build } from '../../src/gateway/server.ts';

const { values } = parseArgs({ options: { 'max-sessions': { type: 'string', default: '8' }, port: { type: 'string', default: '0' } } });
const { app } = await build({
  factory: new ScriptedFactory(),
  log: pino({ level: 'warn' }, pino.destination(2)),
  version: '0.0.0',
  maxSessions: Number(values['max-sessions']),
  splits: [{ name: 'train', type: 'train', count: 100 }],
});
console.log(await app.listen({ host: '127.0.0.1', port: Number(values.port) }));
process.on('SIGTERM', () => void app.close());
