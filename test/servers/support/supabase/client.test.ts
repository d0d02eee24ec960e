/** The stand-in for Supabase, judged by the real client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, type Project, startProject } from '../../../support/supabase/project.ts'

const schema = `
  create table todos (id bigint generated always as identity primary key, owner uuid default auth.uid(), title text not null,
    tags text[] not null default '{}', data jsonb, done boolean not null default false);
  alter table todos enable row level security;
  create policy own on todos to authenticated using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
  grant select, insert, update, delete on todos to authenticated, service_role;
  create table many as select g as n from generate_series(1, 1500) g;
  grant select on many to service_role;
  alter publication supabase_realtime add table todos;
  create function hasty() returns int language sql set statement_timeout = '20ms' as 'select pg_sleep(60); select 1';
  create function add_todo(title text) returns void language sql as $$ insert into todos (title) values (title) $$;
  create function shout(topic text, private boolean) returns void language sql security definer as
    $$ select realtime.send('{"loud": true}'::jsonb, 'shout', topic, private) $$;
`
let project: Project
beforeAll(async () => {
  project = await startProject(schema)
})
afterAll(() => project.close())

const alice = '00000000-0000-0000-0000-00000000000a'
const bob = '00000000-0000-0000-0000-00000000000b'

const service = () => clientOf(project, project.keys.secret)
const user = async (id: string) => clientOf(project, project.keys.publishable, await project.keys.signIn(id))

describe('tables', () => {
  it('write, read, filter and order', async () => {
    const client = service()
    const inserted = await client
      .from('todos')
      .insert({ title: 't1', tags: ['a, b'], data: { n: 1 } })
      .select('id,title')
    expect(inserted).toMatchObject({ status: 201, error: null, data: [{ title: 't1' }] })
    await client.from('todos').insert({ title: 't2', data: { n: '9007199254740993' } })
    const read = await client
      .from('todos')
      .select('title, data')
      .order('title', { ascending: false })
      .limit(1)
    expect(read).toMatchObject({ status: 200, data: [{ title: 't2', data: { n: '9007199254740993' } }] })
    const updated = await client.from('todos').update({ done: true }).eq('title', 't1').select().single()
    expect(updated.data).toMatchObject({ title: 't1', tags: ['a, b'], done: true })
    const gone = await client.from('todos').delete().eq('title', 't1')
    expect(gone).toMatchObject({ status: 204, error: null })
    expect((await client.from('todos').select('*').eq('title', 't1').maybeSingle()).data).toBeNull()
  })

  it('cut a long read at 1,000 rows without a word', async () => {
    const { data, error } = await service().from('many').select('n').order('n')
    expect([data?.length, error]).toEqual([1_000, null])
  })

  it('show each user only their own rows, and without a login none', async () => {
    const [a, b] = [await user(alice), await user(bob)]
    expect((await a.from('todos').insert({ title: 'mine' })).error).toBeNull()
    expect((await a.from('todos').select('title')).data).toEqual([{ title: 'mine' }])
    expect((await b.from('todos').select('title')).data).toEqual([])
    expect((await b.from('todos').insert({ title: 'forged', owner: alice })).error).toMatchObject({
      code: '42501',
    })
    const nobody = clientOf(project, project.keys.publishable)
    expect(await nobody.from('todos').select('title')).toMatchObject({
      status: 401,
      error: { code: '42501' },
    })
  })

  it.each(['postgres', 'pg_database_owner'])('never act as %s, with any token', async (role) => {
    const token = await project.keys.signIn(alice, { role })
    const client = clientOf(project, project.keys.publishable, token)
    expect(await client.from('todos').select('title')).toMatchObject({
      status: 403,
      error: { code: '42501' },
    })
  })

  it('are not asked for more than there is here: such a request is refused by name, and nothing is done', async () => {
    const client = service()
    await client.from('todos').insert({ title: 'stays' })
    const todos = () => client.from('todos')
    for (const [request, named] of [
      [todos().delete().gt('id', 0), 'id=gt.0'],
      [todos().delete().or('id.gt.0,title.eq.stays'), 'or=(id.gt.0'],
      [todos().delete({ count: 'exact' }).eq('title', 'stays'), 'count=exact'],
      [
        todos().delete().eq('title', 'stays').setHeader('Prefer', 'handling=strict,max-affected=1'),
        'max-affected=1',
      ],
      [todos().upsert({ id: 1, title: 'x' }), 'resolution=merge-duplicates'],
      [todos().insert([{ title: 'x' }, { title: 'y' }]), 'columns'],
      [todos().select('title, many(n)'), 'many(n)'],
      [todos().select('title').range(1, 2), 'offset'],
      [client.rpc('add_todo', { title: 'x' }).limit(1), 'limit'],
      [client.rpc('add_todo', { title: 'x' }, { get: true }), 'method GET'],
    ] as const) {
      const { status, error } = await request
      expect({ status, message: error?.message }).toEqual({
        status: 501,
        message: expect.stringContaining(named),
      })
    }
    expect((await client.from('todos').select('title').eq('title', 'stays')).data).toHaveLength(1)
    expect((await client.from('todos').select('title').eq('title', 'x')).data).toEqual([])
  })

  it('and functions have the statement_timeout of the function', async () => {
    expect((await service().rpc('hasty')).error).toMatchObject({ code: '57014' })
  })

  it('find what was made a moment ago', async () => {
    await project.query('create table late (id int); grant select on late to service_role')
    expect((await service().from('late').select()).data).toEqual([])
    expect((await service().from('never').select()).error).toMatchObject({ code: 'PGRST205' })
  })
})

describe('channels', () => {
  const joined = (channel: ReturnType<ReturnType<typeof service>['channel']>) =>
    new Promise<void>((resolve, reject) => {
      channel.subscribe((status, error) => {
        if (status === 'SUBSCRIBED') resolve()
        else if (status !== 'CLOSED') reject(error ?? new Error(status))
      })
    })

  it('pass on broadcasts of other clients', async () => {
    const [sender, receiver] = [service().channel('room'), service().channel('room')]
    const heard = new Promise((resolve) => receiver.on('broadcast', { event: 'é' }, resolve))
    await Promise.all([joined(sender), joined(receiver)])
    await sender.send({ type: 'broadcast', event: 'é', payload: { n: 1 } })
    expect(await heard).toMatchObject({ event: 'é', payload: { n: 1 } })
  })

  it('pass on what the database sends, to private channels or to public ones', async () => {
    const client = service()
    const heard: string[] = []
    const open = client.channel('news').on('broadcast', { event: 'shout' }, () => heard.push('public'))
    const closed = service()
      .channel('news', { config: { private: true } })
      .on('broadcast', { event: 'shout' }, () => heard.push('private'))
    await Promise.all([joined(open), joined(closed)])
    await client.rpc('shout', { topic: 'news', private: true })
    await expect.poll(() => heard).toEqual(['private'])
    await client.rpc('shout', { topic: 'news', private: false })
    await expect.poll(() => heard).toEqual(['private', 'public'])
  })

  it('keep a private channel from users', async () => {
    const channel = (await user(alice)).channel('news', { config: { private: true } })
    await expect(joined(channel)).rejects.toThrow(/Unauthorized/)
  })

  it('tell of changes in published tables, filtered', async () => {
    const client = service()
    const seen: unknown[] = []
    let watching = false
    const channel = client
      .channel('todos')
      .on(
        'postgres_changes',
        { event: 'INSERT', schema: 'public', table: 'todos', filter: 'title=eq.seen' },
        (change) => seen.push(change.new),
      )
      .on('system', {}, ({ extension, status }) => {
        watching ||= extension === 'postgres_changes' && status === 'ok'
      })
    await joined(channel)
    await expect.poll(() => watching).toBe(true)
    await client.rpc('add_todo', { title: 'unseen' })
    await client.rpc('add_todo', { title: 'seen' })
    await expect.poll(() => seen).toEqual([expect.objectContaining({ title: 'seen', tags: [], done: false })])
  })

  it.each([
    ['presence', { presence: { enabled: true } }],
    ['broadcast.replay', { private: true, broadcast: { replay: { since: 0 } } }],
    ['broadcast.self', { broadcast: { self: true } }],
  ])('are refused with %s, by that name', async (named, config) => {
    await expect(joined(service().channel('room', { config }))).rejects.toThrow(named)
  })
})
