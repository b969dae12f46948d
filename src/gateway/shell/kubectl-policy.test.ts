import { describe, expect, test } from '@jest/globals';
import { parseCommand } from '../../judge/command.ts';
import { FOLLOW_MS, kubectlPolicy } from './kubectl-policy.ts';

const decide = (line: string, hasStdin = false) => kubectlPolicy(parseCommand(line).kubectl[0], hasStdin);

describe('kubectl runs', () => {
  test.each([
    'kubectl get pods -A -o wide',
    'kubectl logs web --tail=20 --previous',
    'kubectl exec -it web -- ls /',
    `kubectl exec web -- sh -c 'env'`,
    'kubectl edit --help',
    'kubectl config view',
    'kubectl config current-context',
    'kubectl apply -f ./deploy/',
    'kubectl apply -k overlays/x',
    'kubectl run x --image=busybox -- sleep 1',
    'kubectl rollout status deploy/x',
    'kubectl wait --for=condition=Ready pod/x --timeout=10s',
    'kubectl logs deploy/x -f=false',
    'kubectl get pods -v=6',
    'kubectl frobnicate',
    'kubectl',
  ])('%s', (line) => expect(decide(line)).toEqual({}));
  test('a shell in a pod that reads a script', () => expect(decide('kubectl exec -i web -- sh', true)).toEqual({}));
});

describe('kubectl is bounded', () => {
  test.each([
    'kubectl get pods -w',
    'kubectl get pods --watch-only',
    'kubectl logs -f web',
    'kubectl logs web --follow',
    'kubectl events -w',
  ])('%s', (line) => expect(decide(line)).toEqual({ limitMs: FOLLOW_MS }));
});

describe('kubectl is refused with a reason', () => {
  const table: [string, RegExp][] = [
    ['kubectl --kubeconfig=/x get pods', /--kubeconfig is not available: kubectl is already set up/],
    ['kubectl get pods -s https://10.0.0.1', /--server is not available/],
    ['kubectl get pods --context prod', /--context is not available/],
    ['kubectl get pods --token abc', /--token is not available/],
    ['kubectl get pods --as=admin', /--as is not available: the on-call user may not impersonate/],
    ['kubectl get pods --as-group=system:masters --as=x', /--as-group is not available/],
    ['kubectl get pods --insecure-skip-tls-verify', /connection to the cluster is fixed/],
    ['kubectl get pods --profile=cpu --profile-output=/x', /--profile is not available/],
    ['kubectl get pods --cache-dir /x', /--cache-dir is not available/],
    ['kubectl edit deploy x', /there is no editor; use `kubectl patch`/],
    ['kubectl create deployment x --image=y --edit', /--edit is not available/],
    ['kubectl port-forward svc/x 80', /kubectl exec POD -- wget/],
    ['kubectl proxy', /not available/],
    ['kubectl attach x', /kubectl logs POD/],
    ['kubectl diff -f x.yaml', /--dry-run=server/],
    ['kubectl config set-context --current --namespace=x', /give `-n NAMESPACE` with each command/],
    ['kubectl apply -f https://example.com/x.yaml', /https:\/\/example.com\/x.yaml cannot be read: this shell has no network/],
    ['kubectl apply -k github.com/a/b?ref=c', /no network/],
    ['kubectl apply --kustomize https://example.com/x', /no network/],
    ['kubectl exec -it web -- /bin/bash', /sh -c 'COMMAND'/],
    ['kubectl run -it x --image=y --rm -- sh', /cannot attach/],
    ['kubectl debug -it web --image=y', /cannot attach/],
  ];
  test.each(table)('%s', (line, reason) => expect(decide(line)).toEqual({ refuse: expect.stringMatching(reason) }));
});
