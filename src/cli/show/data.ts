import { dataFields } from '../../operate/parts.ts'
import type { JobData } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { facts } from '../terminal/table.ts'

/** What is kept of a job beside the log: what there is of it, whole, since it was asked for. */
export function dataText(frame: Frame, data: JobData | undefined): string {
  const rows = dataFields.flatMap((name) => {
    const value = data?.[name] ?? null
    return value === null ? [] : [[name, JSON.stringify(value)] as const]
  })
  const none = 'it has no payload, progress or result: it came without, or they were deleted'
  return rows.length === 0 ? none : facts(rows, frame.colors.dim)
}
