import type { Episode } from '../api/episode.ts';
import { ConditionType, Reason } from '../api/reasons.ts';

/** The page as an on-call reads it. */
export function pagerText(episode: Episode): string {
  const alert = episode.status?.alert;
  if (!alert) return '';
  return `${alert.severity.toUpperCase()}: ${alert.title}\n${alert.message}`;
}

/** Why there is no incident. What its own condition says names the fault, and the same seed brings it again. */
export function startFailure(episode: Episode): string {
  const failed = episode.status?.conditions?.find((c) => c.type === ConditionType.Succeeded);
  if (failed?.reason !== Reason.IncidentFailed) return lastMessage(episode);
  return `it did not take effect; reset again (Incident ${episode.status?.incident} says more to those who run the gym)`;
}

const messageOf = (episode: Episode, type: string): string | undefined => episode.status?.conditions?.find((c) => c.type === type)?.message;

/** How it stands with the episode, or how it ended. */
export function lastMessage(episode: Episode): string {
  return messageOf(episode, ConditionType.Succeeded) ?? '';
}

/** What the page has not gone out for yet. */
export function waitingFor(episode: Episode): string {
  return messageOf(episode, ConditionType.AlertSent) ?? 'the operator has not taken it up; is it running?';
}
