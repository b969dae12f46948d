// The official Python clients against the protocol over scripted sessions. With KUBE_SRE_GYM_URL they play that gateway instead,
// which nobody else may use meanwhile; its HTTP session may be in use already, so one slot less will do there.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { parse } from 'yaml';
import { ScriptedFactory } from '../../src/gateway/openenv/scripted-session.ts';
import { build, type GatewayServer } from '../../src/gateway/server.ts';
import { virtualEnvironment } from './venv.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');
const GATEWAY = process.env.KUBE_SRE_GYM_URL;
const SLOTS = 8;
/** Making a virtual environment takes a minute or two the first time. */
const INSTALL_MS = 600_000;
const CHECK_MS = 300_000;

const run = promisify(execFile);

/** Fails with what the program printed. */
async function succeed(program: string, args: string[]): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd: HERE, timeout: CHECK_MS, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
    return stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout ?? ''}${stderr ?? ''}`);
  }
}

const clients: Record<string, string[]> = {
  'openenv-core==0.2.1': ['check_episode.py', 'check_mcp_sdk.py'],
  'openenv==0.10.0': ['check_mcp.py', 'check_episode.py', 'check_mcp_sdk.py'],
};

describe.each(Object.entries(clients))('%s', (requirement, checks) => {
  let server: GatewayServer | undefined;
  let url: string;
  let bin: string;

  beforeAll(async () => {
    bin = await virtualEnvironment(requirement);
    if (GATEWAY) {
      url = GATEWAY;
      return;
    }
    server = await build({
      factory: new ScriptedFactory(),
      log: pino({ level: 'silent' }),
      version: '0.0.0',
      maxSessions: SLOTS,
      splits: [{ name: 'train', type: 'train', count: 100 }],
    });
    url = await server.app.listen({ host: '127.0.0.1', port: 0 });
  }, INSTALL_MS);
  afterAll(() => server?.app.close());

  // First, while no HTTP session takes a slot.
  test('check_many.py', () => succeed(join(bin, 'python'), ['check_many.py', url, String(GATEWAY ? SLOTS - 1 : SLOTS)]), CHECK_MS);

  test.each(checks)('%s', (check) => succeed(join(bin, 'python'), [check, url]), CHECK_MS);

  if (requirement === 'openenv==0.10.0') {
    test(
      'openenv validate --url',
      async () => {
        expect(await succeed(join(bin, 'openenv'), ['validate', '--url', url])).toContain('Verdict: PASS');
      },
      CHECK_MS,
    );
  }
});

describe('openenv.yaml', () => {
  test(
    'passes the static level of openenv validate',
    async () => {
      const bin = await virtualEnvironment('openenv==0.10.0');
      // The validator refuses packages with symbolic links, and a checkout with node_modules has many.
      const folder = await mkdtemp(join(tmpdir(), 'openenv-manifest-'));
      try {
        await cp(join(ROOT, 'openenv.yaml'), join(folder, 'openenv.yaml'));
        expect(await succeed(join(bin, 'openenv'), ['validate', folder, '--level', 'static'])).toContain('Verdict: PASS');
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    INSTALL_MS,
  );

  test('says what the package says', async () => {
    const manifest = parse(await readFile(join(ROOT, 'openenv.yaml'), 'utf8'));
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'kube_sre_gym', version, port: 8000, validation: { reward: { range: [-2, 10] } } });
  });
});
