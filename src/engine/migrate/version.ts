/**
 * The migration that this release needs, as `job_queue_migrations` records it. A release that changes tables or
 * functions counts one up; both are only ever extended, so an older release goes on working.
 */
export const schemaVersion = '027'

/**
 * Recorded beside it: how the objects are spread over schemas. An older release takes such a database for a newer one: its workers go on, and its
 * migration, which would make all of it once more in public, is refused.
 */
export const layoutVersion = '027.1'

/** The tables in schema public: people, Realtime and programs name them. */
export const openTables = [
  'job_queue_log',
  'job_queue_state',
  'job_queue_jobs',
  'job_queue_not_taken_in',
  'job_queue_set_aside',
  'job_queue_migrations',
] as const

/** The tables in schema interlock, in the order in which an append takes them. */
export const innerTables = [
  'job_queue_heads',
  'job_queue_log_archive',
  'job_queue_workers',
  'job_queue_operators',
  'job_queue_inbox',
  'job_queue_submissions',
  'job_queue_data',
  'job_queue_staged',
  'job_queue_watched',
  'job_queue_once',
  'job_queue_combiners',
  'job_queue_published',
  'job_queue_arrivals',
  'job_queue_settings',
  'job_queue_unlinked',
  'job_queue_dropped',
  'job_queue_snapshots',
  'job_queue_snapshot_chunks',
  'job_queue_changes',
  'job_queue_doubles',
] as const

/** Every table that Interlock makes. */
export const interlockTables: readonly string[] = [...openTables, ...innerTables]
