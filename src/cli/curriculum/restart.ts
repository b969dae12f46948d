import type { Assignment } from '../../api/assignment.ts';
import type { Curriculum, CurriculumSpec, CurriculumStatus } from '../../api/curriculum.ts';
import { API_VERSION } from '../../api/group.ts';
import { BLANK_STATUS } from '../../curriculum/fold.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isConflict, isNotFound } from '../../kube/errors.ts';
import { type ObjectRef, Resources } from '../../kube/resource.ts';

type Api = Pick<KubeClient, 'create' | 'delete' | 'find' | 'get' | 'list' | 'patchStatus' | 'replace'>;

/** An operator that counts or draws writes the same object; it does not do so ten times in a row. */
const ATTEMPTS = 10;

/** Makes the Curriculum, or gives the one of that name this spec. @returns true when it was made */
export async function store(client: Api, ref: Required<ObjectRef>, spec: CurriculumSpec): Promise<boolean> {
  return untilWritten(ref, async () => {
    const found = await client.find(Resources.curricula, ref);
    if (found) await client.replace(Resources.curricula, { ...found, spec });
    else await client.create(Resources.curricula, { apiVersion: API_VERSION, kind: 'Curriculum', metadata: { ...ref }, spec });
    return !found;
  });
}

/**
 * Lets a Curriculum go on from `status` (from nothing when absent) without its Assignments, while an operator runs. Only the numbers of its designs
 * go on.
 *
 * The order keeps old trials out of the new status. Assignments go first, then the status is written, bound to the resourceVersion of a read after
 * they went. Whoever folds trials reads the Curriculum first and the Assignments after it, from the API server: with the old Curriculum in hand
 * its write conflicts, with the new one it finds no old Assignment. After a conflict all of it is done again, since the write that came
 * between may have been a draw. A draw that was written down just before and makes its Assignment just after is told by its stint, which is
 * below the new one: it is removed at the end. Should it come later still, it counts for no promotion, as any trial of an earlier stint.
 *
 * A seed that is asked for again gets an Assignment of the same name. So Episodes of before are parted from theirs, else they would be its first
 * members. Those that wait for their Incident are left to the operator, which ends them: parted, they would draw from the old status.
 *
 * @returns how many Assignments were removed
 */
export async function restart(client: Api, ref: Required<ObjectRef>, status: CurriculumStatus = BLANK_STATUS): Promise<number> {
  let removed = 0;
  const remove = async (which: (assignment: Assignment) => boolean): Promise<void> => {
    const { items } = await client.list(Resources.assignments, { namespace: ref.namespace });
    for (const { metadata } of items.filter((a) => a.spec.curriculum === ref.name && which(a))) {
      if (await client.delete(Resources.assignments, metadata, { uid: metadata.uid as string })) removed++;
    }
  };
  const stint = await untilWritten(ref, async () => {
    await remove(() => true);
    await partEpisodes(client, ref);
    const found: Curriculum = await client.get(Resources.curricula, ref);
    const next = found.status ? Math.max(status.stint, found.status.stint + 1) : status.stint;
    const { conditions, designed = 0 } = found.status ?? {};
    // A proof under way has the name of its design: a number that came again would be another design of that name.
    const designs = Math.max(designed, status.designed ?? 0);
    const kept = { ...(designs ? { designed: designs } : {}), ...(conditions ? { conditions } : {}) };
    const written = { ...status, ...kept, stint: next, folding: [] };
    await client.replace(Resources.curricula, { ...found, status: written }, { subresource: 'status' });
    return next;
  });
  await remove(({ spec }) => spec.stint !== undefined && spec.stint < stint);
  return removed;
}

async function partEpisodes(client: Api, { namespace, name }: Required<ObjectRef>): Promise<void> {
  const { items } = await client.list(Resources.episodes, { namespace });
  const begun = items.filter(
    ({ spec, status }) => spec.curriculumRef?.name === name && status?.assignment && (status.incident || status.outcome),
  );
  for (const { metadata } of begun) {
    const ref = { namespace, name: metadata.name };
    await client.patchStatus(Resources.episodes, ref, { assignment: null }).catch((error) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

async function untilWritten<T>({ name }: ObjectRef, write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt === ATTEMPTS)
        throw new Error(`Curriculum ${name} was changed ${ATTEMPTS} times in between; try again when fewer agents play`);
    }
  }
}
