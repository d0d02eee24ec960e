import { expect, it } from 'vitest'
import { keptLogs, logOf } from './logs.ts'

it.each(keptLogs())('seed $seed leads to the log that is kept', async (kept) => {
  const trace = `npm run sim -- --seed ${kept.seed} --trace shows the log; if it may differ: npm run sim -- --renew-logs`
  expect(await logOf(kept.seed), trace).toEqual(kept)
})
