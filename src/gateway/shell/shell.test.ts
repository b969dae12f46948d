import * as nodeModule from 'node:module';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type KubectlRequest, type KubectlResult, type KubectlRunner, MAX_FILES_BYTES, RunnerLostError } from '../runner/kubectl-runner.ts';

// Jest's module.registerHooks throws; without one, the interpreter's second line of defence does without import hooks, as on older Node.
jest.unstable_mockModule('node:module', () => ({ ...nodeModule, default: nodeModule.default, registerHooks: undefined }));
let createShell: typeof import('./shell.ts').createShell;
beforeAll(async () => {
  ({ createShell } = await import('./shell.ts'));
});

type Answer = Partial<Omit<KubectlResult, 'stdout' | 'stderr'>> & { stdout?: string; stderr?: string };

/** A runner that answers from a function and remembers what it was asked. */
function fakeRunner(answer: (request: KubectlRequest) => Answer | Promise<Answer>) {
  const requests: KubectlRequest[] = [];
  const runner: KubectlRunner = {
    async run(request) {
      requests.push(request);
      const { stdout = '', stderr = '', ...rest } = await answer(request);
      return {
        exitCode: 0,
        truncated: false,
        timedOut: false,
        files: new Map(),
        ...rest,
        stdout: Buffer.from(stdout),
        stderr: Buffer.from(stderr),
      };
    },
    async close() {},
  };
  return { runner, requests };
}

/** kubectl that repeats its arguments on stdout and its stdin on stderr. */
const echo = () =>
  fakeRunner(({ argv, stdin }) => ({ stdout: `${argv.join(' ')}\n`, stderr: stdin?.length ? `stdin ${Buffer.from(stdin)}` : '' }));

/** Ends when its time is over, with what it had said. */
const endless = (stdout: string) =>
  fakeRunner(async ({ timeoutMs }) => {
    await new Promise((resolve) => setTimeout(resolve, timeoutMs));
    return { stdout, exitCode: 137, timedOut: true };
  });

describe('what agents write runs', () => {
  const table: [string, string, string][] = [
    ['a plain command', 'kubectl get pods -n x', 'get pods -n x\n'],
    ['the alias k', 'k get pods', 'get pods\n'],
    ['sudo', 'sudo -n kubectl get "a b"', 'get a b\n'],
    ['a path', '/usr/bin/kubectl get pods', 'get pods\n'],
    ['a pipe', 'kubectl get pods | tr a-z A-Z', 'GET PODS\n'],
    ['awk and sort', "printf 'b 1\\na 2\\n' | sort | awk '{print $1}'", 'a\nb\n'],
    ['jq', `echo '{"a":[1,2]}' | jq -c '.a'`, '[1,2]\n'],
    ['a loop', 'for ns in a b; do kubectl get deploy -n $ns; done', 'get deploy -n a\nget deploy -n b\n'],
    ['a substitution', 'kubectl logs $(echo web-1)', 'logs web-1\n'],
    ['xargs -I{}', 'printf "a\\nb\\n" | xargs -I{} kubectl delete pod/{} -n x', 'delete pod/a -n x\ndelete pod/b -n x\n'],
    ['grep --color', 'kubectl get pods | grep --color=never get | less', 'get pods\n'],
    ['watch with one word', "watch 'kubectl get ns'", 'get ns\n[watch shows the command once; repeat it to see changes]\n'],
    ['xargs', 'echo a b | xargs -n1 kubectl delete pod', 'delete pod a\ndelete pod b\n'],
    ['a trailing comment', 'kubectl get pods # look', 'get pods\n'],
    ['JSON in quotes', `kubectl patch deploy x -p '{"a":"b c"}'`, 'patch deploy x -p {"a":"b c"}\n'],
    ['a heredoc on stdin', 'kubectl apply -f - <<EOF\na:\n  b: 1\nEOF', 'apply -f -\nstdin a:\n  b: 1\n'],
    ['|| after a failure', 'false || kubectl get ns', 'get ns\n'],
    ['bash -c', `bash -c 'kubectl get ns'`, 'get ns\n'],
    ['watch, once', 'watch -n 2 kubectl get ns', 'get ns\n[watch shows the command once; repeat it to see changes]\n'],
    ['time', 'timeout 5s kubectl get ns', 'get ns\n'],
  ];
  test.each(table)('%s', async (_name, line, stdout) => {
    const result = await createShell({ runner: echo().runner }).exec(line);
    expect(result).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  test('stderr keeps its place among the output', async () => {
    const { runner } = fakeRunner(({ argv }) => ({ stdout: `out ${argv[0]}\n`, stderr: `err ${argv[0]}\n` }));
    expect((await createShell({ runner }).exec('kubectl a; kubectl b')).stdout).toBe('out a\nerr a\nout b\nerr b\n');
    expect((await createShell({ runner }).exec('kubectl a 2>/dev/null')).stdout).toBe('out a\n');
  });

  test('exit codes and calls are told', async () => {
    const { runner } = fakeRunner(({ argv }) => ({ exitCode: argv[0] === 'bad' ? 3 : 0 }));
    const result = await createShell({ runner }).exec('kubectl good; kubectl bad');
    expect(result.exitCode).toBe(3);
    expect(result.kubectlCalls).toEqual([
      { argv: ['good'], exitCode: 0 },
      { argv: ['bad'], exitCode: 3 },
    ]);
  });

  test('output that is not text passes unharmed through a pipe', async () => {
    const bytes = Buffer.from([0, 255, 254, 10, 128]);
    const { runner } = fakeRunner(() => ({}));
    const binary: KubectlRunner = { ...runner, run: async (request) => ({ ...(await runner.run(request)), stdout: bytes }) };
    expect((await createShell({ runner: binary }).exec('kubectl exec x -- cat y | base64')).stdout).toBe(`${bytes.toString('base64')}\n`);
  });

  test('UTF-8 is shown as such', async () => {
    const { runner } = fakeRunner(() => ({ stdout: 'café ✓\n' }));
    expect((await createShell({ runner }).exec('kubectl logs x; kubectl logs x | cat')).stdout).toBe('café ✓\ncafé ✓\n');
  });
});

describe('the session', () => {
  test('keeps files, folder and variables, and shows the files to kubectl', async () => {
    const { runner, requests } = echo();
    const shell = createShell({ runner });
    await shell.exec('mkdir -p /work/app && cd /work/app && cat > f.yaml <<EOF\nkind: Pod\n  a: b\nEOF\nNS=payments');
    const result = await shell.exec('kubectl apply -n $NS -f f.yaml');
    expect(result.stdout).toBe('apply -n payments -f f.yaml\n');
    expect(requests[0].cwd).toBe('/work/app');
    expect([...requests[0].files].map(([path, content]) => [path, Buffer.from(content).toString()])).toEqual([
      ['/work/app/f.yaml', 'kind: Pod\n  a: b\n'],
    ]);
  });

  test('receives the files that kubectl writes', async () => {
    const { runner } = fakeRunner(() => ({ files: new Map([['/home/user/logs/a.log', Buffer.from('boom\n')]]) }));
    const shell = createShell({ runner });
    await shell.exec('kubectl cp web:/logs logs');
    expect((await shell.exec('cat logs/a.log')).stdout).toBe('boom\n');
  });

  test('has a small disk', async () => {
    let name = 0;
    const { runner, requests } = fakeRunner(() => ({ files: new Map([[`/tmp/f${name++}`, Buffer.alloc(1_500_000, 'x')]]) }));
    const shell = createShell({ runner });
    const copies = await shell.exec('kubectl cp a:/f f; kubectl cp a:/f f; kubectl cp a:/f f');
    expect(copies.stdout).toMatch(/^error: not all files could be kept: ENOSPC/);
    expect(await shell.exec('cat /tmp/f0 > more')).toMatchObject({ exitCode: 1, stderr: 'bash: write error: No space left on device\n' });
    await shell.exec('kubectl get x');
    const bytes = [...(requests.at(-1)?.files.values() ?? [])].reduce((sum, content) => sum + content.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(3_000_000);
    expect(bytes).toBeLessThanOrEqual(MAX_FILES_BYTES);
  });

  test('with too many files says so', async () => {
    const shell = createShell({ runner: echo().runner });
    await shell.exec('touch f{1..600}');
    expect((await shell.exec('kubectl get x')).stdout).toBe('error: there are more than 512 files here; remove some\n');
  });

  test('two sessions share nothing', async () => {
    const runner = echo().runner;
    const [a, b] = [createShell({ runner }), createShell({ runner })];
    await a.exec('echo secret > /tmp/x; V=1');
    expect((await b.exec('cat /tmp/x; echo "[$V]"')).stdout).toMatch(/No such file.*\n\[\]/);
  });

  test('nothing of this machine is in it', async () => {
    const shell = createShell({ runner: echo().runner });
    const { stdout } = await shell.exec('ls /; ls /etc /root /proc; cat /etc/passwd /proc/1/environ /proc/version; env; hostname; help');
    expect(stdout).not.toMatch(/root:x:|just-bash|gym|PATH=.*node/i);
  });
});

describe('what the shell does not have', () => {
  test.each(['curl', 'ssh', 'helm', 'python', 'python3', 'vi', 'systemctl', 'docker', 'node', 'js-exec', 'sqlite3'])(
    '%s is not found, and what there is is named',
    async (program) => {
      const result = await createShell({ runner: echo().runner }).exec(`${program} --version`);
      expect(result.exitCode).toBe(127);
      expect(result.stdout).toMatch(new RegExp(`^bash: ${program}: command not found\nThis shell has kubectl, `));
    },
  );

  test('a syntax error is one', async () => {
    const { runner, requests } = echo();
    const result = await createShell({ runner }).exec('kubectl get pods\nif true; then kubectl delete pod x');
    expect(result).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^bash: line \d+: /) });
    expect(requests).toEqual([]);
  });
});

describe('report', () => {
  test('is taken from the line', async () => {
    const result = await createShell({ runner: echo().runner }).exec('kubectl get pods && report no-fault');
    expect(result).toMatchObject({ report: 'no-fault', exitCode: 0 });
  });
  test('only knows its verdicts', async () => {
    const result = await createShell({ runner: echo().runner }).exec('report done');
    expect(result.report).toBeUndefined();
    expect(result.stdout).toMatch(/Unknown report "done"/);
  });
  test('of an earlier line does not count', async () => {
    const shell = createShell({ runner: echo().runner });
    await shell.exec('report resolved');
    expect((await shell.exec('true')).report).toBeUndefined();
  });
});

describe('limits', () => {
  test('a line that takes too long returns what it has, and later kubectl commands do not run', async () => {
    const { runner, requests } = endless('half\n');
    const result = await createShell({ runner }).exec('echo start; kubectl wait pod/x | sed s/h/H/; kubectl delete pod x', {
      timeoutMs: 200,
    });
    expect(result).toMatchObject({ exitCode: 124, stderr: '[stopped after 0.2 s]\n' });
    expect(result.stdout).toBe('start\nHalf\n[not run: kubectl delete pod x]\n');
    expect(requests).toHaveLength(1);
  });

  test('sleep ends with the line', async () => {
    const result = await createShell({ runner: echo().runner }).exec('echo a; sleep 30', { timeoutMs: 100 });
    expect(result).toMatchObject({ stdout: 'a\n', exitCode: 124, stderr: '[stopped after 0.1 s]\n' });
  });

  test('timeout N shows what came and says 124; the line goes on', async () => {
    const { runner } = endless('log line\n');
    const result = await createShell({ runner }).exec('timeout 0.1 kubectl logs -f x; echo code $?', { timeoutMs: 5000 });
    expect(result).toMatchObject({ stdout: 'log line\ncode 124\n', stderr: '', exitCode: 0 });
  });

  test.each([
    ['endless loop', 'while true; do :; done'],
    ['endless loop that talks', 'while true; do echo x; done'],
    ['endless recursion', 'f() { f; }; f'],
    ['fork bomb', ':(){ :|:& };:'],
    ['endless awk', 'awk "BEGIN{while(1){}}"'],
    ['huge sequence', 'seq 1 100000000'],
    ['doubling string', 'x=aaaaaaaa; while true; do x=$x$x; done'],
    ['regular expression that backtracks', `echo ${'a'.repeat(40)}! | grep -E '^(a+)+$'`],
    ['regular expression that backtracks in bash', `[[ ${'a'.repeat(40)}! =~ ^(a+)+$ ]]`],
    ['regular expression that backtracks in jq', `echo '"${'a'.repeat(40)}!"' | jq 'test("^(a+)+$")'`],
    ['regular expression that backtracks in sed', `echo ${'a'.repeat(40)}! | sed -E 's/^(a+)+$/x/'`],
    ['regular expression that backtracks in awk', `echo ${'a'.repeat(40)}! | awk '/^(a+)+$/'`],
  ])('%s ends', async (_name, line) => {
    const result = await createShell({ runner: echo().runner }).exec(line);
    expect(result.durationMs).toBeLessThan(15_000);
    expect(`${result.stdout}${result.stderr}`).not.toMatch(/executionLimits/);
  });

  test('kubectl gets what is left of the time', async () => {
    const { runner, requests } = echo();
    await createShell({ runner }).exec('sleep 0.1; kubectl get pods', { timeoutMs: 2000 });
    expect(requests[0].timeoutMs).toBeGreaterThan(500);
    expect(requests[0].timeoutMs).toBeLessThanOrEqual(1905);
  });

  test('a lost runner is no answer but an error', async () => {
    const { runner } = fakeRunner(() => {
      throw new RunnerLostError('gone');
    });
    await expect(createShell({ runner }).exec('kubectl get pods || true')).rejects.toThrow(RunnerLostError);
  });

  test('a caller that leaves ends kubectl', async () => {
    const leave = new AbortController();
    const { runner } = fakeRunner(async ({ signal }) => {
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('killed')), { once: true }));
      return {};
    });
    const running = createShell({ runner }).exec('kubectl logs x', { signal: leave.signal });
    setTimeout(() => leave.abort(new Error('left')), 50);
    await expect(running).rejects.toThrow('left');
  });
});
