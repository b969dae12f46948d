// Runs inside the namespaces of one local session, started by local.ts: ROOT SOCKET.
import { randomInt } from 'node:crypto';
import { findConfineTools } from './confine.ts';
import { createRunnerServer } from './server.ts';
import { SessionRoot } from './session-root.ts';
import { FIRST_UID, LAST_UID } from './uids.ts';

const [root, socketPath] = process.argv.slice(2);
process.umask(0o022);
const server = createRunnerServer({
  root: new SessionRoot(root),
  tools: findConfineTools(),
  nextUid: () => randomInt(FIRST_UID, LAST_UID),
});
server.listen(socketPath, () => process.stdout.write('ready\n'));
