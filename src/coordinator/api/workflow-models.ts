import { errorText, type Logger } from '../base/logger.ts'

/** The part of a workflow's configuration that names its models. */
export interface WorkflowConfig {
  readonly steps?: readonly {
    readonly name?: string | undefined
    readonly default_model?: string | null | undefined
  }[]
}

/** The models of all steps (`steps[].default_model`), in order, without duplicates; warns and names the steps that lack one. */
export function workflowModels({ steps = [] }: WorkflowConfig, logger: Logger): readonly string[] {
  const models = new Set<string>()
  const missing: string[] = []
  for (const [i, step] of steps.entries()) {
    if (step.default_model) models.add(step.default_model)
    else missing.push(step.name ?? `step ${i + 1}`)
  }
  if (missing.length > 0) logger.warn(`[COORDINATOR] No default_model in: ${errorText(missing.join(', '))}`)
  return [...models]
}
