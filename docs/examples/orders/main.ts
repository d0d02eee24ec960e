/** A shop: the order and its job are written in one transaction, so that there is never one without the other. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { Hono } from 'hono'
import { createCoordinator, createJobWorker } from 'interlock-queue'
import { pgliteStore } from 'interlock-queue/pglite'
import { enqueueIn, fromPg } from 'interlock-queue/transaction'

// With a server it is a pool of `pg`, `postgresStore(pool)`, and a client of the pool in place of `tx`.
const db = await PGlite.create()
const store = pgliteStore(db)
const coordinator = await createCoordinator({ store })
await coordinator.setPolicy('by-model')
await db.exec('create table orders (id text primary key, prompt text not null, url text)')

const app = new Hono()
app.post('/orders', async (context) => {
  const { id, prompt, card } = await context.req.json<{ id: string; prompt: string; card: string }>()
  try {
    await db.transaction(async (tx) => {
      await tx.query('insert into orders (id, prompt) values ($1, $2)', [id, prompt])
      await enqueueIn(fromPg(tx), [{ jobId: id, models: ['flux-dev'], payload: { prompt } }])
      if (card !== 'valid') throw new Error('the card was refused')
    })
  } catch (error) {
    return context.json({ error: (error as Error).message }, 402)
  }
  return context.json({ id }, 202)
})
app.get('/orders/:id', async (context) => {
  const { rows } = await db.query<{ url: string | null }>('select url from orders where id = $1', [
    context.req.param('id'),
  ])
  return rows[0] === undefined ? context.json({ error: 'no such order' }, 404) : context.json(rows[0])
})

const worker = createJobWorker({
  coordinator,
  handlers: {
    normal: async ({ jobId }) => {
      await db.query('update orders set url = $2 where id = $1', [jobId, `${jobId}.png`])
    },
  },
})
worker.start()

const order = (id: string, card: string) =>
  app.request('/orders', { method: 'POST', body: JSON.stringify({ id, prompt: 'a fox', card }) })
const show = async (what: string, response: Response) =>
  console.log(`${what}: ${response.status} ${await response.text()}`)
await show('order fox', await order('fox', 'valid'))
await show('order owl', await order('owl', 'stolen'))
while (coordinator.metrics().ended.completed < 1) await sleep(10)
await show('fox', await app.request('/orders/fox'))
await show('owl', await app.request('/orders/owl'))
console.log('job owl:', await coordinator.explain('owl'))

await worker.drain()
await coordinator.close()
await store.close()
await db.close()
