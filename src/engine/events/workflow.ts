import * as z from 'zod'
import type { Json } from '../core/index.ts'
import { parseInput } from './invalid.ts'

/** All models for the whole run, or those of each step while it runs. */
export const holds = ['all', 'step'] as const
export type Hold = (typeof holds)[number]

/** One step: your program's own fields, and the model that it needs. */
export interface WorkflowStep {
  readonly name?: string | undefined
  readonly default_model?: string | null | undefined
  readonly [field: string]: unknown
}

/** The state of a workflow: how far it has come, and what its steps returned. */
export interface WorkflowState {
  /** The number of the unfinished step, from 0. */
  readonly step: number
  readonly results: readonly Json[]
}

const step = z.looseObject({ name: z.string().optional(), default_model: z.string().nullish() })
const config = z.looseObject({
  steps: z.array(step, { error: 'must be a list of steps' }).min(1, 'must have at least one step').max(1_000),
})
const json = z
  .unknown()
  .optional()
  .transform((value) => (value ?? null) as Json)
  .default(null)
const state = z.object({ step: z.int().min(0), results: z.array(json) })

const plan = z.object({
  config,
  input: json,
  hold: z.enum(holds, { error: 'must be "all" or "step"' }).default('all'),
  /** The state of an earlier life: it goes on there. */
  state: state.default({ step: 0, results: [] }),
  approval: json,
})

/** The payload of a workflow's job. */
export interface WorkflowPlan {
  readonly config: { readonly steps: readonly WorkflowStep[]; readonly [field: string]: unknown }
  readonly input: Json
  readonly hold: Hold
  readonly state: WorkflowState
  readonly approval: Json
}

/** @throws InterlockError `invalid_input`, naming e.g. `workflow.config.steps` */
export const parseWorkflow = (value: unknown): WorkflowPlan => parseInput(plan, value, 'workflow')

/** A checkpoint; null if there is none. @throws InterlockError `invalid_input` */
export const parseWorkflowState = (value: unknown): WorkflowState | null =>
  value === null || value === undefined ? null : parseInput(state, value, 'checkpoint')

const outcome = z.object({
  status: z.enum(['completed', 'awaiting_approval']),
  step: z.int().min(0),
  results: z.array(json),
})
export type WorkflowOutcome = z.infer<typeof outcome>

/** The result of a workflow's job; null if it is no such result. */
export function workflowOutcome(value: unknown): WorkflowOutcome | null {
  const parsed = outcome.safeParse(value)
  return parsed.success ? parsed.data : null
}
