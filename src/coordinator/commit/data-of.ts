import type { DataChange, RecordedEvent, StagedData } from '../../core/index.ts'

interface Carrier {
  readonly command: { readonly id: string }
  readonly data?: readonly DataChange[]
  readonly isStaged?: boolean
}

/**
 * The data that goes with these events: of each command that carries some, what belongs to a job that the command put in
 * line or ended. So a job that was live already keeps its payload, and what was refused leaves nothing. Each job once. `staged`:
 * what went ahead of the append.
 */
export function dataOf(
  batch: Iterable<Carrier>,
  events: readonly RecordedEvent[],
): { readonly data?: readonly DataChange[]; readonly staged?: readonly StagedData[] } {
  const carriers = [...batch].filter(({ data = [] }) => data.length > 0)
  if (carriers.length === 0) return {}
  const happened = new Set(events.flatMap((event) => keyOf(event)))
  const changes = new Map<string, DataChange>()
  const staged: StagedData[] = []
  for (const { command, data = [], isStaged } of carriers) {
    for (const change of data) {
      const { jobId } = change
      if (!happened.has(key(command.id, jobId))) continue
      if (isStaged === true) staged.push({ commandId: command.id, jobId })
      else changes.set(jobId, { ...changes.get(jobId), ...change })
    }
  }
  return {
    ...(changes.size === 0 ? {} : { data: [...changes.values()] }),
    ...(staged.length === 0 ? {} : { staged }),
  }
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
