/** A program that only imports what is published: it looks at a queue and after it, wherever that lives. */
import { inspect } from 'node:util'
import { createCoordinator, isInterlockError, type RecordedEvent, silentLogger } from 'interlock-queue'
import { audit, auditLog, statementMarkdown } from 'interlock-queue/audit'
import { createDashboard, tokenSession } from 'interlock-queue/dashboard'
import { type Examination, examine } from 'interlock-queue/doctor'
import {
  type Access,
  archive,
  chain,
  followEvents,
  readEvents,
  rebuild,
  replay,
  snapshot,
  type Verification,
  verify,
} from 'interlock-queue/history'
import { archiveTo, openArchive } from 'interlock-queue/history/files'
import { stats, whatIf } from 'interlock-queue/insight'
import { type ExplainDocument, explain, inDoubt, queue, recover, status } from 'interlock-queue/operate'
import { pgliteStore } from 'interlock-queue/pglite'
import { postgresStore } from 'interlock-queue/postgres'
import { createMetrics, type Metrics, serveMetrics } from 'interlock-queue/prometheus'

const [url = '', file = ''] = process.argv.slice(2)
const store = url.startsWith('postgres:') ? postgresStore(url) : pgliteStore(url)
const steps = new Set<string>()
const notes: string[] = []
const access: Access = {
  store,
  queue: 'images',
  onProgress: ({ what }) => steps.add(what),
  onNote: (text) => notes.push(text),
}

const coordinator = await createCoordinator({ store, queue: 'images', logger: silentLogger })
const metrics: Metrics = createMetrics({ coordinator })
await chain(access, { start: true })
await coordinator.enqueue(['a', 'b', 'c'].map((jobId) => ({ jobId, models: ['m'] })))
const [first] = await coordinator.claim({ max: 1, kinds: null })
const answer =
  first === undefined ? null : await coordinator.complete(first.lease, { claim: { max: 1, kinds: null } })
const served = await serveMetrics(metrics, { port: 0 })
const figures = (await (await fetch(served.url)).text()).includes(
  'interlock_queue_enqueued_total{queue="images"} 3',
)
await served.close()
await coordinator.close()

const verified: Verification = await verify(access)
const { violations, overlaps, events } = await auditLog(access)
const read: RecordedEvent[] = []
for await (const event of readEvents(access)) read.push(event)
const { outcomes } = await whatIf(access, {
  tries: [{ name: 'two', policy: { maxActive: 2, capacity: { m: 2 } } }],
})
const why: ExplainDocument = await explain(access, 'c')
const found: Examination = await examine(access, { waitingMs: 60_000 })
const at = await replay(access, { at: 3 })
const { counts } = await stats(access, { since: 1, slices: 4 })
const { doubtful } = await inDoubt(access)
const line = await queue(access)
const anchor = (await chain(access)).anchor
const kept = await snapshot(access)
const rows = await rebuild(access)
const cut = await archiveTo(access, { before: 4, to: file })
const whole = await openArchive(access, [file])
const all = await verify(whole, anchor === null ? {} : { anchor })

/** How they are called where nobody catches them. */
const errorNames = new Set<string>()

/** What bad parameters are refused with: a code and the path. */
async function refusal(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (!isInterlockError(error)) return String(error)
    errorNames.add(inspect(error).split(':')[0] ?? '')
    return [error.code, 'path' in error.details ? error.details.path : null]
  }
}

const refusals = [
  await refusal(() => verify({ store, queue: '' })),
  await refusal(() => status({ store: {} as Access['store'] })),
  await refusal(() => replay(access, { limit: 0 })),
  await refusal(() => replay(access, { at: 1_000 })),
  await refusal(() => stats(access, { since: 'yesterday' })),
  await refusal(() => whatIf(access, { tries: [{ policy: { maxActive: 0 } }] })),
  await refusal(() => whatIf(access, { since: 1, tries: [{ slots: 0 }] })),
  await refusal(() => archive(access, { before: Number.NaN })),
  await refusal(() => verify(access, { anchor: '1' })),
  await refusal(() => openArchive(access, [])),
  await refusal(() => examine(access, { waitingMs: 0 })),
  await refusal(() => recover(access, { completed: ['b'] })),
]

const grant = { actor: 'desk', role: 'viewer' } as const
const dashboard = createDashboard({ store, queue: 'images', authorize: () => grant })
const answered = await Promise.all(
  ['', 'page.js', 'page.css', 'api/me', 'api/queues/images/jobs/c/position'].map(async (path) => {
    const headers = { host: 'localhost' }
    const { status } = await dashboard.fetch(new Request(`http://localhost/${path}`, { headers }))
    return status
  }),
)
await dashboard.close()

const controller = new AbortController()
let followed = 0
for await (const _ of followEvents({ ...access, signal: controller.signal }, { after: 4 }))
  if (++followed === events - 4) controller.abort()

console.log(
  JSON.stringify({
    figures,
    ...{
      handed: answer !== null,
      verified: [verified.ok, verified.version === events, verified.chain !== null],
    },
    ...{ audited: [violations, overlaps, audit(read).violations, read.length === events] },
    page: statementMarkdown(await auditLog(access)).split('\n')[0],
    tried: outcomes.map(({ name, maxConcurrent }) => [name, maxConcurrent]),
    ...{ why: [why.jobId, why.state, 'reason' in why ? why.reason : null] },
    found: [found.queue, found.findings.every(({ what, remedy }) => what !== '' && remedy !== '')],
    ...{
      at: [at.version, at.total, at.machine],
      queued: counts.queued,
      doubtful,
      followed: followed === events - 4,
    },
    line: line.jobs.map(({ jobId, state }) => [jobId, state]),
    kept: [kept.jobs, rows.written, rows.removed],
    ...{ cut: [cut.archived, cut.kept], all: [all.ok, all.fromSeq], refusals, errorNames: [...errorNames] },
    dashboard: [answered, tokenSession({ grant }).token.length > 20],
    status: [(await status(access)).activeCount, (await status(access)).store.split(':')[0]],
    ...{ steps: [...steps].sort(), noted: notes.some((text) => text.includes('from event 5 on')) },
  }),
)
await store.close()
