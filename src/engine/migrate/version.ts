/**
 * The migration that this release needs, as `job_queue_migrations` records it. A release that changes tables or
 * functions counts one up; both are only ever extended, so an older release goes on working.
 */
export const schemaVersion = '027'

/** Every table that Interlock makes, in schema public. */
export const interlockTables = [
  'job_queue_log',
  'job_queue_log_archive',
  'job_queue_heads',
  'job_queue_state',
  'job_queue_jobs',
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
  'job_queue_not_taken_in',
  'job_queue_settings',
  'job_queue_unlinked',
  'job_queue_dropped',
  'job_queue_snapshots',
  'job_queue_snapshot_chunks',
  'job_queue_changes',
  'job_queue_set_aside',
  'job_queue_doubles',
  'job_queue_migrations',
] as const
