/** The page of the documents, against the documents: every field that a command prints stands there, and no other. */
import { beforeAll, describe, expect, it } from 'vitest'
import { createCoordinator } from '../../../src/engine/coordinator/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { documentOf, emptyQueue, tamper, worked } from '../cli/history.ts'
import { interlock } from '../cli/support.ts'
import { pageOf } from './markdown.ts'

const { text } = pageOf('docs/reference/json.md')

interface Row {
  readonly fields: readonly string[]
  /** The shape that each field has, by the anchor of its section. */
  readonly shape: string | undefined
  /** The section that tells of the fields. */
  readonly asIn: string | undefined
  /** Fields that are written out in the second column: `{ a, b }`. */
  readonly inside: readonly string[]
  /** They come only with a flag. */
  readonly isSometimes: boolean
}

/** The rows under each heading of the third level. */
const sections = new Map(
  text.split(/^### /m).map((part): [string, readonly Row[]] => {
    const rows = part.split('\n').flatMap((line): Row[] => {
      const [, first = '', second = ''] = /^\| (`.*?) \| (.*) \|$/.exec(line) ?? []
      if (first === '') return []
      const inside = /^`\{ ([^}]*) \}`/.exec(second)?.[1]?.split(', ') ?? []
      const shape = /^\[(a [a-z]+|an event)\]/.exec(second)?.[1]
      const asIn = /^as in \[([^\]]+)\]/.exec(second)?.[1]
      const fields = [...first.matchAll(/`([^`]+)`/g)].map(([, field = '']) => field)
      return [{ fields, shape, asIn, inside, isSometimes: second.startsWith('with ') }]
    })
    return [part.slice(0, part.indexOf('\n')), rows]
  }),
)

/** Shapes that seldom have all of their fields. */
const loose = ['an event', 'a policy', 'a spec']

/** Every path that a section tells of; `*` at its end: whatever is inside is told elsewhere. */
const told = (name: string): readonly string[] => toldBy(sections.get(name) ?? [])

function toldBy(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ fields, shape, asIn, inside }) =>
    fields.flatMap((field) => {
      if (loose.includes(shape ?? asIn ?? '')) return [`${field}*`]
      if (asIn !== undefined) return told(asIn).filter((path) => isInside(path, field) || path === field)
      if (shape !== undefined) return told(shape).map((path) => `${field}.${path}`)
      if (inside.length > 0) return inside.map((path) => `${field}.${path}`)
      return [field.endsWith('{}') ? `${field.slice(0, -2)}*` : field]
    }),
  )
}

/** Where the values of a document stand; a list or an object with nothing in it stands for what could be in it. */
function leaves(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${at}[]`] : value.flatMap((each) => leaves(each, `${at}[]`))
  const entries = value !== null && typeof value === 'object' ? Object.entries(value) : []
  if (entries.length === 0) return [at]
  return entries.flatMap(([key, inside]) => leaves(inside, at === '' ? key : `${at}.${key}`))
}

const covers = (path: string, leaf: string): boolean =>
  path.endsWith('*') ? leaf.startsWith(path.slice(0, -1)) : path === leaf || isInside(path, leaf)

/** What could be in something that is null or empty here. */
const isInside = (path: string, leaf: string): boolean =>
  ['.', '[', '*'].some((next) => path.startsWith(leaf + next)) || path.replace(/\*$/, '') === leaf

/** What tables of the user's alone bring about. */
const ofTables = /^(?:passedOver|found)\b/

/** Where a value is of no fixed form. */
const anything = [
  ...['[].spec', '[].error', 'data.payload', 'data.error', 'differences[].stored', 'differences[].folded'],
]

const commands: readonly (readonly [section: string, words: readonly string[], code?: number])[] = [
  ['policy', ['policy', 'set', '--rate', 'm=100/1', '--capacity', 'p=2', '--hold', 'p=1', '--spacing', '1']],
  ['policy', ['policy', 'set', '--capacity', 'g=g:0,g:1', '--units', 'g:0=vram:2']],
  ['policy', ['policy', 'set', '--models', 'm', '--models', 'p=2']],
  [
    'policy',
    ['policy', 'set', '--warm-passed', '1', '--warm-seconds', '1', '--uses', 'r=9/1', '--tier', 't=2/1'],
  ],
  ['policy', ['policy', 'set', '--overtakes', '9', '--weight', 'a=2']],
  ['status', ['status']],
  ['queue', ['queue']],
  ['policy', ['policy']],
  ['jobs', ['jobs', '--state', 'waiting', '--state', 'dead']],
  ['explain', ['explain', 'later']],
  ['explain', ['explain', 'a']],
  ['explain', ['explain', 'double']],
  ['explain', ['explain', 'dead', '--data']],
  ['log', ['log']],
  ['dead', ['dead']],
  ['replay', ['replay']],
  ['replay', ['replay', '--to', '7']],
  ['verify', ['verify'], 3],
  ['audit', ['audit']],
  ['chain', ['chain']],
  ['doctor', ['doctor'], 3],
  ['stats', ['stats']],
  ['what-if', ['what-if']],
  ['recover', ['recover']],
  ['snapshot', ['snapshot']],
  ['rebuild', ['rebuild']],
  ['archive', ['archive', '--before', '3']],
  ['move', ['move', 'last', '--before', 'later']],
  ['move', ['move', 'last', '--priority', '0']],
  ['retry', ['retry', 'dead']],
  ['enqueue', ['enqueue', '--job', 'more', '--models', 'm']],
  ['cancel', ['cancel', 'more']],
  ['many', ['move', '--model', 'm', '--priority', '0', '--yes']],
  ['pause', ['pause', 'm', '--for', '1h']],
  ['resume', ['resume', 'm']],
  ['drain', ['drain']],
  ['resume', ['resume']],
  ['adopt', ['adopt']],
  ['migrate', ['migrate', '--again']],
  ['migrate', ['migrate', '--print']],
  ['dead', ['dead', '--all', '--drop']],
]

async function oneDead(url: string): Promise<void> {
  const store = postgresStore(url)
  const coordinator = await createCoordinator({ store })
  await coordinator.enqueue([{ jobId: 'dead', models: [], payload: { of: 'it' } }])
  const [claimed] = await coordinator.claim({ max: 1, kinds: null })
  if (claimed !== undefined)
    await coordinator.fail(claimed.lease, { retryAt: null, error: { message: 'no' } })
  await coordinator.close()
  await store.close()
}

const keyed = ['--dedupe-key', 'k', '--dedupe-while', 'live']

describe('the page of the documents that --json prints', () => {
  const documents = new Map<string, unknown[]>()

  beforeAll(async () => {
    const url = await emptyQueue()
    await documentOf(url, ['chain', '--start'])
    documents.set('run', [await worked(url, ['a,m,0.1', 'b,m;n,0.1', 'c,o,0.1'])])
    await oneDead(url)
    await documentOf(url, ['enqueue', '--job', 'later', '--models', 'm', ...keyed])
    await documentOf(url, ['enqueue', '--job', 'double', '--models', 'm', ...keyed])
    await documentOf(url, ['enqueue', '--job', 'last', '--models', 'm'])
    await documentOf(url, ['pause', 'kling'])
    await tamper(url, "update job_queue_jobs set priority = 7 where job_id = 'last'")
    for (const [section, words, code] of commands) {
      const spoken = await interlock([...words, '--json', '--url', url])
      expect({ words, code: spoken.code, stderr: spoken.stderr }).toMatchObject({ words, code: code ?? 0 })
      documents.set(section, [...(documents.get(section) ?? []), JSON.parse(spoken.stdout)])
    }
  })

  it.each(['run', ...new Set(commands.map(([section]) => section))])(
    'tells every field of %s, and none that is not there',
    (section) => {
      const rows = sections.get(section) ?? []
      const paths = toldBy(rows)
      const all = [...new Set((documents.get(section) ?? []).flatMap((document) => leaves(document)))]
      expect(paths.length).toBeGreaterThan(0)
      const untold = all.filter(
        (leaf) =>
          !anything.some((free) => leaf.startsWith(free)) && !paths.some((path) => covers(path, leaf)),
      )
      const notThere = toldBy(rows.filter(({ isSometimes }) => !isSometimes)).filter(
        (path) =>
          !ofTables.test(path) && !all.some((leaf) => covers(path, leaf) || leaf.startsWith(`${path}.`)),
      )
      expect({ untold, notThere }).toEqual({ untold: [], notThere: [] })
    },
  )
})
