/** What PostgreSQL plans for each statement that a life of jobs runs, those inside functions and triggers included. */
import pg from 'pg'
import { atEnd } from '../../support/this-test.ts'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Total Cost': number
  readonly 'Actual Rows'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Disabled?: boolean
  readonly Plans?: readonly PlanNode[]
}

export interface Explained {
  readonly 'Query Text': string
  readonly Plan: PlanNode
  /** There when it was compiled. */
  readonly JIT?: unknown
}

export interface Session {
  query(sql: string, params?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** What was planned since the last call of this. */
  planned(): readonly Explained[]
}

const settings = `load 'auto_explain';
  set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on;
  set auto_explain.log_timing = off; set auto_explain.log_format = json; set auto_explain.log_level = notice;
  set client_min_messages = notice; set statement_timeout = '20s'; set track_functions = 'all'`

/** A superuser's connection that is told of every plan; ended with the test. */
export async function explaining(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url })
  const plans: Explained[] = []
  await client.connect()
  atEnd(() => client.end())
  await client.query(settings)
  client.on('notice', ({ message = '' }) => {
    const at = message.indexOf('plan:\n')
    if (message.startsWith('duration') && at > 0) plans.push(JSON.parse(message.slice(at + 6)))
  })
  return {
    query: async (sql, params) => (await client.query(sql, params && [...params])).rows,
    planned: () => plans.splice(0),
  }
}

/** Every node of a plan. */
export const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** How many rows of this table one scan of a plan read. */
export function scanned(plan: Explained, table: string): number {
  const rows = nodesOf(plan.Plan)
    .filter((node) => node['Relation Name'] === table && node['Node Type'].endsWith('Scan'))
    .map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0))
  return Math.max(0, ...rows)
}

type Fact = Readonly<Record<string, unknown>> & { readonly event_type: string }

/** Appends events as a coordinator does, with the rows of the jobs that they name. */
export async function appendFacts(session: Session, facts: readonly Fact[], changes: object = {}) {
  const [head] = await session.query(
    `select (job_queue_open('default') ->> 'version')::int as version,
            (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now`,
  )
  const [version, now] = [Number(head?.['version']), Number(head?.['now'])]
  const events = facts.map((fact, i) => ({
    seq: version + i + 1,
    at: now + i,
    command_id: `command-${version + i + 1}`,
    command_hash: 1,
    ...fact,
  }))
  const state = { status: 'running', version: version + facts.length, active_models: [], active_count: 0 }
  const [answer] = await session.query(`select job_queue_append('default', $1, $2, $3) as answer`, [
    version,
    JSON.stringify(events),
    JSON.stringify({ state: { ...state, waiting_count: 0, updated_at: now }, ...changes }),
  ])
  return answer?.['answer'] as { ok: boolean; version: number; reason?: string }
}

const times = { queued_at: 1_700_000_000_000_000, place_order: 1_700_000_000_000_000 }
const row = (job_id: string) => ({
  ...{ job_id, state: 'waiting', job_type: 'normal', kind: 'normal', models: ['m'], priority: 0, ...times },
  ...{ place_level: 0, place_tie: 0, attempt: 0, attempts: 3, timeout_ms: 3_600_000 },
})

/** A job's whole life, and with it everything that an append can have in it. */
export async function lead(session: Session, job_id: string, worker_id: string): Promise<void> {
  const of = { job_id, job_type: 'normal' }
  const expect = async (facts: readonly Fact[], changes: object = {}) => {
    const answer = await appendFacts(session, facts, changes)
    if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer)}`)
    // It reads every event of the jobs that it follows: so many that a table read whole is still told from that.
    await session.query(`select job_queue_project('default', 100)`)
    return answer.version
  }
  const command_id = `staged-${job_id}`
  const queued = {
    ...of,
    event_type: 'queued',
    models: ['m'],
    command_id,
    data: { kind: 'normal', intake: 1 },
  }
  await session.query(`select job_queue_stage('default', $1, $2)`, [
    command_id,
    JSON.stringify([{ job_id, payload: { n: 1 } }]),
  ])
  await expect([queued], { jobs: [row(job_id)], staged: [{ command_id, job_id }] })
  const started = { ...of, event_type: 'started', models: ['m'], worker_id }
  const active = { job_id, state: 'active', attempt: 1, worker_id, started_at: times.queued_at }
  const token = await expect([started], { changed: [active], also: [job_id], wanted: [job_id] })
  await session.query(
    "update job_queue_jobs set fencing_token = $1 where queue = 'default' and job_id = $2",
    [token, job_id],
  )
  await session.query(`select job_queue_note('default', $1, $2, '{"progress": 1}')`, [job_id, token])
  await session.query(`select job_queue_data_of('default', array[$1])`, [job_id])
  await expect([{ ...of, event_type: 'completed', worker_id }], {
    gone: [job_id],
    data: [{ job_id, result: {} }],
  })
}
