import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as z from 'zod'
import { invalidInput, nearestOf } from '../core/index.ts'
import type { AnyKinds, KindSchemas, KindTypes, KnownKinds, QueueContract } from './contract.ts'
import { hasFields, optionsSchema, parseInput, pathText } from './invalid.ts'
import type { EnqueueInput } from './job-input.ts'
import { lazily } from './lazily.ts'
import { kindSchema, modelsSchema } from './names.ts'

/**
 * Says once what jobs of each kind are given and come to: as types, or by Standard Schemas (zod, valibot, arktype). Give it as `contract` to
 * `createCoordinator`, `getJobCoordinator`, `enqueueIn` or `testQueue`: then the compiler knows it wherever a job is put in line, run or read.
 * Schemas are asked at run time, too.
 * @throws InterlockError `invalid_input`
 * @example
 * const queue = defineQueue<{ resize: { payload: { width: number }; result: { path: string } } }>()
 * const checked = defineQueue({ resize: { payload: z.object({ width: z.number() }), models: ['sharp'] } })
 */
export function defineQueue<
  Kinds extends { readonly [Kind in keyof Kinds]: KindTypes },
>(): QueueContract<Kinds>
export function defineQueue<const Kinds extends Readonly<Record<string, KindSchemas>>>(
  kinds: Kinds,
): QueueContract<Kinds>
export function defineQueue(schemas?: Readonly<Record<string, KindSchemas>>): QueueContract<AnyKinds> {
  if (schemas !== undefined) parseInput(kindsSchema(), schemas, 'kinds')
  return { schemas, kinds: undefined }
}

export const schemaSchema = z.custom<StandardSchemaV1>((value) => {
  const standard = (value as { readonly '~standard'?: { readonly validate?: unknown } } | null)?.['~standard']
  return typeof standard?.validate === 'function'
}, 'must be a Standard Schema (zod, valibot, arktype)')

const kindsError =
  'must be an object of kinds, such as { resize: { payload: z.object({ width: z.number() }) } }'
const kindsSchema = lazily(() => {
  const of = optionsSchema({
    payload: schemaSchema.optional(),
    result: schemaSchema.optional(),
    models: modelsSchema.optional(),
  })
  return z
    .custom<Readonly<Record<string, unknown>>>(hasFields, { error: kindsError })
    .superRefine((kinds, context) => {
      for (const [kind, schemas] of Object.entries(kinds)) {
        const issue = kindSchema.safeParse(kind).error?.issues[0] ?? of.safeParse(schemas).error?.issues[0]
        if (issue !== undefined)
          context.addIssue({ code: 'custom', path: [kind, ...issue.path], message: issue.message })
      }
    })
})

/** For options: a contract, or none. */
export const contractSchema = z
  .custom<KnownKinds>((value) => typeof value === 'object' && value !== null && 'schemas' in value, {
    error: 'must be what defineQueue(…) returns',
  })
  .optional()

/** What a schema makes of a value, or what is wrong with it. Never rejects, whatever the schema does. */
export async function standardOf(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
  root: string,
): Promise<{ readonly value: unknown } | { readonly fault: unknown }> {
  if (schema === undefined) return { value }
  try {
    const result = await schema['~standard'].validate(value)
    if (result.issues === undefined) return { value: result.value }
    const [issue] = result.issues
    const keys = issue?.path?.map((part) => (typeof part === 'object' ? part.key : part)) ?? []
    return { fault: new Error(`${pathText(root, keys)}: ${issue?.message ?? 'is not valid'}`) }
  } catch (fault) {
    return { fault }
  }
}

type Checked = Pick<EnqueueInput, 'jobType' | 'kind' | 'payload'>

/**
 * Checks what is put in line by the schemas of its kind; what is only typed is not asked. What a schema makes of a payload, its handler gets.
 * A workflow of the manager has a kind of its own.
 * @throws InterlockError `invalid_input`, naming the payload and the kind
 */
export async function checkKind(
  { schemas }: KnownKinds,
  { jobType = 'normal', kind = jobType, payload = null }: Checked,
  root: string,
): Promise<void> {
  if (schemas === undefined || typeof kind !== 'string') return
  const own = Object.hasOwn(schemas, kind) ? schemas[kind] : undefined
  if (own === undefined) {
    if (jobType !== 'workflow') throw noSuchKind(kind, Object.keys(schemas), root)
    return
  }
  const path = root === '' ? 'payload' : `${root}.payload`
  if (own.payload === undefined) {
    if (payload === null) return
    throw invalidInput(`${path}: the kind ${kind} takes none; leave it out, or give the kind a schema`, path)
  }
  const checked = await standardOf(own.payload, payload, path)
  if (!('fault' in checked)) return
  const { fault } = checked
  throw invalidInput(`${fault instanceof Error ? fault.message : fault} (kind ${kind})`, path)
}

function noSuchKind(kind: string, kinds: readonly string[], root: string) {
  const near = nearestOf(kind, kinds)
  const meant = near === null ? `the kinds are ${kinds.join(', ')}` : `did you mean ${near}?`
  const path = root === '' ? 'kind' : `${root}.kind`
  return invalidInput(`${path}: the contract has no kind ${JSON.stringify(kind)}; ${meant}`, path)
}

/** The same for the jobs of a call. @throws InterlockError `invalid_input` */
export async function checkKinds(contract: KnownKinds | undefined, jobs: readonly unknown[]): Promise<void> {
  if (contract?.schemas === undefined) return
  for (const [at, job] of jobs.entries())
    if (hasFields(job)) await checkKind(contract, job as Checked, `jobs[${at}]`)
}

/** The same for the jobs of schedules. @throws InterlockError `invalid_input` */
export async function checkScheduled(contract: KnownKinds | undefined, schedules: unknown): Promise<void> {
  if (contract?.schemas === undefined || !Array.isArray(schedules)) return
  for (const [at, schedule] of schedules.entries()) {
    const job: unknown = hasFields(schedule) ? schedule.job : undefined
    if (hasFields(job)) await checkKind(contract, job as Checked, `schedules[${at}].job`)
  }
}
