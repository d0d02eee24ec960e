import type { DataChange, RecordedEvent, StagedData } from '../../core/index.ts'

interface Carrier {
  readonly command: { readonly id: string }
  readonly data?: readonly DataChange[]
  readonly isStaged?: boolean
}

/**
 * The data to write with these events: of each command, the part that belongs to jobs that it put in line or ended. So a job that
 * was live already keeps its payload, and a refused command leaves nothing. Each job once.
 * `staged`: data that was sent ahead of the append.
 */
export function dataOf(
  batch: Iterable<Carrier>,
  events: readonly RecordedEvent[],
): { readonly data?: readonly DataChange[]; readonly staged?: readonly StagedData[] } {
  const carriers = [...batch].filter(({ data = [] }) => data.length > 0)
  if (carriers.length === 0) return {}
  const happened = happenedIn(events)
  const changes = new Map<string, DataChange>()
  const staged: StagedData[] = []
  for (const { command, data = [], isStaged } of carriers) {
    const jobIds = happened.get(command.id)
    for (const change of data) {
      const { jobId } = change
      if (jobIds?.has(jobId) !== true) continue
      const before = changes.get(jobId)
      if (isStaged === true) staged.push({ commandId: command.id, jobId })
      else changes.set(jobId, before === undefined ? change : { ...before, ...change })
    }
  }
  return {
    ...(changes.size === 0 ? {} : { data: [...changes.values()] }),
    ...(staged.length === 0 ? {} : { staged }),
  }
}

/** The jobs that each command put in line or ended. */
function happenedIn(events: readonly RecordedEvent[]): ReadonlyMap<string, ReadonlySet<string>> {
  const happened = new Map<string, Set<string>>()
  for (const event of events) {
    switch (event.type) {
      case 'queued':
      case 'completed':
      case 'failed':
      case 'cancelled': {
        const jobIds = happened.get(event.commandId)
        if (jobIds === undefined) happened.set(event.commandId, new Set([event.jobId]))
        else jobIds.add(event.jobId)
      }
    }
  }
  return happened
}
