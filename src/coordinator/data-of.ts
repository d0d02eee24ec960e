import type { DataChange, RecordedEvent } from '../core/index.ts'

interface Carrier {
  readonly command: { readonly id: string }
  readonly data?: readonly DataChange[]
}

/**
 * The data that goes with these events: of each command that carries some, what belongs to a job that the command put in
 * line or ended. So a job that was live already keeps its payload, and what was refused leaves nothing. Each job once.
 */
export function dataOf(
  batch: Iterable<Carrier>,
  events: readonly RecordedEvent[],
): { readonly data?: readonly DataChange[] } {
  const carriers = [...batch].filter(({ data = [] }) => data.length > 0)
  if (carriers.length === 0) return {}
  const happened = new Set(events.flatMap((event) => keyOf(event)))
  const changes = new Map<string, DataChange>()
  for (const { command, data = [] } of carriers) {
    for (const change of data) {
      if (!happened.has(key(command.id, change.jobId))) continue
      changes.set(change.jobId, { ...changes.get(change.jobId), ...change })
    }
  }
  return changes.size === 0 ? {} : { data: [...changes.values()] }
}

function keyOf(event: RecordedEvent): string[] {
  switch (event.type) {
    case 'queued':
    case 'completed':
    case 'failed':
    case 'cancelled':
      return [key(event.commandId, event.jobId)]
    default:
      return []
  }
}

/** No id has control characters. */
const key = (commandId: string, jobId: string): string => `${commandId}\0${jobId}`
