/** A signed-in user inserts a row of `jobs` from the browser and follows it; the worker runs on a server with the secret key. */
import { createClient } from '@supabase/supabase-js'
import { createCoordinator, createJobWorker } from 'interlock-queue'
import { supabaseClient, supabaseStore } from 'interlock-queue/supabase'

const {
  SUPABASE_URL = '',
  SUPABASE_SECRET_KEY = '',
  SUPABASE_PUBLISHABLE_KEY = '',
  USER_TOKEN = '',
} = process.env

// The server.
const server = supabaseClient(SUPABASE_URL, SUPABASE_SECRET_KEY)
const coordinator = await createCoordinator({ store: supabaseStore(server) })
await coordinator.setPolicy('by-model')
const worker = createJobWorker({
  coordinator,
  intake: true,
  handlers: { normal: ({ models }) => console.log('server: a job of', ...models, 'runs') },
})

// The browser: the publishable key, and the token of the user who has signed in.
const browser = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, {
  accessToken: async () => USER_TOKEN,
})
const inserted = await browser
  .from('jobs')
  .insert({ job_id: crypto.randomUUID(), model: 'flux-dev' })
  .select('job_id')
  .single()
if (inserted.error !== null) throw new Error(inserted.error.message)
console.log('browser: a row is inserted')
const refused = await browser.from('jobs').insert({ job_id: crypto.randomUUID(), model: 'a-model-of-mine' })
console.log('browser:', refused.error?.message)

worker.start()
for (let status = ''; status !== 'completed'; ) {
  const row = await browser
    .from('jobs')
    .select('status')
    .eq('job_id', inserted.data.job_id)
    .single()
    .throwOnError()
  status = row.data.status
}
console.log('browser: it is completed')

await worker.drain()
await coordinator.close()
process.exit() // The client of supabase-js keeps its timers.
