/** How long commands wait to be carried out by others, counted in appends: a figure that is the same on any machine. */
import type pg from 'pg'

/** Notes at which version each command is published, and at which its row goes; a copy of it can be published again. */
const notes = `
  create table waits (
    command_id text primary key, first_put bigint not null, put bigint, gone bigint, is_stolen boolean not null default false, row interlock.job_queue_published not null);
  create function note_published() returns trigger language plpgsql as $$
  declare
    at bigint := coalesce((select max(version) from interlock.job_queue_heads where queue = 'default'), 0);
  begin
    if tg_op = 'INSERT' then
      insert into public.waits values (new.command_id, at, at, null, false, new)
      on conflict (command_id) do update set put = at where waits.gone is null;
    elsif current_setting('chaos.steals', true) = 'on' then
      update public.waits set put = null, is_stolen = true where command_id = old.command_id;
    elsif old.waits_until > clock_timestamp() then
      update public.waits set gone = at where command_id = old.command_id and gone is null;
    end if;
    return null;
  end $$;
  create trigger note_published after insert or delete on interlock.job_queue_published for each row execute function note_published()`

/** Before any command is published. */
export async function noteWaits(client: pg.Client): Promise<void> {
  await client.query(notes)
}

/** Takes some of the published commands away, each once, as if they had never come. Returns how many. */
export async function steal(client: pg.Client): Promise<number> {
  await client.query(`set chaos.steals = 'on'`)
  const { rowCount } = await client.query(
    `delete from interlock.job_queue_published p where p.command_id in (
       select k.command_id from interlock.job_queue_published k join waits w using (command_id)
        where random() < 0.3 and not w.is_stolen for update of k skip locked)`,
  )
  return rowCount ?? 0
}

/** Publishes commands once more that were carried out before. Returns how many. */
export async function repeat(client: pg.Client): Promise<number> {
  const { rowCount } = await client.query(
    `insert into interlock.job_queue_published (queue, command_id, sender, command, waits_until)
     select (w.row).queue, w.command_id, (w.row).sender, (w.row).command, clock_timestamp() + interval '2 seconds'
       from waits w where w.gone is not null order by random() limit 1
     on conflict do nothing`,
  )
  return rowCount ?? 0
}

/**
 * The longest that a command has waited while its row was there, in appends; and from when it was first published, which counts the time
 * without a row, until its sender looks after it.
 */
export async function longestWaits(
  client: pg.Client,
): Promise<{ published: number; stolen: number; commands: number }> {
  const { rows } = await client.query<{ published: number; stolen: number; commands: number }>(`
    with log as (
      select l.seq, l.command_id, l.xmin::text <> coalesce(lag(l.xmin::text) over (order by l.seq), '') as is_first
        from job_queue_log l where l.queue = 'default'),
    counted as (select seq, command_id, count(*) filter (where is_first) over (order by seq) as append from log),
    carried as (select command_id, min(seq) as seq from counted group by command_id),
    ends as (
      select w.first_put, w.put, least(w.gone, c.seq) as gone from waits w left join carried c using (command_id)
       where w.gone is not null or c.seq is not null)
    select coalesce(max(g.append - p.append) filter (where e.put is not null), 0)::int as published,
           coalesce(max(g.append - f.append), 0)::int as stolen, count(*)::int as commands
      from ends e join counted f on f.seq = e.first_put join counted g on g.seq = e.gone left join counted p on p.seq = e.put`)
  return rows[0] ?? { published: 0, stolen: 0, commands: 0 }
}
