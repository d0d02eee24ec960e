/**
 * The audit of a log (`interlock-queue/audit`): a sweep that proves from the log alone that no promise was broken, or shows which.
 * Shares no code with what decides. The sweep needs nothing of Node's: it runs in a browser as well.
 * @example
 * import { auditLog } from 'interlock-queue/audit'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const { violations, overlaps } = await auditLog({ store: pgliteStore('./.interlock') })
 * @module
 */
export { auditLog } from './audit-log.ts'
export { Auditor, audit } from './auditor.ts'
export { statementMarkdown } from './markdown.ts'
export { Audit, type Statement } from './statement.ts'
export type { Holder, ModelUse, Overlap } from './use.ts'
export { type AuditReport, type AuditRule, auditRules, type Violation } from './violation.ts'
