import { describe, expect, it } from 'vitest'
import { lines } from '../../../src/apps/cli/chart/index.ts'

const marks = ['08:00', '10:00', '12:00', '14:00']
const seriesOf = (...names: readonly string[]) => names.map((name) => ({ name, values: [1, 2, 3] }))
/** Where each text stands. */
const texts = (body: string) =>
  [...body.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<\/text>/g)].map(([, x, y, text]) => ({
    ...{ x: Number(x), y: Number(y), text },
  }))

describe('lines of a drawing', () => {
  it('have what is said of the time at equal distances, with a stroke at each', () => {
    const { body } = lines('Jobs', seriesOf('waiting'), marks)
    const places = texts(body).filter(({ text }) => marks.includes(text ?? ''))
    expect(places.map(({ text }) => text)).toEqual(marks)
    const [first = 0, second = 0, third = 0, last = 0] = places.map(({ x }) => x)
    expect([second - first, third - second, last - third].map((apart) => Math.round(apart))).toEqual([
      209, 209, 209,
    ])
    const strokes = [...body.matchAll(/<line class="axis" x1="([\d.]+)" x2="\1" y1="110" y2="114"\/>/g)]
    expect(strokes.map(([, x]) => Number(x))).toEqual(places.map(({ x }) => x))
  })

  it('have short names at their left, and long ones whole below them', () => {
    const short = lines('Jobs', seriesOf('waiting', 'active'), marks)
    expect(texts(short.body).find(({ text }) => text === 'active')).toMatchObject({ x: 28 })
    const name = 'flux-dev=2,by-model,overtakes=16'
    const long = lines('Jobs', seriesOf('what happened', name), marks)
    const place = texts(long.body).find(({ text }) => text === name)
    expect(place?.y).toBeGreaterThan(126)
    expect(place?.y).toBeLessThan(long.height)
    expect(long.height).toBeGreaterThan(short.height)
  })
})
