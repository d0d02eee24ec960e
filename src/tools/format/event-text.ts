import type { RecordedEvent } from '../../engine/core/index.ts'
import { timeText } from './index.ts'
import { policyText } from './policy-text.ts'

const NAMED = 3
const namesOf = (ids: readonly string[]): string =>
  ids.length <= NAMED ? ids.join(', ') : `${ids.slice(0, NAMED).join(', ')} and ${ids.length - NAMED} more`

/** The details of an event, beside its type and its job, in a few words. */
export function eventDetail(event: RecordedEvent): string {
  switch (event.type) {
    case 'queued':
      return event.spec.models.join(', ')
    case 'started':
      return `start ${event.attempt} in ${event.workerId}${event.batch === undefined ? '' : `, batch ${event.batch}`}${event.warm === undefined ? '' : `, before others, since its models were loaded (${event.warm} s)`}`
    case 'blocked':
    case 'conflict':
      return `${event.reason}${event.blockedBy === null ? '' : `, behind ${event.blockedBy}`}${event.model === null ? '' : ` on ${event.model}`}`
    case 'completed':
      return `token ${event.token}`
    case 'linked':
      return `after ${namesOf(event.after)}${event.outcome === undefined ? '' : `, ${event.outcome} before`}${event.goesOn === true ? ', whatever becomes of it' : ''}`
    case 'end_propagated':
      return `of ${event.parent}`
    case 'failed':
      if (event.cause !== undefined) return `${event.code}: ${event.cause}`
      return `${event.code}${event.final ? '' : ', another attempt follows'}`
    case 'lease_expired':
      return `worker ${event.workerId} is gone${event.final ? '' : ', another attempt follows'}`
    case 'worker_serves':
      return servesText(event)
    case 'worker_gone':
      return `${event.workerId}${event.left === true ? ' left' : ', whose lease is over'}`
    case 'detached':
      return `from its worker, until ${timeText(event.until)}`
    case 'cancelled':
      return event.token === null ? 'while it waited' : `token ${event.token}`
    case 'requeued':
      return event.models === undefined
        ? event.reason
        : `${event.reason}, for ${event.models.join(', ') || 'no model'}`
    case 'asked':
      return event.asker === null ? 'no process waits for it any more' : `${event.asker} waits for it`
    case 'deduplicated':
      return `job ${event.standsFor} stands for it`
    case 'debounced':
      return event.runAt === null ? 'another payload' : `not before ${timeText(event.runAt)}`
    case 'reprioritized':
      return `priority ${event.priority}`
    case 'policy_changed':
      return policyText(event.policy)
    case 'model_paused':
      return `${event.model}: ${event.reason}${event.until === null ? '' : `, until ${timeText(event.until)}`}`
    case 'model_released':
    case 'model_resumed':
      return event.model
    case 'epoch_changed':
      return `epoch ${event.epoch}`
    case 'schedule_set':
      return `${event.schedule} of ${event.owner}${event.next === null ? '' : `, next ${timeText(event.next)}`}`
    case 'schedule_removed':
    case 'schedule_paused':
      return event.schedule
    case 'schedule_resumed':
      return `${event.schedule}${event.next === null ? '' : `, next ${timeText(event.next)}`}`
    case 'schedule_skipped':
      return `${event.schedule}, due ${timeText(event.due)}: ${event.reason}`
    case 'voided':
      return event.of === event.seq ? 'could not be read, and counts as nothing' : `event ${event.of}`
    default:
      // Its type says it all.
      return ''
  }
}

function servesText({ workerId, places, keeps }: RecordedEvent & { readonly type: 'worker_serves' }): string {
  const served = places === undefined ? [] : [namesOf(places) || 'no place']
  return `${workerId}: ${[...served, ...(keeps === undefined ? [] : [`keeps ${keeps} loaded`])].join(', ') || 'everything'}`
}
