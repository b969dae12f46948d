import { imageRepository } from '../../health/template.ts';
import { unavailableAlert } from '../alerts.ts';
import { attempt, editAttempts, patchContainerLine, ref, undo, updateContainer } from '../attempts.ts';
import type { Fault, FaultContext } from '../fault.ts';
import { oneOf } from '../params.ts';
import { containerStatuses, patchContainer, rolledOut, targetContainer } from '../target.ts';

const TAG = /^[\w][\w.-]{0,127}$/;
const SUFFIXES = ['-hotfix', '-rc2', '-patched', '-final'];

const image = ({ deployment, target }: FaultContext) => targetContainer(deployment, target).image ?? '';
const tagOf = (reference: string) => reference.slice(imageRepository(reference).length + 1) || 'latest';

function wrongImage(context: FaultContext, mode: string, suffix: string): string {
  const repository = imageRepository(image(context));
  const tag = tagOf(image(context));
  return mode === 'tag' ? `${repository}:${tag}${suffix}` : `${repository}${suffix}:${tag}`;
}

export const imagePull: Fault = {
  type: 'image_pull',
  description: 'The image reference names a tag or a repository that the registry does not have.',
  diagnosisTerms: ['image', 'imagepull', 'tag', 'errimagepull', 'registry'],
  difficulty: 0.15,
  params: {
    mode: oneOf('What is wrong in the reference: tag or repository', () => ['tag', 'repository']),
    suffix: {
      description: 'What is appended to the tag or repository',
      cosmetic: true,
      values: () => SUFFIXES,
      problem: (value) => (/^-[a-z0-9]{1,20}$/.test(value) ? undefined : 'must be a dash and 1 to 20 small letters or digits'),
    },
  },
  canTarget: (context) => image(context) !== '' && !image(context).includes('@') && TAG.test(tagOf(image(context))),
  inject: (context, { mode, suffix }) => [patchContainer(context, { image: wrongImage(context, mode, suffix) })],
  symptom: ({ target }, view) => {
    const w = rolledOut(view, target);
    if (!w) return undefined;
    const { name } = targetContainer(w.baseline, target);
    const stuck = containerStatuses(w, name).find(({ status }) =>
      ['ErrImagePull', 'ImagePullBackOff'].includes(status.state?.waiting?.reason ?? ''),
    );
    return stuck && `Pod ${stuck.pod}: ${stuck.status.state?.waiting?.reason}`;
  },
  recurrenceSeconds: () => 0,
  proof: () => [],
  alert: unavailableAlert,
  referenceFix: (context) => {
    const { name } = targetContainer(context.deployment, context.target);
    return attempt('set the image to what it was', `kubectl set image ${ref(context)} ${name}=${image(context)}`);
  },
  honestFixes: (context) => [
    undo(context),
    attempt('patch the image', patchContainerLine(context, { image: image(context) })),
    ...editAttempts(context, updateContainer(context, `.image = ${JSON.stringify(image(context))}`)),
  ],
  cheats: (context) => [
    attempt('restart the pods', `kubectl rollout restart ${ref(context)}`),
    attempt('only from the node', patchContainerLine(context, { imagePullPolicy: 'Never' })),
    attempt('a tag that does not exist either', `kubectl set image ${ref(context)} '*=${imageRepository(image(context))}:stable'`),
  ],
};
