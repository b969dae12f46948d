import { describe, expect, test } from '@jest/globals';
import { classifyKubectl, cleanLine, parseCommand } from './command.ts';

const brief = (line: string) =>
  parseCommand(line).kubectl.map(({ verb, targets, namespace, mutating }) =>
    [
      verb,
      targets.map(({ resource, name }) => (name ? `${resource}/${name}` : resource)).join(','),
      namespace ? `in ${namespace}` : '',
      mutating ? 'mutating' : '',
    ]
      .filter(Boolean)
      .join(' '),
  );

describe('parseCommand finds the kubectl commands of a line', () => {
  const table: [string, string, string[]][] = [
    ['a plain read', 'kubectl get pods -n payments', ['get pod in payments']],
    ['a namespace glued to -n', 'kubectl get po -npayments', ['get pod in payments']],
    ['a namespace before the verb', 'kubectl --namespace payments get deploy web', ['get deployment/web in payments']],
    ['a namespace after =', 'kubectl -n=auth get deployments.apps', ['get deployment in auth']],
    ['the alias k under sudo', 'sudo k scale deployment x --replicas=1', ['scale deployment/x mutating']],
    ['a path to kubectl', '/usr/local/bin/kubectl delete pod a b', ['delete pod/a,pod/b mutating']],
    ['type/name pairs', 'kubectl delete deploy/a svc/b -n x', ['delete deployment/a,service/b in x mutating']],
    ['several kinds at once', 'kubectl get pods,svc', ['get pod,service']],
    ['set image', 'kubectl set image deployment/payment-api api=shop:2', ['set image deployment/payment-api mutating']],
    ['set env --list', 'kubectl set env deploy/x --list', ['set env deployment/x']],
    ['rollout undo', 'kubectl rollout undo deploy x --to-revision=2', ['rollout undo deployment/x mutating']],
    ['rollout status', 'kubectl rollout status deploy/x', ['rollout status deployment/x']],
    ['a dry run changes nothing', 'kubectl delete pod x --dry-run=server', ['delete pod/x']],
    ['a bare --dry-run changes nothing', 'kubectl apply --dry-run -f x.yaml', ['apply']],
    ['--dry-run=none changes things', 'kubectl delete pod x --dry-run=none', ['delete pod/x mutating']],
    ['logs -f is a switch', 'kubectl logs -f web -c app', ['logs pod/web']],
    ['logs of a deployment, previous', 'kubectl logs -p deploy/web -n frontend', ['logs deployment/web in frontend']],
    ['patch -p takes a value', `kubectl patch deploy web -p '{"spec":{}}'`, ['patch deployment/web mutating']],
    ['exec ends at --', 'kubectl exec -it web -n frontend -- sh -c "kubectl delete x"', ['exec pod/web in frontend']],
    ['pipes and &&', 'kubectl get pods | grep -v Running && kubectl describe pod a', ['get pod', 'describe pod/a']],
    ['a substitution comes first', 'kubectl logs $(kubectl get pods -o name | head -1)', ['get pod', 'logs pod/$(...)']],
    [
      'a for loop over words',
      'for d in web api; do kubectl rollout restart deploy/$d; done',
      ['rollout restart deployment/web mutating', 'rollout restart deployment/api mutating'],
    ],
    ['a loop over what kubectl says', 'for p in $(kubectl get po -o name); do kubectl delete $p; done', ['get pod', 'delete $p mutating']],
    ['a variable', 'NS=auth; kubectl get deploy -n $NS', ['get deployment in auth']],
    ['braces', 'kubectl delete pod web-{1..3}', ['delete pod/web-1,pod/web-2,pod/web-3 mutating']],
    ['xargs', 'kubectl get po -o name | xargs -n1 kubectl delete', ['get pod', 'delete mutating']],
    ['sh -c', `bash -c 'kubectl get ns && kubectl get po'`, ['get namespace', 'get pod']],
    ['timeout and env', 'env A=1 timeout -s KILL 5 kubectl get events', ['get event']],
    ['a heredoc', 'kubectl apply -f - <<EOF\nkind: Pod\nEOF', ['apply mutating']],
    ['a trailing comment', 'kubectl get pods # then kubectl delete pod x', ['get pod']],
    ['a quoted word is no command', 'echo "kubectl delete pod x"', []],
    ['create with a type', 'kubectl create secret generic db --from-literal=a=b', ['create secret/db mutating']],
    ['a token is no change', 'kubectl create token default', ['create token/default']],
    ['cp names the pod', 'kubectl cp ./a web-1:/tmp/a', ['cp pod/web-1']],
    ['label data is no target', 'kubectl label deploy web tier=front old-', ['label deployment/web mutating']],
    ['auth can-i', 'kubectl auth can-i delete pods', ['auth can-i pod']],
    ['no verb', 'kubectl --help', ['']],
  ];
  test.each(table)('%s', (_name, line, expected) => expect(brief(line)).toEqual(expected));

  test('other programs are named', () => expect(parseCommand('kubectl get po | grep x; sleep 1').programs).toEqual(['grep', 'sleep']));
  test('what is no shell has a syntax error and no commands', () => {
    const parsed = parseCommand('kubectl get pods | | (');
    expect(parsed.kubectl).toEqual([]);
    expect(parsed.syntaxError).toBeTruthy();
  });
  test('nested loops stay bounded', () => {
    const loop = 'for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do kubectl get pod $a$b$c; done; done; done';
    expect(parseCommand(loop).kubectl.length).toBeLessThanOrEqual(64);
    expect(parseCommand(loop.replace('kubectl get pod $a$b$c', ':')).programs.length).toBeLessThanOrEqual(2000);
  });
});

describe('normalized', () => {
  const same: [string, string, string][] = [
    ['alias and short kind', 'k get po -n payments', 'kubectl get pods --namespace=payments'],
    ['flag order', 'kubectl get pods -o wide -n a', 'kubectl -n a get pods -owide'],
    ['slash or space', 'kubectl scale deploy/x --replicas=1', 'kubectl scale deployment x --replicas 1'],
    ['quotes and spaces', `kubectl  get 'pods'`, 'kubectl get pods # again'],
    ['sudo', 'sudo kubectl get pods', 'kubectl get pods'],
  ];
  test.each(same)('is the same for %s', (_name, a, b) => expect(parseCommand(a).normalized).toBe(parseCommand(b).normalized));

  const different: [string, string, string][] = [
    ['another object', 'kubectl get pod a', 'kubectl get pod b'],
    ['another namespace', 'kubectl get pod -n a', 'kubectl get pod -n b'],
    ['another filter', 'kubectl get pods | grep a', 'kubectl get pods | grep b'],
    ['another heredoc', 'kubectl apply -f - <<EOF\na: 1\nEOF', 'kubectl apply -f - <<EOF\na: 2\nEOF'],
    ['another image', 'kubectl set image deploy/x a=b', 'kubectl set image deploy/x a=c'],
    ['another command in the pod', 'kubectl exec x -- ls', 'kubectl exec x -- env'],
  ];
  test.each(different)('differs for %s', (_name, a, b) => expect(parseCommand(a).normalized).not.toBe(parseCommand(b).normalized));
});

describe('classifyKubectl', () => {
  test('keeps flags by their long names, switches and command apart', () => {
    const it = classifyKubectl(['exec', '-it', 'web', '-c=app', '--request-timeout', '5s', '--', 'ls', '-l']);
    expect(Object.fromEntries(it.flags)).toEqual({ stdin: ['true'], tty: ['true'], container: ['app'], 'request-timeout': ['5s'] });
    expect(it.command).toEqual(['ls', '-l']);
    expect(it.readOnly).toBe(true);
  });
  test('a flag at the end without its value does no harm', () => expect(classifyKubectl(['get', 'pods', '-n']).namespace).toBe(''));
});

describe('cleanLine takes off', () => {
  const table: [string, string, string][] = [
    ['a fence', '```bash\nkubectl get pods\n```', 'kubectl get pods'],
    ['a fence on one line', '```kubectl get pods```', 'kubectl get pods'],
    ['backticks', '`kubectl get pods`', 'kubectl get pods'],
    ['a prompt', '$ kubectl get pods', 'kubectl get pods'],
    ['fix: in any case', 'FIX: kubectl get pods', 'kubectl get pods'],
    ['all of them', '```\nFix:  $ kubectl get pods\n```', 'kubectl get pods'],
    ['nothing from a variable', '$CMD get pods', '$CMD get pods'],
    ['nothing from a heredoc', 'cat <<EOF\n  a: 1\n\nEOF', 'cat <<EOF\n  a: 1\n\nEOF'],
  ];
  test.each(table)('%s', (_name, text, expected) => expect(cleanLine(text)).toBe(expected));
});
