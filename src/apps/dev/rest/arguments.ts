import type { Argument, Catalog, FunctionEntry } from './catalog.ts'
import { leftOut, RestFailure } from './failure.ts'
import { bodyType, jsonBody, type RestRequest, refusedType } from './request.ts'
import { mostSimilar } from './similar.ts'
import { quoted, type Values } from './sql.ts'
import { isReserved } from './supported.ts'

/** The arguments of a call: by name, or one value for a function with a single unnamed argument. */
export type Given =
  | {
      readonly kind: 'named'
      readonly names: readonly string[]
      readonly json: string
      readonly viaBody: boolean
      /** True for a list of objects; the first one counts. */
      readonly isList: boolean
    }
  | { readonly kind: 'whole'; readonly type: 'text' | 'xml'; readonly text: string }

/** @throws RestFailure PGRST102 if the body is not JSON, or is of another type */
export function givenArguments(request: RestRequest): Given {
  if (request.method !== 'POST')
    return named(single([...request.query].filter(([name]) => !isReserved(name))), false)
  const type = bodyType(request)
  switch (type) {
    case 'text/plain':
      return { kind: 'whole', type: 'text', text: request.body }
    case 'text/xml':
      return { kind: 'whole', type: 'xml', text: request.body }
    case 'application/x-www-form-urlencoded':
      return named(single([...new URLSearchParams(request.body)]), true)
    case 'application/json': {
      const { text, keys, isList } = jsonBody(request.body === '' ? '{}' : request.body)
      return { kind: 'named', names: keys, json: text, viaBody: true, isList }
    }
    default:
      return refusedType(request, type)
  }
}

/** @throws RestFailure 501 for an argument that is given twice; PostgREST makes a list of it if the function is variadic */
function single(args: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const twice = args.find(([name], at) => args.findIndex(([other]) => other === name) < at)
  if (twice) throw leftOut(`argument "${twice[0]}" that is given more than once`)
  return Object.fromEntries(args)
}

const named = (args: Readonly<Record<string, string>>, viaBody: boolean): Given => ({
  kind: 'named',
  names: Object.keys(args),
  json: JSON.stringify(args),
  viaBody,
  isList: false,
})

/**
 * Finds a function by the exact set of its argument names; those with a default may be missing.
 *
 * @throws RestFailure PGRST202 if there is none, PGRST203 if several differ only in their types
 */
export function chooseFunction(catalog: Catalog, schema: string, name: string, given: Given): FunctionEntry {
  const namesakes = catalog.functions.filter((entry) => entry.schema === schema && entry.name === name)
  const exact = namesakes.filter((entry) => takes(entry, given))
  const fitting = exact.length > 0 ? exact : namesakes.filter((entry) => takesWhole(entry, given))
  const [chosen, another] = fitting
  if (chosen === undefined) throw notFound(catalog, schema, name, given, namesakes)
  if (another === undefined) return chosen
  const candidates = fitting.map(
    (entry) => `${schema}.${name}(${entry.args.map(({ name, type }) => `${name} => ${type}`).join(', ')})`,
  )
  throw new RestFailure(300, {
    code: 'PGRST203',
    message: `Could not choose the best candidate function between: ${candidates.join(', ')}`,
    hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
  })
}

function takes({ args }: FunctionEntry, given: Given): boolean {
  if (given.kind === 'whole') return args.length === 1 && args[0]?.name === '' && args[0].type === given.type
  const known = new Set(args.map(({ name }) => name))
  return (
    given.names.every((name) => known.has(name)) &&
    args.every(({ name, optional }) => name !== '' && (optional || given.names.includes(name)))
  )
}

const takesWhole = ({ args }: FunctionEntry, given: Given): boolean =>
  given.kind === 'named' &&
  given.viaBody &&
  args.length === 1 &&
  args[0]?.name === '' &&
  /^jsonb?$/.test(args[0].type)

function notFound(
  catalog: Catalog,
  schema: string,
  name: string,
  given: Given,
  namesakes: readonly FunctionEntry[],
): RestFailure {
  const full = `${schema}.${name}`
  if (given.kind === 'whole') {
    return failure(full, `with a single unnamed ${given.type} parameter`, full, null)
  }
  const names = [...given.names].sort()
  const none = names.length === 0
  const searched = none
    ? 'without parameters'
    : `with parameter${names.length === 1 ? '' : 's'} ${names.join(', ')}`
  const or = given.viaBody ? ' or with a single unnamed json/jsonb parameter' : ''
  const text = none ? `${full} without parameters` : `${full}(${names.join(', ')})`
  return failure(full, `${searched}${or}`, text, hintFor(catalog, schema, name, names, namesakes))
}

function failure(full: string, searched: string, text: string, hint: string | null): RestFailure {
  return new RestFailure(404, {
    code: 'PGRST202',
    message: `Could not find the function ${text} in the schema cache`,
    details: `Searched for the function ${full} ${searched}, but no matches were found in the schema cache.`,
    hint,
  })
}

function hintFor(
  catalog: Catalog,
  schema: string,
  name: string,
  names: readonly string[],
  namesakes: readonly FunctionEntry[],
): string | null {
  const perhaps = (text: string | null) =>
    text === null ? null : `Perhaps you meant to call the function ${schema}.${text}`
  if (namesakes.length > 0) {
    const lists = namesakes.map(({ args }) =>
      args
        .map((each) => each.name)
        .sort()
        .join(', '),
    )
    const list = mostSimilar(names.join(', '), lists)
    return perhaps(list === null ? null : `${name}(${list})`)
  }
  return perhaps(
    mostSimilar(
      name,
      catalog.functions.filter((entry) => entry.schema === schema).map((entry) => entry.name),
    ),
  )
}

/** The call as a FROM item. It reads the arguments from one JSON value, with the types that the function has. */
export function callSql(
  entry: FunctionEntry,
  given: Given,
  values: Values,
): { readonly with: string; readonly call: string } {
  const target = `${quoted(entry.schema)}.${quoted(entry.name)}`
  if (given.kind === 'whole') return { with: '', call: `${target}(${values.add(given.text)})` }
  const [only] = entry.args
  if (only?.name === '') return { with: '', call: `${target}(${values.add(given.json)}::${only.type})` }
  const used = entry.args.filter(({ name }) => given.names.includes(name))
  if (used.length === 0) return { with: '', call: `${target}()` }
  const reader = given.isList ? 'json_to_recordset' : 'json_to_record'
  const record = used.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ')
  return {
    with: `with args as (select * from ${reader}(${values.add(given.json)}::json) as _ (${record}) limit 1) `,
    call: `${target}(${used.map(argumentSql).join(', ')})`,
  }
}

const argumentSql = ({ name, variadic }: Argument): string =>
  `${variadic ? 'variadic ' : ''}${quoted(name)} => (select ${quoted(name)} from args)`
