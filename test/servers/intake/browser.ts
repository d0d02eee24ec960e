/** An account as Supabase makes them: users of a front end who may do what they like with their own rows, and nothing else. */
import { createSupabaseRoles } from '../migrate/support.ts'
import { type Account, account } from './support.ts'

/** @param key what makes a row of `jobs` unique */
const tables = (key: string) => `
  create table jobs (job_id text not null, status text not null default 'pending', model text, prompt text, user_id text,
    made_at timestamptz not null default clock_timestamp(), ${key});
  create table workflow_executions (id text primary key, status text not null default 'pending', user_id text);
  do $$ declare t text; begin
    foreach t in array array['jobs', 'workflow_executions'] loop
      execute format('alter table %I enable row level security', t);
      execute format($p$create policy own on %I to anon, authenticated
        using (user_id = (select current_setting('request.user', true)))
        with check (user_id = (select current_setting('request.user', true)))$p$, t);
      execute format('grant select, insert, update, delete, truncate on %I to anon, authenticated', t);
      execute format('grant all on %I to service_role', t);
    end loop;
  end $$;`

export type BrowserRole = 'anon' | 'authenticated'

export interface BrowserAccount extends Account {
  /** Statements of a user in a browser, in one transaction. */
  as(user: string, sql: string, role?: BrowserRole): Promise<void>
  /** Statements of the server, in one transaction. */
  serve(sql: string): Promise<void>
}

export async function browserAccount(key = 'primary key (job_id)', more = ''): Promise<BrowserAccount> {
  const db = await account(`${tables(key)} ${more}`, createSupabaseRoles)
  return {
    ...db,
    as: (user, sql, role = 'authenticated') =>
      db.exec(
        `begin; set local role ${role}; select set_config('request.user', '${user}', true); ${sql}; commit`,
      ),
    serve: (sql) => db.exec(`begin; set local role service_role; ${sql}; commit`),
  }
}

/** Until the user's tables follow the log to its end: what is not there by then does not come. */
export async function followed(db: Account, queue = 'default'): Promise<void> {
  for (;;) {
    const step = (await db.value('select job_queue_project($1, 1000)', [queue])) as {
      projected_seq: number
      version: number
      busy: boolean
    }
    if (!step.busy && step.projected_seq === step.version) return
  }
}
