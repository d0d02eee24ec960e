/** The part of a workflow's configuration that names its models. */
export interface WorkflowConfig {
  readonly steps?: readonly {
    readonly name?: string | undefined
    readonly default_model?: string | null | undefined
  }[]
}

export interface WorkflowModels {
  /** In the order of the steps, without duplicates. */
  readonly models: readonly string[]
  /** The steps that name no model: by name, or by number from 1. */
  readonly missing: readonly string[]
}

/** The models of all steps (`steps[].default_model`), and which steps lack one. */
export function workflowModels(config: WorkflowConfig): WorkflowModels {
  const models = new Set<string>()
  const missing: string[] = []
  for (const [i, step] of (config.steps ?? []).entries()) {
    if (step.default_model) models.add(step.default_model)
    else missing.push(step.name ?? `step ${i + 1}`)
  }
  return { models: [...models], missing }
}
