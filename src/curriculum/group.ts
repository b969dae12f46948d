import { type Assignment, type AssignmentStatus, MAX_MEMBERS, type Member } from '../api/assignment.ts';
import type { CurriculumSpec } from '../api/curriculum.ts';
import type { Episode } from '../api/episode.ts';
import type { Trial } from './fold.ts';
import { meanOf } from './rate.ts';

export type GroupRule = Pick<CurriculumSpec, 'groupSize' | 'groupTimeoutSeconds'>;

/**
 * The group with what `episodes` of the assignment say now. Members that are gone stay as they were last seen; a closed group does not change.
 * An episode that ended before its alert was sent was no attempt (no arena in time, say, and the trainer tries again): it is no member, and only
 * its end counts as a start, so that a group in which nobody ever starts closes, too.
 */
export function withMembers(status: AssignmentStatus, episodes: readonly Episode[]): AssignmentStatus {
  if (status.closedTime) return status;
  const members = new Map((status.members ?? []).map((member) => [member.uid, member]));
  const missed = episodes.filter(neverStarted);
  for (const { metadata } of missed) members.delete(metadata.uid ?? '');
  for (const episode of episodes) {
    if (neverStarted(episode)) continue;
    const member = memberOf(episode);
    if (members.has(member.uid) || members.size < MAX_MEMBERS) members.set(member.uid, member);
  }
  const inOrder = [...members.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  const starts = [
    ...[status.startedTime, status.lastStartTime, ...missed.map((episode) => episode.status?.finishedTime)],
    ...inOrder.map(({ startedTime }) => startedTime),
  ]
    .filter((time) => time !== undefined)
    .sort();
  return { ...status, members: inOrder, ...(starts.length ? { startedTime: starts[0], lastStartTime: starts[starts.length - 1] } : {}) };
}

const neverStarted = ({ status }: Episode): boolean => status?.outcome !== undefined && status.startedTime === undefined;

/** True when the group has taken in how the episode ended, so that the episode may go. */
export function knowsEnd(group: AssignmentStatus, episode: Episode): boolean {
  if (group.closedTime) return true;
  if (neverStarted(episode)) return (group.lastStartTime ?? '') >= (episode.status?.finishedTime ?? '');
  return (group.members ?? []).some(({ uid, final }) => final && uid === episode.metadata.uid);
}

function memberOf({ metadata, status }: Episode): Member {
  const final = status?.outcome !== undefined;
  const { startedTime, scorable, reward } = status ?? {};
  return {
    episode: metadata.name,
    uid: metadata.uid ?? '',
    ...(startedTime ? { startedTime } : {}),
    final,
    ...(final ? { scorable: scorable === true, success: status?.outcome === 'Resolved' } : {}),
    ...(final && scorable && reward !== undefined ? { reward } : {}),
  };
}

/**
 * Closes the group when so many members are final, or so long after its last start. Success and reward are the means of the scorable members;
 * without one there are none, and the trial counts for nothing.
 *
 * @returns the closed status, or how long to wait for the timeout (ms; absent before the first start)
 */
export function closeGroup(status: AssignmentStatus, now: Date, rule: GroupRule): { closed: AssignmentStatus } | { waitMs?: number } {
  if (status.closedTime) return { closed: status };
  const members = status.members ?? [];
  const final = members.filter((member) => member.final);
  const timeout = status.lastStartTime ? Date.parse(status.lastStartTime) + rule.groupTimeoutSeconds * 1000 : undefined;
  const full = final.length >= rule.groupSize;
  if (!full && (timeout === undefined || now.getTime() < timeout)) {
    return timeout === undefined ? {} : { waitMs: timeout - now.getTime() };
  }
  const scorable = final.filter((member) => member.scorable);
  const means = {
    success: meanOf(scorable.map(({ success }) => (success ? 1 : 0))),
    reward: meanOf(scorable.map(({ reward }) => reward ?? 0)),
  };
  return { closed: { ...status, closedTime: now.toISOString(), ...(scorable.length ? means : {}) } };
}

/** What a closed train group tells the Curriculum; undefined while it is open, and when there is nothing to tell. */
export function trialOf({ metadata, spec, status }: Assignment): Trial | undefined {
  if (spec.split !== 'train' || !status?.closedTime || status.success === undefined) return undefined;
  return {
    assignment: metadata.name,
    ...(spec.pool ? { fault: spec.pool.type } : {}),
    tier: spec.tier ?? '',
    stint: spec.stint ?? 0,
    success: status.success,
    reward: status.reward ?? 0,
    closedTime: status.closedTime,
  };
}

/** For each train assignment that the Curriculum has not counted, the fault it was drawn for. */
export function faultsInFlight(assignments: readonly Assignment[]): string[] {
  return assignments.filter(({ spec, status }) => spec.split === 'train' && !status?.counted).flatMap(({ spec }) => spec.pool?.type ?? []);
}
