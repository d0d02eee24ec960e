/**
 * What Supabase's database linter (supabase/splinter) looks for, in words of our own: a query that names what it finds in
 * schema public, and a sin that it has to find. The numbers are the linter's. Not here: what only a running project can show
 * (0005 unused indexes: test/servers/migrate/indexes.test.ts; 0020 bloat; 0022 and 0025 extensions; 0026, 0027 GraphQL, which follows
 * the grants that 0028, 0029 and the privilege tests look at; 0031 replication slots), and 0012, which is about Auth's settings.
 */
export interface Check {
  readonly number: string
  readonly finds: string
  readonly query: string
  readonly sin: string
}

const tables = `select c.oid, c.relname as name, c.relrowsecurity as secured, c.relkind as kind, c.reloptions as options
  from pg_class c where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace)`
const policies = `select p.*, c.relname as name, pg_get_expr(p.polqual, p.polrelid) as qual, pg_get_expr(p.polwithcheck, p.polrelid) as checked
  from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace in ('public'::regnamespace, 'interlock'::regnamespace)`
const functions = `select p.oid, p.proname as name, p.prosecdef as definer, p.proconfig as config
  from pg_proc p where p.pronamespace in ('public'::regnamespace, 'interlock'::regnamespace)`

const open = (kind: string) => `select name from (${tables}) t where kind = '${kind}'
  and (has_table_privilege('anon', oid, 'select') or has_table_privilege('authenticated', oid, 'select'))`
const executable = (role: string) =>
  `select name from (${functions}) f where definer and has_function_privilege('${role}', oid, 'execute')`

export const checks: readonly Check[] = [
  {
    number: '0001',
    finds: 'foreign keys without an index',
    query: `select k.conname from pg_constraint k join (${tables}) t on t.oid = k.conrelid
      where k.contype = 'f' and not exists (
        select from pg_index i where i.indrelid = k.conrelid and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)`,
    sin: 'create table sin (id int primary key, other int references sin (id))',
  },
  {
    number: '0002',
    finds: 'views that show auth.users',
    query: `select distinct t.name from (${tables}) t join pg_rewrite r on r.ev_class = t.oid
      join pg_depend d on d.objid = r.oid where t.kind in ('v', 'm') and d.refobjid = to_regclass('auth.users')`,
    sin: 'create table auth.users (id int); create view sin as select id from auth.users',
  },
  {
    number: '0003',
    finds: 'policies that call auth.* for each row',
    query: `select polname from (${policies}) p where concat(qual, checked) ~ 'auth\\.\\w+\\(\\)'
      and concat(qual, checked) !~* 'select auth\\.\\w+\\(\\)'`,
    sin: `create table sin (id uuid primary key); create policy sin on sin using (auth.uid() = id)`,
  },
  {
    number: '0004',
    finds: 'tables without a primary key',
    query: `select name from (${tables}) t where kind = 'r'
      and not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)`,
    sin: 'create table sin (id int)',
  },
  {
    number: '0006',
    finds: 'several permissive policies for one role and command',
    query: `select p.name from (${policies}) p
      join pg_roles r on (r.oid = any (p.polroles) or p.polroles = array[0::oid])
        and not r.rolbypassrls and r.rolname not like 'pg\\_%'
      cross join unnest(case p.polcmd when '*' then array['r', 'a', 'w', 'd'] else array[p.polcmd::text] end) as command
      where p.polpermissive group by p.name, r.rolname, command having count(*) > 1`,
    sin: 'create table sin (id int); create policy a on sin using (false); create policy b on sin for select to anon using (true)',
  },
  {
    number: '0007',
    finds: 'policies on tables without row level security',
    query: `select p.name from (${policies}) p join (${tables}) t on t.oid = p.polrelid where not t.secured`,
    sin: 'create table sin (id int); create policy sin on sin using (false)',
  },
  {
    number: '0008',
    finds: 'row level security without a policy',
    query: `select name from (${tables}) t where secured and not exists (select from pg_policy p where p.polrelid = t.oid)`,
    sin: 'create table sin (id int); alter table sin enable row level security',
  },
  {
    number: '0009',
    finds: 'indexes that are the same',
    query: `select array_agg(i.indexrelid::regclass::text)::text from pg_index i join (${tables}) t on t.oid = i.indrelid
      group by i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
        coalesce(pg_get_expr(i.indexprs, i.indrelid), '') having count(*) > 1`,
    sin: 'create table sin (id int); create index a on sin (id); create index b on sin (id)',
  },
  {
    number: '0010',
    finds: 'views that run with the rights of their owner, where a browser can read them',
    query: `${open('v')} and not coalesce(options, '{}') && array['security_invoker=on', 'security_invoker=true']`,
    sin: 'create view sin as select 1 as one; grant select on sin to authenticated',
  },
  {
    number: '0011',
    finds: 'functions without a search_path of their own',
    query: `select name from (${functions}) f where not exists (select from unnest(config) c where c like 'search\\_path=%')`,
    sin: `create function sin() returns int language sql as 'select 1'`,
  },
  {
    number: '0013',
    finds: 'tables without row level security',
    query: `select name from (${tables}) t where kind = 'r' and not secured`,
    sin: 'create table sin (id int)',
  },
  {
    number: '0014',
    finds: 'extensions in schema public',
    query: `select extname from pg_extension where extnamespace = 'public'::regnamespace`,
    sin: "update pg_extension set extnamespace = 'public'::regnamespace where extname = 'plpgsql'",
  },
  {
    number: '0015',
    finds: 'policies that trust what users can write about themselves',
    query: `select polname from (${policies}) p where concat(qual, checked) ~ 'user_metadata'`,
    sin: `create table sin (id int); create policy sin on sin using ((auth.jwt() ->> 'user_metadata') = 'x')`,
  },
  {
    number: '0016',
    finds: 'materialized views that a browser can read',
    query: open('m'),
    sin: 'create materialized view sin as select 1 as one; grant select on sin to anon',
  },
  {
    number: '0017',
    finds: 'foreign tables that a browser can read',
    query: open('f'),
    sin: 'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table sin (id int) server s; grant select on sin to anon',
  },
  {
    number: '0018',
    finds: 'columns of types that a major upgrade refuses',
    query: `select t.name from (${tables}) t join pg_attribute a on a.attrelid = t.oid
      where t.kind = 'r' and a.atttypid in ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype, 'regnamespace'::regtype)`,
    sin: 'create table sin (id regproc)',
  },
  {
    number: '0023',
    finds: 'columns that are named like secrets, where a browser can read them',
    query: `select t.name from (${tables}) t join pg_attribute a on a.attrelid = t.oid
      where not t.secured and a.attname in ('token', 'secret', 'api_key', 'session_id', 'password', 'access_token')
        and (has_table_privilege('anon', t.oid, 'select') or has_table_privilege('authenticated', t.oid, 'select'))`,
    sin: 'create table sin (token text); grant select on sin to anon',
  },
  {
    number: '0024',
    finds: 'policies that let a browser write everything',
    query: `select polname from (${policies}) p where polpermissive and polcmd <> 'r' and 'true' in (qual, checked)
      and (polroles = array[0::oid] or polroles && array['anon'::regrole::oid, 'authenticated'::regrole::oid])`,
    sin: 'create table sin (id int); create policy sin on sin for insert to anon with check (true)',
  },
  {
    number: '0028',
    finds: 'functions with the rights of their owner that anon can call',
    query: executable('anon'),
    sin: `create function sin() returns int language sql security definer set search_path = '' as 'select 1'; grant execute on function sin() to anon`,
  },
  {
    number: '0029',
    finds: 'functions with the rights of their owner that signed-in users can call',
    query: executable('authenticated'),
    sin: `create function sin() returns int language sql security definer set search_path = '' as 'select 1'; grant execute on function sin() to authenticated`,
  },
  {
    number: '0030',
    finds: 'tables that are never vacuumed, and indexes that are of no use',
    query: `select name from (${tables}) t where 'autovacuum_enabled=false' = any (options)
      union all select t.name from (${tables}) t join pg_index i on i.indrelid = t.oid where not i.indisvalid`,
    sin: 'create table sin (id int) with (autovacuum_enabled = false)',
  },
]
