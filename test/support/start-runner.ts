// A gateway to be killed: starts a local runner (KUBECTL VIEW_SOCKET), hangs a kubectl in it, and says its start on stdout.
import { sessionKubeconfig } from '../../src/gateway/runner/kubeconfig.ts';
import { HOME } from '../../src/gateway/runner/kubectl-runner.ts';
import { startLocalRunner } from '../../src/gateway/runner/local.ts';

const [kubectl, viewSocket] = process.argv.slice(2);
const runner = await startLocalRunner({ kubectl, viewSocket, kubeconfig: sessionKubeconfig({}) });
runner.run({ argv: ['get', '--raw', '/hang'], cwd: HOME, files: new Map(), timeoutMs: 60_000 }).catch(() => {});
process.stdout.write('started\n');
