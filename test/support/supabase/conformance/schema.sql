-- Tables and functions that the requests in answers.json speak to: one function per shape of argument, result and failure.
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
create schema jobq;
grant usage on schema jobq to anon, authenticated, service_role;

create table jobs (
  id bigint generated always as identity primary key,
  queue text not null default 'q',
  name text unique,
  payload jsonb not null default '{}',
  tags text[] not null default '{}',
  amt numeric(12, 3),
  created_at timestamptz not null default '2026-01-02 03:04:05.678901+00',
  state text not null default 'ready' check (state in ('ready', 'run', 'done')));
create table jobq.child (id int primary key, job_id bigint references jobs (id));
create table secret (id int);
revoke all on secret from anon, authenticated;
create table rls (id int, owner text);
alter table rls enable row level security;
insert into jobs (name, payload, tags, amt)
select 'n' || g, jsonb_build_object('g', g), array['a', 'b c', 'd,"e'], g / 3.0 from generate_series(1, 5) g;
-- The recording had used up two ids more by the time it shows one in a message.
alter table jobs alter column id restart with 8;

-- Scalars.
create function f_int(a int, b int) returns int language sql immutable as 'select a + b';
create function f_stable(a int) returns int language sql stable as 'select a * 2';
create function f_big() returns bigint language sql immutable as 'select 9007199254740993';
create function f_num() returns numeric language sql immutable as 'select 123456789012345678.123456789';
create function f_text() returns text language sql as $$ select 'he"llo' $$;
create function f_null() returns text language sql as 'select null';
create function f_bool() returns boolean language sql as 'select true';
create function f_ts() returns timestamptz language sql as $$ select timestamptz '2026-01-02 03:04:05.678901+00' $$;
create function f_interval() returns interval language sql as $$ select interval '1 day 2:03' $$;
create function f_void() returns void language sql as '';
create function f_notice() returns int language plpgsql as $$ begin raise notice 'n'; raise warning 'w'; return 1; end $$;
create function f_json() returns json language sql as $$ select '{"b":1, "a": [1,2]}'::json $$;
create function f_jsonb_null() returns jsonb language sql as 'select null::jsonb';
create function f_jsonb_arr() returns jsonb language sql as $$ select '[]'::jsonb $$;
create function f_jsonb_str() returns jsonb language sql as $$ select '"s"'::jsonb $$;

-- Sets, rows, tables.
create function f_set_int(n int) returns setof int language sql as 'select generate_series(1, n)';
create function f_set_jsonb(n int) returns setof jsonb language sql as $$ select jsonb_build_object('i', g) from generate_series(1, n) g $$;
create function f_set_jobs(n int) returns setof jobs language sql stable as 'select * from jobs order by id limit n';
create function f_row() returns jobs language sql stable as 'select * from jobs order by id limit 1';
create function f_record(out a int, out b text) language sql as $$ select 1, 'x' $$;
create function f_out1(out a int) language sql as 'select 1';
create function f_table(n int) returns table (id bigint, name text) language sql as $$ select g, 'x' || g from generate_series(1, n) g $$;
create function f_table1(n int) returns table (only_col int) language sql as 'select generate_series(1, n)';

-- Arguments.
create function f_arr(tags text[]) returns text[] language sql as 'select tags';
create function f_intarr(xs bigint[]) returns bigint language sql as 'select sum(x)::bigint from unnest(xs) x';
create function f_uuidarr(xs uuid[]) returns int language sql as 'select cardinality(xs)';
create function f_jsonarg(payload jsonb, opt int default 7) returns jsonb language sql as
  $$ select jsonb_build_object('p', payload, 'isnull', payload is null, 'type', jsonb_typeof(payload), 'opt', opt) $$;
create function f_jsonbarr(items jsonb[]) returns jsonb language sql as 'select to_jsonb(items)';
create function f_over(a int) returns text language sql as $$ select 'int' $$;
create function f_over(a int, b int) returns text language sql as $$ select 'int,int' $$;
create function f_variadic(variadic xs text[]) returns text[] language sql as 'select xs';
create function f_intv(i interval, t timestamptz) returns jsonb language sql as $$ select jsonb_build_object('i', i, 't', t) $$;

-- Failures.
create function f_raise(code text, msg text default 'boom', det text default null, hnt text default null) returns void
language plpgsql as $$
begin
  if det is null then raise exception using errcode = code, message = msg; end if;
  raise exception using errcode = code, message = msg, detail = det, hint = hnt;
end $$;
create function f_pgrst(m text, d text) returns void language plpgsql as
  $$ begin raise sqlstate 'PGRST' using message = m, detail = d; end $$;
create function f_unique() returns void language sql as $$ insert into jobs (name) values ('n1') $$;
create function f_fk() returns void language sql security definer as 'insert into jobq.child values (1, -1)';
create function f_notnull() returns void language sql as $$ insert into jobs (name, queue) values ('zz', null) $$;
create function f_div() returns int language plpgsql as $$ begin return 1 / 0; end $$;
create function f_nodata() returns int language plpgsql as
  $$ declare x int; begin select id into strict x from jobs where false; return x; end $$;

-- Status and headers, the surroundings of a call, writes, rights.
create function f_status(s text, h text default null) returns text language plpgsql as $$
begin
  perform set_config('response.status', s, true), set_config('response.headers', h, true);
  return 'ok';
end $$;
create function f_ctx() returns jsonb language sql stable as
  $$ select jsonb_build_object('role', current_user, 'claims', current_setting('request.jwt.claims', true)::jsonb) $$;
create function f_write() returns bigint language sql as $$ insert into jobs (name) values ('w' || random()) returning id $$;
create function f_invoker() returns int language sql as 'select count(*)::int from secret';
create function f_noexec() returns int language sql as 'select 1';
revoke execute on function f_noexec() from public, anon, authenticated;

create function jobq.hello(name text) returns jsonb language sql as $$ select jsonb_build_object('hello', name) $$;
create function jobq.claim(queues text[], n int, worker text) returns setof jobs language sql security definer
set search_path = public as $$
  update jobs j set state = 'run'
    from (select id from jobs where queue = any (queues) and state = 'ready' order by id limit n for update skip locked) c
   where c.id = j.id returning j.* $$;
