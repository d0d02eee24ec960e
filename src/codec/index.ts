export { decodeEvent, decodeEvents } from './decode-event.ts'
export { encodeEvent } from './encode-event.ts'
export { errorData, messageOf } from './error-data.ts'
export { parseNote, parseResult } from './json.ts'
export { parseJobId, parseJobType, parseModels, parseQueue, parseSeq } from './names.ts'
export { parseModel, parsePause } from './pause.ts'
export { type PolicyInput, parsePolicy, policySchema } from './policy.ts'
export { type ParsedRequest, parseRequest } from './request.ts'
export { decodeSnapshot } from './snapshot.ts'
export { decodeSnapshotHead, decodeSnapshotLine, type SnapshotHead } from './snapshot-lines.ts'
export { type EnqueueInput, parseJob, parseJobs, parseSpec, parseTime } from './spec.ts'
export { SCHEMA_VERSION } from './wire.ts'
export {
  type Hold,
  parseWorkflow,
  parseWorkflowState,
  type WorkflowPlan,
  type WorkflowState,
  type WorkflowStep,
  workflowOutcome,
} from './workflow.ts'
