import { RunTimes } from '../../../../tools/insight/parts.ts'
import type { Loaded } from './spans.ts'

let last: { readonly key: string; readonly times: RunTimes; version: number } | null = null

/** How long the loaded attempts took. Each call looks only at events that are new. */
export function runTimesOf(loaded: Loaded, generation: number): RunTimes {
  const key = `${loaded.queue}/${generation}/${loaded.base}`
  const begin = last?.key === key ? undefined : loaded.at(loaded.base)
  if (begin !== undefined) last = { key, times: new RunTimes(begin), version: loaded.base }
  if (last === null) throw new Error('the beginning of the log is not here')
  for (let seq = last.version + 1; seq <= loaded.version; seq++) {
    const event = loaded.event(seq)
    if (event !== undefined) last.times.push(event)
  }
  last.version = loaded.version
  return last.times
}
