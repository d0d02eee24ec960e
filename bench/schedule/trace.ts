import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { mulberry32 } from '../frame/chance.ts'

export interface Request {
  readonly jobId: string
  readonly models: readonly string[]
  readonly seconds: number
}

/** The requests of the file in order of arrival; undefined where there is no such file. */
export async function readTrace(file: string): Promise<readonly Request[] | undefined> {
  try {
    const rows = parse<Record<'job_id' | 'models' | 'seconds', string>>(gunzipSync(await readFile(file)), {
      columns: true,
    })
    return rows.map(({ job_id: jobId, models, seconds }) => ({
      jobId,
      models: models.split(';'),
      seconds: Number(seconds),
    }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Made up, in the shape of the real ones: few busy checkpoints, many rare adapters, some 26 s with a long tail. Always the
 * same for a number.
 */
export function madeUpTrace(count: number): readonly Request[] {
  const chance = mulberry32(48_000)
  // The inverse of a power law: index 0 is by far the busiest.
  const pick = (among: number, skew: number) => Math.floor(among * chance() ** skew)
  return Array.from({ length: count }, (_, i) => {
    const adapters = Array.from({ length: pick(4, 1.5) }, () => `adapter-${pick(670, 3)}`)
    const models = new Set([`checkpoint-${pick(95, 4)}`, ...adapters])
    const seconds = Math.round(5_000 + 20_000 * -Math.log(1 - chance())) / 1_000
    return { jobId: `made-up-${i}`, models: [...models], seconds }
  })
}

/** No schedule can be faster: a model serves one job at a time, and there are only so many slots. */
export function lowerBound(requests: readonly Request[], slots: number): number {
  const perModel = new Map<string, number>()
  let all = 0
  for (const { models, seconds } of requests) {
    all += seconds
    for (const model of models) perModel.set(model, (perModel.get(model) ?? 0) + seconds)
  }
  return Math.max(all / slots, ...perModel.values())
}
