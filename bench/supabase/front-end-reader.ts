/** The front end of bench/supabase/front-end.ts: `<url> <key> <seconds>`; reads when told, and tells how long each request took. */
import { setTimeout as sleep } from 'node:timers/promises'
import { supabaseClient } from '../../src/engine/store/supabase/index.ts'

const [url = '', key = '', seconds = ''] = process.argv.slice(2)
const client = supabaseClient(url, key)

process.on('message', async () => {
  const times: number[] = []
  const until = performance.now() + Number(seconds) * 1_000
  while (performance.now() < until) {
    const begun = performance.now()
    const { error } = await client
      .from('notes')
      .select('body')
      .eq('id', 1 + (times.length % 1_000))
      .single()
    if (error) throw new Error(error.message)
    times.push(performance.now() - begun)
    await sleep(50)
  }
  process.send?.(times)
})
process.send?.('ready')
