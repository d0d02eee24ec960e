import type pg from 'pg'

/** When jobs were started, by the database's clock, and how that went on. */
export interface Starts {
  readonly count: number
  /** Seconds from the first moment to the first start. */
  readonly first: number
  /** The longest time without one, in seconds; the ends of the time count. */
  readonly longest: number
}

/** Of the starts between two moments. */
export async function startsBetween(client: pg.Client, from: Date, to: Date): Promise<Starts> {
  const text = `
    select extract(epoch from created_at - $1)::float8 as at from job_queue_log
     where event_type = 'started' and created_at between $1 and $2 order by seq`
  const { rows } = await client.query<{ at: number }>(text, [from, to])
  const whole = (to.getTime() - from.getTime()) / 1_000
  const times = [0, ...rows.map(({ at }) => at), whole]
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
  return { count: rows.length, first: rows[0]?.at ?? whole, longest: Math.max(...gaps) }
}

export async function clockOf(client: pg.Client): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now as Date
}

/** How many jobs are left, and how many leases were lost, with the number of attempts that this cost. */
export async function countsOf(client: pg.Client) {
  const text = `
    select (select active_count + waiting_count from job_queue_state) as left,
           count(distinct worker_id)::integer as leases, count(*)::integer as attempts
      from job_queue_log where event_type = 'lease_expired'`
  const { rows } = await client.query<{ left: number; leases: number; attempts: number }>(text)
  return rows[0] as { left: number; leases: number; attempts: number }
}
