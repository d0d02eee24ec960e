export { Auditor, audit } from './auditor.ts'
export { type AuditReport, type AuditRule, auditRules, type Violation } from './violation.ts'
