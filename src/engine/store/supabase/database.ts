// Made by `npm run generate` from the migrations: change those.

/** Whatever JSON can say, as the types of supabase-js have it. */
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

/** A table by its row: which columns an insert needs, and which ones only the database writes. */
type Table<Row, Needed extends keyof Row, Made extends keyof Row = never> = {
  Row: Row
  Insert: Pick<Row, Needed> & Given<Row, Made>
  Update: Given<Row, Made>
  Relationships: []
}
type Given<Row, Made extends keyof Row> = { [Name in Exclude<keyof Row, Made>]?: Row[Name] } & { [Name in Made]?: never }

/**
 * Interlock's tables and functions, for `createClient<Database>`. Programs read the tables; every change goes through the
 * functions. Your own tables are not in it: docs/guides/supabase-production.md shows how to put them beside.
 */
export type Database = {
  public: {
    Tables: {
      job_queue_jobs: Table<{
        asks: Json | null
        attempt: number
        attempts: number
        blocked_by_job_id: string | null
        blocked_on: string | null
        cancel_requested: boolean
        conflict_reason: string | null
        due_at: string | null
        expires_at: string | null
        fencing_token: number | null
        job_id: string
        job_type: string
        kind: string
        life: number | null
        models: string[]
        place_level: number
        place_order: number
        place_tie: number
        places: Json | null
        postponed: number
        priority: number
        queue: string
        queued_at: string
        started_at: string | null
        state: string
        timeout_ms: number
        whole: string[] | null
        worker_id: string | null
      }, 'attempt' | 'attempts' | 'job_id' | 'job_type' | 'kind' | 'models' | 'place_level' | 'place_order' | 'place_tie' | 'priority' | 'queue' | 'queued_at' | 'state' | 'timeout_ms'>
      job_queue_log: Table<{
        command_hash: number | null
        command_id: string | null
        created_at: string
        data: Json | null
        event_type: string
        hash: string | null
        job_id: string | null
        job_type: string | null
        models: string[] | null
        queue: string
        schema_version: number
        seq: number
        worker_id: string | null
      }, 'created_at' | 'event_type' | 'queue' | 'seq'>
      job_queue_migrations: Table<{
        applied_at: string
        checksum: string
        version: string
      }, 'checksum' | 'version'>
      job_queue_not_taken_in: Table<{
        arrived_at: string
        id: number
        job_id: string | null
        queue: string
        reason: string
        refused_at: string
      }, 'arrived_at' | 'id' | 'queue' | 'reason'>
      job_queue_set_aside: Table<{
        job_id: string
        next_at: string
        queue: string
        since: string
        sqlstate: string
        target: string
        tries: number
      }, 'job_id' | 'queue' | 'sqlstate' | 'target'>
      job_queue_state: Table<{
        active_count: number
        active_job_id: string | null
        active_job_type: string | null
        active_models: string[]
        drained_at: string | null
        id: number
        policy: Json
        queue: string
        servers: string[] | null
        status: string
        updated_at: string
        version: number
        waiting_count: number
      }, 'queue'>
    }
    Views: { [_ in never]: never }
    Functions: {
      job_queue_adopt: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_adoptable: { Args: { states: string[]; job_ids: string[]; lim: number }; Returns: Json }
      job_queue_answer: { Args: { request_id: string; queue?: string }; Returns: Json }
      job_queue_answer_requests: { Args: { queue: string; answers: Json }; Returns: number }
      job_queue_append: { Args: { queue: string; expected_version: number; events: Json; changes: Json }; Returns: Json }
      job_queue_append_along: { Args: { queue: string; expected_version: number; events: Json; changes: Json; along: Json }; Returns: Json }
      job_queue_append_for: { Args: { queue: string; expected_version: number; events: Json; changes: Json; answered: Json }; Returns: Json }
      job_queue_archive: { Args: { queue: string; through: number; keep: boolean }; Returns: Json }
      job_queue_archive_before: { Args: { queue: string; before: string; keep: boolean }; Returns: Json }
      job_queue_backlog: { Args: { queue: string }; Returns: Json }
      job_queue_beat: { Args: { queue: string; worker_id: string; kinds: string[]; free_slots: number; release: string; ttl_ms: number; grace_ms: number }; Returns: Json }
      job_queue_cancel_submitted: { Args: { queue: string; job_id: string }; Returns: boolean }
      job_queue_cancel_submitted_after: { Args: { queue: string; job_ids: string[] }; Returns: string[] }
      job_queue_chain: { Args: { queue: string; after: number; lim: number }; Returns: Json }
      job_queue_check_incoming: { Args: { queue: string }; Returns: Json }
      job_queue_check_once: { Args: { queue: string }; Returns: Json }
      job_queue_checkup: { Args: { queue: string }; Returns: Json }
      job_queue_claim_arrivals: { Args: { queue: string; lim: number }; Returns: Json }
      job_queue_claim_cut: { Args: { queue: string; before: string }; Returns: Json }
      job_queue_committed_ends: { Args: { queue: string }; Returns: Json }
      job_queue_complete_in: { Args: { job_id: string; fence: string; result?: Json; queue?: string; notify?: boolean; used?: Json }; Returns: string }
      job_queue_data_of: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_dead: { Args: { queue: string; filter: Json }; Returns: Json }
      job_queue_drop: { Args: { queue: string; job_ids: string[] }; Returns: number }
      job_queue_end_of: { Args: { queue: string; token: number }; Returns: Json }
      job_queue_endings: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_enqueue_in: { Args: { jobs: Json; queue?: string; request_id?: string; notify?: boolean }; Returns: Json }
      job_queue_explain: { Args: { job_id: string; queue?: string }; Returns: Json }
      job_queue_forget: { Args: { queue: string; job_ids: string[] }; Returns: number }
      job_queue_forget_operator: { Args: { operator: string }; Returns: number }
      job_queue_held: { Args: { worker_id: string; queue?: string }; Returns: Json }
      job_queue_incoming: { Args: { queue: string; lim: number; again: boolean }; Returns: Json }
      job_queue_kept: { Args: { queue: string }; Returns: Json }
      job_queue_leave: { Args: { queue: string; worker_id: string }; Returns: boolean }
      job_queue_link: { Args: { target: string; job_ids: string[] }; Returns: number }
      job_queue_list_submissions: { Args: { queue: string; after: number }; Returns: Json }
      job_queue_note: { Args: { queue: string; job_id: string; token: number; note: Json }; Returns: boolean }
      job_queue_of_job: { Args: { queue: string; job_id: string }; Returns: Json }
      job_queue_open: { Args: { queue: string }; Returns: Json }
      job_queue_own_rows: { Args: { job_ids: string[]; names: Json }; Returns: Record<string, unknown>[] }
      job_queue_page: { Args: { queue: string; after: number; lim: number }; Returns: Record<string, unknown> }
      job_queue_payloads: { Args: { queue: string; after: string }; Returns: Json }
      job_queue_project: { Args: { queue: string; batch: number }; Returns: Json }
      job_queue_projection: { Args: { queue: string }; Returns: Json }
      job_queue_projection_page: { Args: { queue: string; filter: Json }; Returns: Json }
      job_queue_publish: { Args: { queue: string; sender: string; wait_ms: number; seen: Json; commands: Json }; Returns: Json }
      job_queue_put_snapshot: { Args: { queue: string; seq: number; state: Json }; Returns: Json }
      job_queue_put_snapshot_chunk: { Args: { queue: string; seq: number; maker: string; n: number; body: string }; Returns: undefined }
      job_queue_queues: { Args: never; Returns: Json }
      job_queue_read: { Args: { queue: string; after: number; lim: number }; Returns: Json }
      job_queue_rebuild_once: { Args: { queue: string }; Returns: number }
      job_queue_rebuild_rows: { Args: { queue: string; expected_version: number; state: Json; jobs: Json; job_ids: string[] }; Returns: Json }
      job_queue_reproject: { Args: { queue: string }; Returns: Json }
      job_queue_request: { Args: { command: Json; queue?: string; request_id?: string }; Returns: string }
      job_queue_resign: { Args: { queue: string; combiner: string; done: string[]; senders: string[] }; Returns: Json }
      job_queue_results: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_settle: { Args: { queue: string; known: number[]; held: Json }; Returns: undefined }
      job_queue_sign: { Args: { queue: string; worker_id: string; operator: string; host: string; command: string }; Returns: boolean }
      job_queue_signed: { Args: { queue: string; worker_ids: string[] }; Returns: Json }
      job_queue_snapshot: { Args: { queue: string; up_to: number }; Returns: Json }
      job_queue_snapshot_chunk: { Args: { queue: string; seq: number; maker: string; n: number }; Returns: Json }
      job_queue_stage: { Args: { queue: string; command_id: string; data: Json }; Returns: number }
      job_queue_start_chain: { Args: { queue: string }; Returns: Json }
      job_queue_submit: { Args: { jobs: Json; queue?: string; request_id?: string }; Returns: string }
      job_queue_submit_call: { Args: { queue: string; request_id: string; digest: string; jobs: Json; known: string[]; staged: number }; Returns: Json }
      job_queue_submitted: { Args: { queue: string; lim: number }; Returns: Json }
      job_queue_submitted_call: { Args: { queue: string; request_id: string; digest: string; is_holder: boolean }; Returns: Json }
      job_queue_taken: { Args: { queue: string; arrival_ids: number[]; refused: Json }; Returns: number }
      job_queue_turn: { Args: { queue: string; since: number }; Returns: Json }
      job_queue_user_path: { Args: never; Returns: string }
      job_queue_watch: { Args: { queue: string; job_ids: string[]; address: string; ms: number }; Returns: Json }
      job_queue_worker_list: { Args: { queue: string }; Returns: Json }
    }
    Enums: { [_ in never]: never }
    CompositeTypes: { [_ in never]: never }
  }
}
