import { writeFile } from 'node:fs/promises'
import { type Bench, type Context, type Row, sample } from '../frame/bench.ts'
import { median } from '../frame/statistics.ts'
import { figure } from '../frame/table.ts'
import { Ground } from '../peers/ground.ts'
import { type Dimension, dimensions } from './dimensions.ts'
import { curvesOf, growthChart } from './draw.ts'
import { exponentOf } from './fit.ts'

async function growthRows(context: Context): Promise<readonly Row[]> {
  await using ground = new Ground(context.servers)
  const rows: Row[] = []
  const chosen = dimensions.filter(({ what }) => context.only.every((only) => what.startsWith(only)))
  for (const dimension of chosen) rows.push(...(await rowsOf(dimension, context, ground)))
  // One that shows only a part would take the place of the whole.
  if (!context.quick && chosen.length === dimensions.length) await draw(rows)
  return rows
}

const draw = (rows: readonly Row[]): Promise<void> =>
  writeFile(new URL('../../docs/images/growth.svg', import.meta.url), growthChart(curvesOf(rows)))

/** A row per size, and the exponent of a power law through their medians. */
async function rowsOf(dimension: Dimension, context: Context, ground: Ground): Promise<readonly Row[]> {
  const { what, most } = dimension
  const sizes = context.quick ? endsOf(dimension.sizes) : dimension.sizes
  const costs: Row[] = []
  let quickly: Promise<number> | undefined
  const costAt = (size: number) => {
    if (!context.quick) return dimension.cost({ context, ground }, size)
    // As small for each size: measured once, where most differs from the least.
    quickly ??= dimension.cost({ context, ground }, sizes.at(-1) ?? size)
    return quickly
  }
  for (const size of sizes) {
    const name = `${what}: ${size.toLocaleString('en')}`
    const { cost } = await sample(context, name, async () => ({ cost: await costAt(size) }))
    costs.push({ what: name, unit: 'ms per job', samples: cost })
  }
  const points = costs.map(({ samples }, i) => ({ size: sizes[i] ?? 1, cost: median(samples) }))
  const exponent = exponentOf(points)
  return [...costs, { what: `${what}: exponent`, unit: '', samples: [exponent], goal: { most } }]
}

/** The least and the most: enough for an exponent. */
const endsOf = (sizes: readonly number[]): readonly number[] => [...sizes.slice(0, 1), ...sizes.slice(-1)]

const WIDTH = 40

/** Bars on a linear scale from zero, one per size: a cost that does not grow is a straight edge. */
function chart(rows: readonly Row[]): string {
  const wide = Math.max(...rows.map(({ what }) => what.length))
  const costs = rows.filter(({ unit }) => unit !== '')
  return rows
    .map((row) => {
      const value = median(row.samples)
      if (row.unit === '') return `${row.what.padEnd(wide)}  ${value.toFixed(2)}${limitOf(row, value)}\n`
      const [dimension] = row.what.split(':')
      const most = Math.max(...costs.filter(({ what }) => what.startsWith(`${dimension}:`)).map(costOf))
      return `${row.what.padEnd(wide)}  ${'█'.repeat(Math.max(1, Math.round((value / most) * WIDTH)))} ${figure(value)} ms`
    })
    .join('\n')
}

const costOf = ({ samples }: Row): number => median(samples)

function limitOf({ goal }: Row, value: number): string {
  const most = goal !== undefined && 'most' in goal ? goal.most : Number.POSITIVE_INFINITY
  return value <= most ? `, at most ${most}` : `, MORE THAN ${most}`
}

export const growthBench: Bench = {
  name: 'growth',
  about:
    'what a job of our worker costs as a queue grows; the exponent is 0 where the size costs nothing, 1 where twice the size costs twice as much; all of it draws docs/images/growth.svg',
  table: chart,
  run: growthRows,
}
