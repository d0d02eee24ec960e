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
 * functions. Your own tables are not in it: docs/guides/supabase.md shows how to put them beside.
 */
export type Database = {
  public: {
    Tables: {
      job_queue_arrivals: Table<{
        arrived_at: string
        claimed_until: string | null
        id: number
        job_id: string | null
        queue: string | null
      }, never, 'id'>
      job_queue_changes: Table<{
        job_ids: string[]
        queue: string
        seq: number
      }, 'job_ids' | 'queue' | 'seq'>
      job_queue_combiners: Table<{
        backend: number | null
        barren: number
        combiner: string | null
        election: number
        oldest: number | null
        queue: string
      }, 'queue'>
      job_queue_data: Table<{
        checkpoint: Json | null
        error: Json | null
        job_id: string
        life: number | null
        payload: Json | null
        progress: Json | null
        queue: string
        result: Json | null
        token: number | null
        trace: Json | null
        updated_at: string
      }, 'job_id' | 'queue'>
      job_queue_doubles: Table<{
        job_id: string
        queue: string
        since: string
        stands_for: string
      }, 'job_id' | 'queue' | 'since' | 'stands_for'>
      job_queue_dropped: Table<{
        dropped_at: string
        job_id: string
        queue: string
        seq: number
      }, 'job_id' | 'queue' | 'seq'>
      job_queue_heads: Table<{
        archived_seq: number
        chain: string | null
        chain_from: number | null
        chain_start: string | null
        channel: string
        cut_claimed_at: string
        epoch: number
        kept_digest: number | null
        kept_from: number | null
        last_at: string
        min_reader: number
        projected_seq: number
        queue: string
        version: number
        woken_at: string
        woken_version: number
      }, 'queue'>
      job_queue_inbox: Table<{
        answer: Json | null
        answered_at: string | null
        command: Json
        created_at: string
        queue: string
        request_id: string
        taken_until: string | null
      }, 'command' | 'queue' | 'request_id'>
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
      job_queue_log_archive: Table<{
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
      job_queue_once: Table<{
        body: number
        digest: string | null
        has_data: boolean
        job_id: string
        payload_hash: number | null
        queue: string
        seq: number
        stands_for: string | null
        until: string | null
      }, 'body' | 'job_id' | 'queue' | 'seq'>
      job_queue_operators: Table<{
        command: string | null
        host: string | null
        noted_at: string
        operator: string
        queue: string
        worker_id: string
      }, 'operator' | 'queue' | 'worker_id'>
      job_queue_published: Table<{
        command: Json
        command_id: string
        place: number
        queue: string
        sender: string
        waits_until: string
      }, 'command' | 'command_id' | 'queue' | 'sender' | 'waits_until', 'place'>
      job_queue_set_aside: Table<{
        job_id: string
        next_at: string
        queue: string
        since: string
        sqlstate: string
        target: string
        tries: number
      }, 'job_id' | 'queue' | 'sqlstate' | 'target'>
      job_queue_settings: Table<{
        key: string
        updated_at: string
        value: Json
      }, 'key' | 'value'>
      job_queue_snapshot_chunks: Table<{
        body: string
        maker: string
        n: number
        queue: string
        seq: number
        written_at: string
      }, 'body' | 'maker' | 'n' | 'queue' | 'seq'>
      job_queue_snapshots: Table<{
        created_at: string
        queue: string
        seq: number
        state: Json
      }, 'queue' | 'seq' | 'state'>
      job_queue_staged: Table<{
        command_id: string
        item: Json
        job_id: string
        queue: string
        staged_at: string
      }, 'command_id' | 'item' | 'job_id' | 'queue'>
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
      job_queue_submissions: Table<{
        code: string | null
        id: number
        job: Json
        job_id: string
        queue: string
        reason: string | null
        request_id: string
        submitted_at: string
        taken_until: string | null
      }, 'job' | 'job_id' | 'queue' | 'request_id', 'id'>
      job_queue_unlinked: Table<{
        job_id: string
        late: boolean
        life: number | null
        queue: string | null
        since: string
        target: string
      }, 'job_id' | 'late' | 'target'>
      job_queue_watched: Table<{
        address: string
        job_id: string
        queue: string
        until: string
      }, 'address' | 'job_id' | 'queue' | 'until'>
      job_queue_workers: Table<{
        beat_at: string
        dead: boolean
        expires_at: string
        free_slots: number
        grace_ms: number
        kinds: string[] | null
        queue: string
        reads: number | null
        release: string
        server_since: string | null
        settled: boolean
        started_at: string
        ttl_ms: number
        worker_id: string
      }, 'beat_at' | 'expires_at' | 'free_slots' | 'grace_ms' | 'queue' | 'release' | 'started_at' | 'ttl_ms' | 'worker_id'>
    }
    Views: { [_ in never]: never }
    Functions: {
      job_queue_account: { Args: never; Returns: Json }
      job_queue_adopt: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_adoptable: { Args: { states: string[]; job_ids: string[]; lim: number }; Returns: Json }
      job_queue_answer: { Args: { request_id: string; queue?: string }; Returns: Json }
      job_queue_answer_requests: { Args: { queue: string; answers: Json }; Returns: number }
      job_queue_answered: { Args: { queue: string; done: string[]; senders: string[] }; Returns: undefined }
      job_queue_append: { Args: { queue: string; expected_version: number; events: Json; changes: Json }; Returns: Json }
      job_queue_append_along: { Args: { queue: string; expected_version: number; events: Json; changes: Json; along: Json }; Returns: Json }
      job_queue_append_for: { Args: { queue: string; expected_version: number; events: Json; changes: Json; answered: Json }; Returns: Json }
      job_queue_archive: { Args: { queue: string; through: number; keep: boolean }; Returns: Json }
      job_queue_archive_before: { Args: { queue: string; before: string; keep: boolean }; Returns: Json }
      job_queue_archived_events: { Args: { queue: string; after: number; max_events: number }; Returns: Json }
      job_queue_arrived_rows: { Args: { arrival_ids: number[] }; Returns: Json }
      job_queue_backlog: { Args: { queue: string }; Returns: Json }
      job_queue_beat: { Args: { queue: string; worker_id: string; kinds: string[]; free_slots: number; release: string; ttl_ms: number; grace_ms: number }; Returns: Json }
      job_queue_by_schedule: { Args: { queue: string; job_id: string }; Returns: Json }
      job_queue_cancel_rows: { Args: { job_ids: string[]; queued: string[] }; Returns: undefined }
      job_queue_cancel_submitted: { Args: { queue: string; job_id: string }; Returns: boolean }
      job_queue_cancel_submitted_after: { Args: { queue: string; job_ids: string[] }; Returns: string[] }
      job_queue_chain: { Args: { queue: string; after: number; lim: number }; Returns: Json }
      job_queue_check_incoming: { Args: { queue: string }; Returns: Json }
      job_queue_check_once: { Args: { queue: string }; Returns: Json }
      job_queue_checkup: { Args: { queue: string }; Returns: Json }
      job_queue_circle: { Args: { jobs: Json }; Returns: string[] }
      job_queue_claim_arrivals: { Args: { queue: string; lim: number }; Returns: Json }
      job_queue_claim_cut: { Args: { queue: string; before: string }; Returns: Json }
      job_queue_columns: { Args: { target: string }; Returns: Json }
      job_queue_committed_ends: { Args: { queue: string }; Returns: Json }
      job_queue_complete_in: { Args: { job_id: string; fence: string; result?: Json; queue?: string; notify?: boolean; used?: Json }; Returns: string }
      job_queue_data_of: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_dated: { Args: never; Returns: boolean }
      job_queue_dead: { Args: { queue: string; filter: Json }; Returns: Json }
      job_queue_doubtful: { Args: { queue: string; target: string; job_ids: string[] }; Returns: string[] }
      job_queue_drop: { Args: { queue: string; job_ids: string[] }; Returns: number }
      job_queue_drop_chunks: { Args: { queue: string }; Returns: number }
      job_queue_elsewhere: { Args: { server_since: string }; Returns: boolean }
      job_queue_end_of: { Args: { queue: string; token: number }; Returns: Json }
      job_queue_end_of_life: { Args: { queue: string; job_id: string; seq: number }; Returns: string }
      job_queue_ending: { Args: { queue: string; request_ids: string[]; events: Json }; Returns: Json }
      job_queue_endings: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_enqueue_in: { Args: { jobs: Json; queue?: string; request_id?: string; notify?: boolean }; Returns: Json }
      job_queue_event_at: { Args: { queue: string; seq: number }; Returns: string }
      job_queue_event_body: { Args: { job_type: string; models: string[]; data: Json }; Returns: Json }
      job_queue_event_text: { Args: { event: string }; Returns: string }
      job_queue_events: { Args: { queue: string; after: number; max_events: number; max_bytes: number }; Returns: Json }
      job_queue_explain: { Args: { job_id: string; queue?: string }; Returns: Json }
      job_queue_forget: { Args: { queue: string; job_ids: string[] }; Returns: number }
      job_queue_forget_operator: { Args: { operator: string }; Returns: number }
      job_queue_forget_workers: { Args: { queue: string }; Returns: undefined }
      job_queue_given_up: { Args: { queue: string; claimed_until: string; job_id: string }; Returns: boolean }
      job_queue_held: { Args: { worker_id: string; queue?: string }; Returns: Json }
      job_queue_hidden: { Args: { target: string; command: string }; Returns: boolean }
      job_queue_incoming: { Args: { queue: string; lim: number; again: boolean }; Returns: Json }
      job_queue_insert_chained: { Args: { queue: string; events: Json; chain: string }; Returns: string }
      job_queue_job_body: { Args: { job: Json }; Returns: Json }
      job_queue_job_digest: { Args: { body: Json; payload: Json; is_vague: boolean }; Returns: string }
      job_queue_jobs_fault: { Args: { jobs: Json }; Returns: string }
      job_queue_kept: { Args: { queue: string }; Returns: Json }
      job_queue_kept_digest: { Args: { event: string }; Returns: number }
      job_queue_known: { Args: { job_id: string }; Returns: boolean }
      job_queue_last_retry: { Args: { queue: string; job_id: string; life: number }; Returns: number }
      job_queue_leave: { Args: { queue: string; worker_id: string }; Returns: boolean }
      job_queue_life: { Args: { queue: string; job_id: string }; Returns: number }
      job_queue_link: { Args: { target: string; job_ids: string[] }; Returns: number }
      job_queue_linked: { Args: { queue: string; target: string; job_id: string; row_queued_at: string }; Returns: boolean }
      job_queue_list_submissions: { Args: { queue: string; after: number }; Returns: Json }
      job_queue_lock_submissions: { Args: { queue: string; numbers: number[] }; Returns: Record<string, unknown> }
      job_queue_micros: { Args: { run_at: string }; Returns: number }
      job_queue_not_arrived: { Args: { key_column: string; job_ids: string[] }; Returns: undefined }
      job_queue_not_live: { Args: { queue: string; job_id: string }; Returns: Json }
      job_queue_note: { Args: { queue: string; job_id: string; token: number; note: Json }; Returns: boolean }
      job_queue_note_row: { Args: { target: string; job_id: string; moved: boolean }; Returns: undefined }
      job_queue_of_job: { Args: { queue: string; job_id: string }; Returns: Json }
      job_queue_once_before: { Args: { queue: string; events: Json }; Returns: Json }
      job_queue_open: { Args: { queue: string }; Returns: Json }
      job_queue_open_requests: { Args: { queue: string; lim: number }; Returns: Json }
      job_queue_outer_rows: { Args: { queue: string; job_ids: string[] }; Returns: Record<string, unknown>[] }
      job_queue_overdue: { Args: { queue: string; thorough: boolean }; Returns: Json }
      job_queue_own_rows: { Args: { job_ids: string[]; names: Json }; Returns: Record<string, unknown>[] }
      job_queue_page: { Args: { queue: string; after: number; lim: number }; Returns: Record<string, unknown> }
      job_queue_parents: { Args: { after: Json }; Returns: Json }
      job_queue_payload_fault: { Args: { payload: Json }; Returns: string }
      job_queue_payloads: { Args: { queue: string; after: string }; Returns: Json }
      job_queue_project: { Args: { queue: string; batch: number }; Returns: Json }
      job_queue_project_target: { Args: { queue: string; target: string; key_column: string; key_type: string; job_ids: string[] }; Returns: number }
      job_queue_projection: { Args: { queue: string }; Returns: Json }
      job_queue_projection_page: { Args: { queue: string; filter: Json }; Returns: Json }
      job_queue_publish: { Args: { queue: string; sender: string; wait_ms: number; seen: Json; commands: Json }; Returns: Json }
      job_queue_published_in: { Args: { queue: string }; Returns: Json }
      job_queue_put_data: { Args: { queue: string; data: Json }; Returns: undefined }
      job_queue_put_many: { Args: { queue: string; expected_version: number; events: Json; changes: Json }; Returns: undefined }
      job_queue_put_once: { Args: { queue: string; events: Json }; Returns: undefined }
      job_queue_put_snapshot: { Args: { queue: string; seq: number; state: Json }; Returns: Json }
      job_queue_put_snapshot_chunk: { Args: { queue: string; seq: number; maker: string; n: number; body: string }; Returns: undefined }
      job_queue_put_staged: { Args: { queue: string; staged: Json }; Returns: undefined }
      job_queue_put_state: { Args: { queue: string; state: Json }; Returns: number }
      job_queue_queued_job: { Args: { queue: string; job_id: string; seq: number }; Returns: Record<string, unknown> }
      job_queue_queues: { Args: never; Returns: Json }
      job_queue_read: { Args: { queue: string; after: number; lim: number }; Returns: Json }
      job_queue_reads: { Args: { queue: string }; Returns: number }
      job_queue_rebuild: { Args: { queue: string; expected_version: number; state: Json; jobs: Json }; Returns: Json }
      job_queue_rebuild_once: { Args: { queue: string }; Returns: number }
      job_queue_rebuild_rows: { Args: { queue: string; expected_version: number; state: Json; jobs: Json; job_ids: string[] }; Returns: Json }
      job_queue_refuse_by_policy: { Args: { queue: string; jobs: Json[] }; Returns: undefined }
      job_queue_refuse_digest: { Args: { job: Json; digest: string }; Returns: boolean }
      job_queue_refuse_other: { Args: { how: string; job: Json; body: Json; payload: Json; is_vague: boolean }; Returns: boolean }
      job_queue_refused_words: { Args: never; Returns: Record<string, unknown>[] }
      job_queue_reproject: { Args: { queue: string }; Returns: Json }
      job_queue_request: { Args: { command: Json; queue?: string; request_id?: string }; Returns: string }
      job_queue_request_fault: { Args: { command: Json }; Returns: string }
      job_queue_resign: { Args: { queue: string; combiner: string; done: string[]; senders: string[] }; Returns: Json }
      job_queue_results: { Args: { queue: string; job_ids: string[] }; Returns: Json }
      job_queue_row_fields: { Args: never; Returns: string }
      job_queue_row_lives: { Args: { queue: string; job_ids: string[] }; Returns: Record<string, unknown>[] }
      job_queue_rows_gone: { Args: { target: string; key_column: string; job_ids: string[] }; Returns: undefined }
      job_queue_said_before: { Args: { queue: string; request_id: string; command: Json }; Returns: Json }
      job_queue_say_not_taken_in: { Args: { queue: string; job_ids: string[]; reasons: string[] }; Returns: string[] }
      job_queue_set_aside_rows: { Args: { queue: string; target: string; tried: string[]; missed: string[]; state: string }; Returns: undefined }
      job_queue_settle: { Args: { queue: string; known: number[]; held: Json }; Returns: undefined }
      job_queue_shadowing: { Args: never; Returns: Record<string, unknown>[] }
      job_queue_sign: { Args: { queue: string; worker_id: string; operator: string; host: string; command: string }; Returns: boolean }
      job_queue_signed: { Args: { queue: string; worker_ids: string[] }; Returns: Json }
      job_queue_snapshot: { Args: { queue: string; up_to: number }; Returns: Json }
      job_queue_snapshot_chunk: { Args: { queue: string; seq: number; maker: string; n: number }; Returns: Json }
      job_queue_stage: { Args: { queue: string; command_id: string; data: Json }; Returns: number }
      job_queue_start_chain: { Args: { queue: string }; Returns: Json }
      job_queue_status: { Args: { state: string }; Returns: string }
      job_queue_submit: { Args: { jobs: Json; queue?: string; request_id?: string }; Returns: string }
      job_queue_submit_call: { Args: { queue: string; request_id: string; digest: string; jobs: Json; known: string[]; staged: number }; Returns: Json }
      job_queue_submitted: { Args: { queue: string; lim: number }; Returns: Json }
      job_queue_submitted_call: { Args: { queue: string; request_id: string; digest: string; is_holder: boolean }; Returns: Json }
      job_queue_submitted_job: { Args: { job: Json }; Returns: Json }
      job_queue_sweep_once: { Args: { queue: string; most: number }; Returns: undefined }
      job_queue_taken: { Args: { queue: string; arrival_ids: number[]; refused: Json }; Returns: number }
      job_queue_targets: { Args: never; Returns: Record<string, unknown>[] }
      job_queue_touched: { Args: { queue: string; after: number; through: number }; Returns: string[] }
      job_queue_turn: { Args: { queue: string; since: number }; Returns: Json }
      job_queue_unlike: { Args: { expected_version: number; events: Json; alike: Json }; Returns: Json }
      job_queue_unstaged: { Args: { queue: string; staged: Json }; Returns: string[] }
      job_queue_user_path: { Args: never; Returns: string }
      job_queue_user_rows: { Args: { job_ids: string[] }; Returns: Json }
      job_queue_void: { Args: { queue: string; voided_from: number }; Returns: undefined }
      job_queue_void_seqs: { Args: { queue: string; finals: boolean }; Returns: number[] }
      job_queue_voided: { Args: { queue: string; after: number }; Returns: Json }
      job_queue_watch: { Args: { queue: string; job_ids: string[]; address: string; ms: number }; Returns: Json }
      job_queue_without_data: { Args: { command: Json }; Returns: Json }
      job_queue_worker_list: { Args: { queue: string }; Returns: Json }
      job_queue_write_target: { Args: { queue: string; target: string; key_column: string; key_type: string; job_ids: string[] }; Returns: Record<string, unknown> }
    }
    Enums: { [_ in never]: never }
    CompositeTypes: { [_ in never]: never }
  }
}
