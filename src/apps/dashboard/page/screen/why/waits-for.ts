import {
  explainLive,
  jobOf,
  type Ledger,
  type LiveCode,
  type Micros,
} from '../../../../../engine/core/index.ts'

/** Which job waits for which. */
export interface WaitsFor {
  readonly jobs: readonly { readonly jobId: string; readonly isRunning: boolean }[]
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly models: readonly string[]
  }[]
  /** There are more jobs than are drawn. */
  readonly isCut: boolean
}

const MOST = 24
const MOST_HOLDERS = 6

const behind: ReadonlySet<LiveCode> = new Set(['model_in_use', 'behind_in_line', 'serialized', 'at_capacity'])

/**
 * The jobs that a job waits for, and on to the jobs that those wait for. For each of its models that is full: the holders if the
 * job is next in line, else the nearest job ahead.
 */
export function waitsForOf(ledger: Ledger, jobId: string, now: Micros): WaitsFor {
  const seen = new Set([jobId])
  const edges = new Map<string, { from: string; to: string; models: string[] }>()
  const open = [jobId]
  let isCut = false
  const link = (from: string, to: string, model: string) => {
    const known = edges.get(`${from}\n${to}`)
    if (known !== undefined) return void known.models.push(model)
    if (!seen.has(to)) {
      if (seen.size >= MOST) {
        isCut = true
        return
      }
      seen.add(to)
      open.push(to)
    }
    edges.set(`${from}\n${to}`, { from, to, models: [model] })
  }
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const found = explainLive({ ledger, now, workers: null }, next)
    // Only a job behind another one waits for a job. Others wait for a time, a rate or a worker.
    if (found === undefined || found.code === null || !behind.has(found.code)) continue
    for (const { model, holders, capacity, ahead, aheadIds } of found.models) {
      if (holders.length + ahead < capacity) continue
      const nearest = aheadIds[0]
      if (nearest !== undefined) link(next, nearest, model)
      else for (const holder of holders.slice(0, MOST_HOLDERS)) link(next, holder, model)
    }
    // It waits for a slot of the queue, which belongs to no model.
    if (found.blockedBy !== null && ![...edges.values()].some(({ from }) => from === next))
      link(next, found.blockedBy, 'a slot')
  }
  const jobs = [...seen].map((id) => ({ jobId: id, isRunning: jobOf(ledger, id)?.active === true }))
  return { jobs, edges: [...edges.values()], isCut }
}
