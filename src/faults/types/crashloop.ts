import { findWorkload } from '../../health/arena-view.ts';
import { restartingAlert } from '../alerts.ts';
import { attempt, editAttempts, jsonPatchLine, patchContainerLine, ref, undo, updateContainer } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { oneOf } from '../params.ts';
import { containerStatuses, observedRunSeconds, patchContainer, rolledOut, targetContainer } from '../target.ts';

const FILES = ['config.yaml', 'settings.toml', 'production.yaml', 'app.conf'];

/** What the container is told to run instead: arguments its program does not know, or a program that its image does not have. */
const broken = (target: { name: string }, mode: string, file: string) =>
  mode === 'args' ? { args: [`--config=/etc/${target.name}/${file}`] } : { command: [`/opt/${target.name}/bin/${target.name}`] };

/** Sets command and args to what they were; a strategic patch deletes what is null. */
const original = (context: FaultContext) => {
  const { command, args } = targetContainer(context.deployment, context.target);
  return { command: command ?? null, args: args ?? null };
};

export const crashloop: Fault = {
  type: 'crashloop',
  description: 'The container is started with arguments its program refuses, or with a program that does not exist, and exits at once.',
  diagnosisTerms: ['crashloop', 'crash loop', 'command', 'args', 'argument', 'entrypoint', 'wrong command'],
  difficulty: 0.25,
  params: {
    mode: oneOf('What is wrong: args (arguments that the program refuses) or command (a program that does not exist)', () => [
      'args',
      'command',
    ]),
    file: {
      description: 'File name in the wrong arguments',
      cosmetic: true,
      values: () => FILES,
      problem: (value) => (/^[\w.-]{1,40}$/.test(value) ? undefined : 'must be a plain file name of at most 40 characters'),
    },
  },
  canTarget: () => true,
  inject: (context, { mode, file }) => [patchContainer(context, broken(context.target, mode, file))],
  symptom: ({ target }, view) => {
    const w = rolledOut(view, target);
    if (!w) return undefined;
    const { name } = targetContainer(w.baseline, target);
    const crashed = containerStatuses(w, name).find(
      ({ status }) =>
        ['CrashLoopBackOff', 'RunContainerError'].includes(status.state?.waiting?.reason ?? '') ||
        (status.state?.terminated ?? status.lastState?.terminated)?.exitCode,
    );
    return crashed && `Pod ${crashed.pod}: container ${name} exits right after its start`;
  },
  recurrenceSeconds: ({ target }, view) => observedRunSeconds(findWorkload(view, target)),
  proof: () => [],
  alert: restartingAlert,
  referenceFix: (context) => attempt('patch command and args to what they were', patchContainerLine(context, original(context))),
  honestFixes: (context, { mode }) => {
    const { command, args } = targetContainer(context.deployment, context.target);
    const field = mode === 'args' ? 'args' : 'command';
    const was = mode === 'args' ? args : command;
    const operation = was ? { op: 'replace', path: `/${field}`, value: was } : { op: 'remove', path: `/${field}` };
    return [
      undo(context),
      attempt('JSON patch of what was wrong', jsonPatchLine(context, [operation])),
      ...editAttempts(context, updateContainer(context, `.${field} = ${JSON.stringify(was ?? null)}`)),
      ...(context.deployment.spec.strategy?.type === 'Recreate'
        ? []
        : [
            attempt(
              'patch, then run one more than before',
              `${patchContainerLine(context, original(context))} && kubectl scale ${ref(context)} --replicas=${(context.deployment.spec.replicas ?? 1) + 1}`,
            ),
          ]),
    ];
  },
  cheats: (context) => [
    attempt('restart the pods', `kubectl rollout restart ${ref(context)}`),
    attempt(
      'a command that never ends',
      patchContainerLine(context, { command: ['sh', '-c', 'while true; do sleep 5; done'], args: null }),
    ),
  ],
};
