import { isSet, type KubectlInvocation } from '../../judge/command.ts';

/** What the shell does with a kubectl command. `refuse` is the sentence for the agent; `limitMs` bounds commands that do not end by themselves. */
export type KubectlPolicy = { refuse: string } | { limitMs?: number };

/** How long `-w` and `-f` are shown, in milliseconds. */
export const FOLLOW_MS = 8000;

const ONE_LOGIN = 'kubectl is already set up for this cluster and user, and other logins are not available here';
const FIXED_FLAGS = new Map<string, string>([
  ...['kubeconfig', 'server', 'context', 'cluster', 'user', 'token', 'username', 'password', 'kuberc'].map(
    (flag) => [flag, ONE_LOGIN] as const,
  ),
  ...['certificate-authority', 'client-certificate', 'client-key', 'tls-server-name', 'insecure-skip-tls-verify'].map(
    (flag) => [flag, 'the connection to the cluster is fixed in this shell'] as const,
  ),
  ...['as', 'as-group', 'as-uid', 'as-user-extra'].map((flag) => [flag, 'the on-call user may not impersonate others'] as const),
  ...['profile', 'profile-output', 'cache-dir'].map((flag) => [flag, 'it would only write files outside this shell'] as const),
]);

const CONFIG_READS = /^config (view|current-context|get-contexts|get-clusters|get-users)$/;

const REFUSED_VERBS = new Map<string, string>([
  [
    'edit',
    'there is no editor; use `kubectl patch`, `kubectl set`, or write a file from `-o yaml`, change it with sed and `kubectl apply -f FILE`',
  ],
  ['apply edit-last-applied', 'there is no editor; use `kubectl apply -f FILE`'],
  ['port-forward', 'nothing here could use the port; use `kubectl exec POD -- wget -qO- http://localhost:PORT/PATH`'],
  ['proxy', 'nothing here could use the port; use kubectl directly, e.g. `kubectl get --raw /version`'],
  ['attach', 'there is no terminal; use `kubectl logs POD` or `kubectl exec POD -- COMMAND`'],
  ['diff', 'use `kubectl apply --dry-run=server -o yaml -f FILE` and compare with `kubectl get -o yaml`'],
]);

const BARE_SHELL = /^(?:.*\/)?(?:ba|da|a|z)?sh$/;

/**
 * Decides about one kubectl command. These checks exist for good messages; the walls are the place where kubectl runs and the arena view.
 *
 * @param hasStdin something is piped into the command
 */
export function kubectlPolicy(invocation: KubectlInvocation, hasStdin: boolean): KubectlPolicy {
  const { verb, flags, command } = invocation;
  for (const flag of flags.keys()) {
    const reason = FIXED_FLAGS.get(flag);
    if (reason) return { refuse: `error: --${flag} is not available: ${reason}` };
  }
  if (isSet(flags, 'help')) return {};
  const reason = REFUSED_VERBS.get(verb);
  if (reason) return { refuse: `error: kubectl ${verb} is not available: ${reason}` };
  if (verb.startsWith('config') && !CONFIG_READS.test(verb) && verb !== 'config') {
    return { refuse: `error: kubectl ${verb} is not available: the configuration is fixed; give \`-n NAMESPACE\` with each command` };
  }
  if (isSet(flags, 'edit')) return { refuse: 'error: --edit is not available: there is no editor; change the file before you apply it' };
  for (const flag of ['filename', 'kustomize']) {
    const remote = flags.get(flag)?.find(isRemote);
    if (remote)
      return {
        refuse: `error: ${remote} cannot be read: this shell has no network; write the manifest to a file (cat > f.yaml <<EOF) and use \`-f f.yaml\``,
      };
  }
  if ((verb === 'run' || verb === 'debug') && (isSet(flags, 'stdin') || isSet(flags, 'attach'))) {
    return {
      refuse: `error: kubectl ${verb} cannot attach here: there is no terminal; run \`kubectl exec POD -- COMMAND\` in a pod that is up, or leave out -i and read \`kubectl logs\``,
    };
  }
  if (verb === 'exec' && command.length === 1 && BARE_SHELL.test(command[0]) && !hasStdin) {
    return { refuse: `error: an interactive shell is not available: there is no terminal; use \`kubectl exec POD -- sh -c 'COMMAND'\`` };
  }
  const follows = (verb === 'get' || verb === 'events') && (isSet(flags, 'watch') || isSet(flags, 'watch-only'));
  if (follows || ((verb === 'logs' || verb === 'log') && isSet(flags, 'follow'))) return { limitMs: FOLLOW_MS };
  return {};
}

function isRemote(value: string): boolean {
  return (
    /^[a-z+]+:\/\//i.test(value) ||
    /^git@/.test(value) ||
    /^(?:github|gitlab|bitbucket)\.(?:com|org)\//.test(value) ||
    value.includes('?ref=')
  );
}
