/** The local Supabase, judged by the real client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf, type Project, startProject } from './support.ts'

const schema = `
  create table todos (id bigint generated always as identity primary key, owner uuid default auth.uid(), title text not null,
    tags text[] not null default '{}', data jsonb, done boolean not null default false);
  alter table todos enable row level security;
  create policy own on todos to authenticated using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
  grant select, insert, update, delete on todos to authenticated, service_role;
  create table many as select g as n from generate_series(1, 1500) g;
  grant select on many to service_role;
  alter publication supabase_realtime add table todos;
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
  it('write, read, filter, order and count', async () => {
    const client = service()
    const rows = [1, 2, 3].map((n) => ({ title: `t${n}`, tags: ['a, b', `b${n}`], data: { n } }))
    const inserted = await client.from('todos').insert(rows).select('id,title')
    expect(inserted).toMatchObject({
      status: 201,
      error: null,
      data: [{ title: 't1' }, { title: 't2' }, { title: 't3' }],
    })
    const read = await client
      .from('todos')
      .select('title, n:data->n', { count: 'exact' })
      .in('title', ['t1', 't2', 't3'])
      .or('title.eq.t2,and(data->>n.eq.3,done.is.false)')
      .not('title', 'like', 'x*')
      .order('title', { ascending: false })
      .range(0, 0)
    expect(read).toMatchObject({ status: 206, count: 2, data: [{ title: 't3', n: 3 }] })
    const updated = await client
      .from('todos')
      .update({ done: true })
      .contains('tags', ['b2'])
      .select()
      .single()
    expect(updated.data).toMatchObject({ title: 't2', done: true })
    const gone = await client.from('todos').delete().eq('title', 't1')
    expect(gone).toMatchObject({ status: 204, error: null })
    expect((await client.from('todos').select('*').eq('title', 't1').maybeSingle()).data).toBeNull()
  })

  it('upsert by the key', async () => {
    const client = service()
    const { data: made } = await client.from('todos').insert({ title: 'upsert' }).select('id').single()
    await client.from('todos').upsert({ id: made?.id, title: 'upserted' })
    const { data } = await client.from('todos').select('title').eq('id', made?.id)
    expect(data?.length).toBeLessThanOrEqual(1)
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
})
