/**
 * The audit of a log (`interlock-queue/audit`). It proves from the log alone that no promise was broken, or shows which one
 * was. It shares no code with what decides, and needs nothing of Node: it runs in a browser too.
 * @example
 * import { auditLog } from 'interlock-queue/audit'
 * import { pgliteStore } from 'interlock-queue/pglite'
 *
 * const { violations, overlaps } = await auditLog({ store: pgliteStore('./.interlock') })
 * @module
 */

export { Auditor, audit } from './auditor.ts'
export { statementMarkdown } from './markdown.ts'
export { Audit, auditLog, type Statement } from './statement.ts'
export type { AuditOptions } from './stretch.ts'
export type { Holder, ModelUse, Overlap } from './use.ts'
export { type AuditReport, type AuditRule, auditRules, type Violation } from './violation.ts'
