import { explainJob, jobOf, type Ledger, type Micros, type ReasonCode } from '../../../../core/index.ts'

/** Which job waits for which. */
export interface WaitsFor {
  readonly jobs: readonly { readonly jobId: string; readonly isRunning: boolean }[]
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly models: readonly string[]
  }[]
  /** There are more than are drawn. */
  readonly isCut: boolean
}

const MOST = 24
const MOST_HOLDERS = 6

const behind: ReadonlySet<ReasonCode> = new Set([
  'model_in_use',
  'behind_in_line',
  'serialized',
  'at_capacity',
])

/**
 * From a job to those it waits for, and on to those they wait for: on each model that is full for it, the holders where it is the next
 * one, else the nearest job ahead.
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
    const found = explainJob(ledger, next, now)
    // Only who stands behind somebody waits for one; others wait for a time, a rate, a worker.
    if (found === undefined || found.code === null || !behind.has(found.code)) continue
    for (const { model, holders, capacity, ahead, aheadIds } of found.models) {
      if (holders.length + ahead < capacity) continue
      const nearest = aheadIds[0]
      if (nearest !== undefined) link(next, nearest, model)
      else for (const holder of holders.slice(0, MOST_HOLDERS)) link(next, holder, model)
    }
    // It waits for a slot, which is no model's.
    if (found.blockedBy !== null && ![...edges.values()].some(({ from }) => from === next))
      link(next, found.blockedBy, 'a slot')
  }
  const jobs = [...seen].map((id) => ({ jobId: id, isRunning: jobOf(ledger, id)?.active === true }))
  return { jobs, edges: [...edges.values()], isCut }
}
