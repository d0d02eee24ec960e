/**
 * Calls one of Interlock's SQL functions with named arguments, and returns its single value. Arguments and values are JSON. Only
 * here do PostgreSQL, PGlite and PostgREST differ.
 */
export type Rpc = (name: FunctionName, args: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The arguments of each function in order; `json` ones are sent as JSON text. */
const functions = {
  job_queue_open: { queue: 'text' },
  job_queue_queues: {},
  job_queue_append: { queue: 'text', expected_version: 'bigint', events: 'jsonb', changes: 'jsonb' },
  job_queue_append_for: {
    queue: 'text',
    expected_version: 'bigint',
    events: 'jsonb',
    changes: 'jsonb',
    answered: 'jsonb',
  },
  job_queue_append_along: {
    queue: 'text',
    expected_version: 'bigint',
    events: 'jsonb',
    changes: 'jsonb',
    along: 'jsonb',
  },
  job_queue_publish: { queue: 'text', sender: 'text', wait_ms: 'integer', seen: 'jsonb', commands: 'jsonb' },
  job_queue_resign: { queue: 'text', combiner: 'text', done: 'text[]', senders: 'text[]' },
  job_queue_stage: { queue: 'text', command_id: 'text', data: 'jsonb' },
  job_queue_turn: { queue: 'text', since: 'bigint' },
  job_queue_read: { queue: 'text', after: 'bigint', lim: 'integer' },
  job_queue_projection: { queue: 'text' },
  job_queue_projection_page: { queue: 'text', filter: 'jsonb' },
  job_queue_beat: {
    queue: 'text',
    worker_id: 'text',
    kinds: 'text[]',
    free_slots: 'integer',
    release: 'text',
    ttl_ms: 'integer',
    grace_ms: 'integer',
  },
  job_queue_leave: { queue: 'text', worker_id: 'text' },
  job_queue_worker_list: { queue: 'text' },
  job_queue_sign: { queue: 'text', worker_id: 'text', operator: 'text', host: 'text', command: 'text' },
  job_queue_forget_operator: { operator: 'text' },
  job_queue_signed: { queue: 'text', worker_ids: 'text[]' },
  job_queue_of_job: { queue: 'text', job_id: 'text' },
  job_queue_results: { queue: 'text', job_ids: 'text[]' },
  job_queue_endings: { queue: 'text', job_ids: 'text[]' },
  job_queue_submitted: { queue: 'text', lim: 'integer' },
  job_queue_list_submissions: { queue: 'text', after: 'bigint' },
  job_queue_data_of: { queue: 'text', job_ids: 'text[]' },
  job_queue_payloads: { queue: 'text', after: 'text' },
  job_queue_check_incoming: { queue: 'text' },
  job_queue_check_once: { queue: 'text' },
  job_queue_rebuild_once: { queue: 'text' },
  job_queue_claim_arrivals: { queue: 'text', lim: 'integer' },
  job_queue_taken: { queue: 'text', arrival_ids: 'bigint[]', refused: 'jsonb' },
  job_queue_adoptable: { states: 'text[]', job_ids: 'text[]', lim: 'integer' },
  job_queue_backlog: { queue: 'text' },
  job_queue_checkup: { queue: 'text' },
  job_queue_adopt: { queue: 'text', job_ids: 'text[]' },
  job_queue_dead: { queue: 'text', filter: 'jsonb' },
  job_queue_drop: { queue: 'text', job_ids: 'text[]' },
  job_queue_incoming: { queue: 'text', lim: 'integer', again: 'boolean' },
  job_queue_settle: { queue: 'text', known: 'bigint[]', held: 'jsonb' },
  job_queue_submit_call: {
    queue: 'text',
    request_id: 'text',
    digest: 'text',
    jobs: 'jsonb',
    known: 'text[]',
    staged: 'integer',
  },
  job_queue_submitted_call: { queue: 'text', request_id: 'text', digest: 'text', is_holder: 'boolean' },
  job_queue_cancel_submitted: { queue: 'text', job_id: 'text' },
  job_queue_cancel_submitted_after: { queue: 'text', job_ids: 'text[]' },
  job_queue_answer_requests: { queue: 'text', answers: 'jsonb' },
  job_queue_committed_ends: { queue: 'text' },
  job_queue_end_of: { queue: 'text', token: 'bigint' },
  job_queue_note: { queue: 'text', job_id: 'text', token: 'bigint', note: 'jsonb' },
  job_queue_watch: { queue: 'text', job_ids: 'text[]', address: 'text', ms: 'integer' },
  job_queue_forget: { queue: 'text', job_ids: 'text[]' },
  job_queue_project: { queue: 'text', batch: 'integer' },
  job_queue_rebuild_rows: {
    queue: 'text',
    expected_version: 'bigint',
    state: 'jsonb',
    jobs: 'jsonb',
    job_ids: 'text[]',
  },
  job_queue_reproject: { queue: 'text' },
  job_queue_archive: { queue: 'text', through: 'bigint', keep: 'boolean' },
  job_queue_kept: { queue: 'text' },
  job_queue_claim_cut: { queue: 'text', before: 'timestamptz' },
  job_queue_chain: { queue: 'text', after: 'bigint', lim: 'integer' },
  job_queue_start_chain: { queue: 'text' },
  job_queue_snapshot: { queue: 'text', up_to: 'bigint' },
  job_queue_snapshot_chunk: { queue: 'text', seq: 'bigint', maker: 'text', n: 'integer' },
  job_queue_put_snapshot_chunk: { queue: 'text', seq: 'bigint', maker: 'text', n: 'integer', body: 'text' },
  job_queue_put_snapshot: { queue: 'text', seq: 'bigint', state: 'jsonb' },
} as const

export type FunctionName = keyof typeof functions

/** A call as a statement with numbered parameters, for drivers that use SQL. The text is constant per function. */
export interface SqlStatement {
  readonly text: string
  values(args: Readonly<Record<string, unknown>>): unknown[]
}

function statementOf(name: FunctionName): SqlStatement {
  const types = Object.entries(functions[name])
  const parameters = types.map(([, type], index) => `$${index + 1}::${type}`)
  return {
    text: `select public.${name}(${parameters.join(', ')}) as answer`,
    values: (args) => types.map(([key, type]) => (type === 'jsonb' ? JSON.stringify(args[key]) : args[key])),
  }
}

export const functionNames = Object.keys(functions) as [FunctionName, ...FunctionName[]]

export const statements = Object.fromEntries(
  functionNames.map((name) => [name, statementOf(name)]),
) as Readonly<Record<FunctionName, SqlStatement>>
